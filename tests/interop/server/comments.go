package main

import (
	"context"
	"sync"
	"time"

	"interop/kitex_gen/commentmicro"
)

type commentStore struct {
	lock     sync.Mutex
	comments []*commentmicro.Comment // nil: deleted
	videos   []int64
}

func newComments() *commentStore { return &commentStore{} }

func (c *commentStore) CommentMethod(
	_ context.Context, request *commentmicro.CommentReq,
) (*commentmicro.CommentResp, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if request.ActionType == 1 && request.CommentText != nil {
		comment := &commentmicro.Comment{
			Id: int64(len(c.comments) + 1), User: &commentmicro.User{Id: request.UserId},
			Content: *request.CommentText, CreateDate: time.Now().Format("01-02"),
		}
		c.comments = append(c.comments, comment)
		c.videos = append(c.videos, request.VideoId)
		return &commentmicro.CommentResp{StatusCode: 0, Comment: comment}, nil
	}
	if request.CommentId == nil || *request.CommentId < 1 || *request.CommentId > int64(len(c.comments)) ||
		c.comments[*request.CommentId-1] == nil {
		return &commentmicro.CommentResp{StatusCode: 10007, StatusMsg: "评论不存在"}, nil
	}
	c.comments[*request.CommentId-1] = nil
	return &commentmicro.CommentResp{StatusCode: 0}, nil
}

func (c *commentStore) CommentListMethod(
	_ context.Context, request *commentmicro.CommentListReq,
) (*commentmicro.CommentListResp, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	answer := &commentmicro.CommentListResp{CommentList: []*commentmicro.Comment{}}
	for at := len(c.comments) - 1; at >= 0; at-- {
		if c.comments[at] != nil && c.videos[at] == request.VideoId {
			answer.CommentList = append(answer.CommentList, c.comments[at])
		}
	}
	return answer, nil
}

func (c *commentStore) VideosCommentCountMethod(
	_ context.Context, request *commentmicro.VideosCommentCountReq,
) (*commentmicro.VideosCommentCountResp, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	counts := map[int64]int64{}
	for _, id := range request.VideoIdList {
		counts[id] = 0
		for at, video := range c.videos {
			if video == id && c.comments[at] != nil {
				counts[id]++
			}
		}
	}
	return &commentmicro.VideosCommentCountResp{
		BaseResp: &commentmicro.BaseResp{StatusCode: 0}, CommentCountMap: counts,
	}, nil
}
