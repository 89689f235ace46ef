package main

import (
	"context"
	"sync"
	"time"

	"interop/kitex_gen/videomicro"
)

type videoStore struct {
	lock   sync.Mutex
	videos []*videomicro.Video // nil: deleted
	times  []int64
}

func newVideos() *videoStore { return &videoStore{} }

func (v *videoStore) byID(id int64) *videomicro.Video {
	if id < 1 || id > int64(len(v.videos)) {
		return nil
	}
	return v.videos[id-1]
}

// newest gives the videos for which keep says so, newest first.
func (v *videoStore) newest(keep func(int, *videomicro.Video) bool) []*videomicro.Video {
	kept := []*videomicro.Video{}
	for at := len(v.videos) - 1; at >= 0; at-- {
		if v.videos[at] != nil && keep(at, v.videos[at]) {
			kept = append(kept, v.videos[at])
		}
	}
	return kept
}

func (v *videoStore) CreateVideoMethod(
	_ context.Context, request *videomicro.CreateVideoReq,
) (*videomicro.CreateVideoResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	now := time.Now().UnixMilli()
	if last := len(v.times) - 1; last >= 0 && v.times[last] >= now {
		now = v.times[last] + 1
	}
	v.times = append(v.times, now)
	v.videos = append(v.videos, &videomicro.Video{
		Id: int64(len(v.videos) + 1), Title: request.Title, AuthorId: request.AuthorId,
		PlayUrl: request.PlayUrl, CoverUrl: request.CoverUrl,
	})
	return &videomicro.CreateVideoResp{Status: true}, nil
}

func (v *videoStore) GetVideoAuthorIdMethod(
	_ context.Context, request *videomicro.GetVideoAuthorIdReq,
) (*videomicro.GetVideoAuthorIdResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	if video := v.byID(request.Id); video != nil {
		return &videomicro.GetVideoAuthorIdResp{Status: true, AuthorId: video.AuthorId}, nil
	}
	return &videomicro.GetVideoAuthorIdResp{Status: false}, nil
}

func (v *videoStore) GetVideosByAuthorIdMethod(
	_ context.Context, request *videomicro.GetVideosByAuthorIdReq,
) (*videomicro.GetVideosByAuthorIdResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	list := v.newest(func(_ int, video *videomicro.Video) bool { return video.AuthorId == request.AuthorId })
	return &videomicro.GetVideosByAuthorIdResp{Status: true, VideoList: list}, nil
}

func (v *videoStore) GetVideosFeedMethod(
	_ context.Context, request *videomicro.GetVideosFeedReq,
) (*videomicro.GetVideosFeedResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	list := v.newest(func(at int, _ *videomicro.Video) bool { return v.times[at]*1e6 < request.LatestTime })
	if len(list) > int(request.Limit) {
		list = list[:request.Limit]
	}
	answer := &videomicro.GetVideosFeedResp{Status: true, VideoList: list}
	if len(list) > 0 {
		next := v.times[list[len(list)-1].Id-1] * 1e6
		answer.NextTime = &next
	}
	return answer, nil
}

func (v *videoStore) GetVideoSetByIdSetMethod(
	_ context.Context, request *videomicro.GetVideoSetByIdSetReq,
) (*videomicro.GetVideoSetByIdSetResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	answer := &videomicro.GetVideoSetByIdSetResp{Status: true}
	for _, id := range request.IdSet {
		if video := v.byID(id); video != nil {
			answer.VideoSet = append(answer.VideoSet, video)
		}
	}
	return answer, nil
}

func (v *videoStore) UpdateVideoMethod(
	_ context.Context, request *videomicro.UpdateVideoReq,
) (*videomicro.UpdateVideoResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	video := v.byID(request.Id)
	if video != nil && request.Title != nil {
		video.Title = *request.Title
	}
	return &videomicro.UpdateVideoResp{Status: video != nil}, nil
}

func (v *videoStore) DeleteVideoMethod(
	_ context.Context, request *videomicro.DeleteVideoReq,
) (*videomicro.DeleteVideoResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	known := v.byID(request.VideoId) != nil
	if known {
		v.videos[request.VideoId-1] = nil
	}
	return &videomicro.DeleteVideoResp{Status: known}, nil
}

func (v *videoStore) GetVideoCountSetByIdUserSetMethod(
	_ context.Context, request *videomicro.GetVideoCountSetByIdUserSetReq,
) (*videomicro.GetVideoCountSetByIdUserSetResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	counts := []*videomicro.VideoCount{}
	for _, id := range request.AuthorIdSet {
		list := v.newest(func(_ int, video *videomicro.Video) bool { return video.AuthorId == id })
		counts = append(counts, &videomicro.VideoCount{Id: id, Count: int64(len(list))})
	}
	return &videomicro.GetVideoCountSetByIdUserSetResp{Status: true, CountSet: counts}, nil
}
