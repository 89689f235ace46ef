package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"interop/kitex_gen/relationmicro"
)

type relationStore struct {
	lock     sync.Mutex
	edges    [][2]int64 // follower, followed; oldest first
	messages []*relationmicro.Message
	last     int64
}

func newRelations() *relationStore { return &relationStore{} }

func (r *relationStore) follows(one, other int64) bool {
	for _, edge := range r.edges {
		if edge == [2]int64{one, other} {
			return true
		}
	}
	return false
}

func (r *relationStore) info(viewer *int64, id int64) *relationmicro.FollowInfo {
	known := &relationmicro.FollowInfo{IsFollow: viewer != nil && r.follows(*viewer, id)}
	for _, edge := range r.edges {
		if edge[0] == id {
			known.FollowCount++
		}
		if edge[1] == id {
			known.FollowerCount++
		}
	}
	return known
}

// users gives the other ends of edges for which keep says so, newest first.
func (r *relationStore) users(viewer *int64, end int, keep func([2]int64) bool) []*relationmicro.User {
	list := []*relationmicro.User{}
	for at := len(r.edges) - 1; at >= 0; at-- {
		if edge := r.edges[at]; keep(edge) {
			id := edge[end]
			list = append(list, &relationmicro.User{
				Id: id, Name: "", IsFollow: viewer != nil && r.follows(*viewer, id),
			})
		}
	}
	return list
}

func (r *relationStore) FollowMethod(
	_ context.Context, request *relationmicro.FollowReq,
) (*relationmicro.FollowResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	edge := [2]int64{request.MyUid, request.TargetUid}
	kept := [][2]int64{}
	for _, each := range r.edges {
		if each != edge {
			kept = append(kept, each)
		}
	}
	if request.ActionType == 1 {
		kept = append(kept, edge)
	}
	r.edges = kept
	text := "success"
	return &relationmicro.FollowResp{StatusCode: 1, Msg: &text}, nil
}

func (r *relationStore) GetFollowInfoMethod(
	_ context.Context, request *relationmicro.GetFollowInfoReq,
) (*relationmicro.GetFollowInfoResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	info := r.info(request.MyUid, request.TargetUid)
	return &relationmicro.GetFollowInfoResp{StatusCode: 1, FollowInfo: info}, nil
}

func (r *relationStore) GetFollowListMethod(
	_ context.Context, request *relationmicro.GetFollowListReq,
) (*relationmicro.GetFollowListResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	list := r.users(request.MyId, 1, func(edge [2]int64) bool { return edge[0] == request.TargetId })
	return &relationmicro.GetFollowListResp{StatusCode: 1, UserList: list}, nil
}

func (r *relationStore) GetFollowerListMethod(
	_ context.Context, request *relationmicro.GetFollowerListReq,
) (*relationmicro.GetFollowerListResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	list := r.users(request.MyId, 0, func(edge [2]int64) bool { return edge[1] == request.TargetId })
	return &relationmicro.GetFollowerListResp{StatusCode: 1, UserList: list}, nil
}

func (r *relationStore) GetFriendListMethod(
	_ context.Context, request *relationmicro.GetFriendListReq,
) (*relationmicro.GetFriendListResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	list := r.users(request.MyUid, 1, func(edge [2]int64) bool {
		return edge[0] == request.TargetUid && r.follows(edge[1], edge[0])
	})
	return &relationmicro.GetFriendListResp{StatusCode: 1, FriendList: list}, nil
}

func (r *relationStore) GetIsFollowsMethod(
	_ context.Context, request *relationmicro.GetIsFollowsReq,
) (*relationmicro.GetIsFollowsResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	known := map[int64]bool{}
	for _, id := range request.UserIds {
		known[id] = r.follows(request.MyUid, id)
	}
	return &relationmicro.GetIsFollowsResp{StatusCode: 1, IsFollowMap: known}, nil
}

func (r *relationStore) SendMessageMethod(
	_ context.Context, request *relationmicro.SendMessageReq,
) (*relationmicro.SendMessageResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	now := time.Now().UnixMilli()
	if now <= r.last {
		now = r.last + 1
	}
	r.last = now
	at := strconv.FormatInt(now, 10)
	r.messages = append(r.messages, &relationmicro.Message{
		Id: int64(len(r.messages) + 1), FromUserId: request.UserId, ToUserId: request.ToUserId,
		Content: request.Content, CreateTime: &at,
	})
	return &relationmicro.SendMessageResp{Status: true}, nil
}

func (r *relationStore) GetAllMessageMethod(
	_ context.Context, request *relationmicro.GetAllMessageReq,
) (*relationmicro.GetAllMessageResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	answer := &relationmicro.GetAllMessageResp{Status: true, Msg: []*relationmicro.Message{}}
	for _, message := range r.messages {
		out := message.FromUserId == request.UserId && message.ToUserId == request.ToUserId
		in := message.FromUserId == request.ToUserId && message.ToUserId == request.UserId
		if in || out {
			answer.Msg = append(answer.Msg, message)
		}
	}
	return answer, nil
}
