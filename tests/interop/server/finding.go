//go:build !original

package main

import (
	"context"
	"strings"

	"interop/kitex_gen/usermicro"
	"interop/kitex_gen/videomicro"
)

// The stand-ins look for the text as it is: none of the tests depends on more.

func (u *userStore) SearchUsersMethod(
	_ context.Context, request *usermicro.SearchUsersReq,
) (*usermicro.SearchUsersResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	end := int64(0)
	answer := &usermicro.SearchUsersResp{Status: true, Ids: []int64{}, NextCursor: &end}
	for _, user := range u.users {
		if strings.Contains(user.Name, request.Words) {
			answer.Ids = append(answer.Ids, user.Id)
		}
	}
	return answer, nil
}

// found gives the newest videos for which keep says so, as one page.
func (v *videoStore) found(keep func(*videomicro.Video) bool) *videomicro.VideoPageResp {
	v.lock.Lock()
	defer v.lock.Unlock()
	end := int64(0)
	columns := &videomicro.VideoColumns{
		Ids: []int64{}, Titles: []string{}, AuthorIds: []int64{}, PlayUrls: []string{}, CoverUrls: []string{},
	}
	for _, video := range v.newest(func(_ int, each *videomicro.Video) bool { return keep(each) }) {
		columns.Ids = append(columns.Ids, video.Id)
		columns.Titles = append(columns.Titles, video.Title)
		columns.AuthorIds = append(columns.AuthorIds, video.AuthorId)
		columns.PlayUrls = append(columns.PlayUrls, video.PlayUrl)
		columns.CoverUrls = append(columns.CoverUrls, video.CoverUrl)
	}
	return &videomicro.VideoPageResp{Status: true, Videos: columns, NextCursor: &end}
}

func (v *videoStore) SearchVideosMethod(
	_ context.Context, request *videomicro.SearchVideosReq,
) (*videomicro.VideoPageResp, error) {
	return v.found(func(each *videomicro.Video) bool { return strings.Contains(each.Title, request.Words) }), nil
}

func (v *videoStore) HashtagVideosMethod(
	_ context.Context, request *videomicro.HashtagVideosReq,
) (*videomicro.VideoPageResp, error) {
	tag := "#" + request.Hashtag
	return v.found(func(each *videomicro.Video) bool { return strings.Contains(each.Title, tag) }), nil
}

func (v *videoStore) VideosOfAuthorsMethod(
	_ context.Context, request *videomicro.VideosOfAuthorsReq,
) (*videomicro.VideoPageResp, error) {
	authors := map[int64]bool{}
	for _, author := range request.AuthorIds {
		authors[author] = true
	}
	return v.found(func(each *videomicro.Video) bool { return authors[each.AuthorId] }), nil
}

func (v *videoStore) SuggestHashtagsMethod(
	_ context.Context, _ *videomicro.SuggestHashtagsReq,
) (*videomicro.SuggestHashtagsResp, error) {
	return &videomicro.SuggestHashtagsResp{Status: true, Hashtags: []*videomicro.Hashtag{}}, nil
}

func (v *videoStore) LatestVideosMethod(
	_ context.Context, request *videomicro.LatestVideosReq,
) (*videomicro.LatestVideosResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	answer := &videomicro.LatestVideosResp{
		Status: true, Ids: []int64{}, AuthorIds: []int64{}, CreatedMs: []int64{},
	}
	for at := len(v.videos) - 1; at >= 0 && len(answer.Ids) < int(request.Limit); at-- {
		if video := v.videos[at]; video != nil {
			answer.Ids = append(answer.Ids, video.Id)
			answer.AuthorIds = append(answer.AuthorIds, video.AuthorId)
			answer.CreatedMs = append(answer.CreatedMs, v.times[at])
		}
	}
	return answer, nil
}
