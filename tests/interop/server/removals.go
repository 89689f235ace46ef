//go:build !original

package main

import (
	"context"

	"interop/kitex_gen/commentmicro"
	"interop/kitex_gen/favoritemicro"
	"interop/kitex_gen/videomicro"
)

// A stand-in removes a video at once, and nothing that hangs on it: no removal is ever due.

func (v *videoStore) RemoveVideoMethod(
	_ context.Context, request *videomicro.RemoveVideoReq,
) (*videomicro.RemoveVideoResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	video := v.byID(request.VideoId)
	if video == nil || video.AuthorId != request.AuthorId {
		return &videomicro.RemoveVideoResp{Status: false}, nil
	}
	v.videos[request.VideoId-1] = nil
	return &videomicro.RemoveVideoResp{Status: true}, nil
}

func (v *videoStore) ClaimRemovalMethod(
	context.Context, *videomicro.ClaimRemovalReq,
) (*videomicro.ClaimRemovalResp, error) {
	return &videomicro.ClaimRemovalResp{Status: true}, nil
}

func (v *videoStore) FinishRemovalMethod(
	context.Context, *videomicro.FinishRemovalReq,
) (*videomicro.FinishRemovalResp, error) {
	return &videomicro.FinishRemovalResp{Status: true}, nil
}

func (f *favoriteStore) ForgetVideoMethod(
	_ context.Context, request *favoritemicro.ForgetVideoReq,
) (*favoritemicro.ForgetVideoResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	kept := [][2]int64{}
	for _, edge := range f.edges {
		if edge[1] != request.VideoId {
			kept = append(kept, edge)
		}
	}
	f.edges = kept
	return &favoritemicro.ForgetVideoResp{BaseResp: fine()}, nil
}

func (c *commentStore) ForgetVideoMethod(
	_ context.Context, request *commentmicro.ForgetVideoReq,
) (*commentmicro.ForgetVideoResp, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	for at, video := range c.videos {
		if video == request.VideoId {
			c.comments[at] = nil
		}
	}
	return &commentmicro.ForgetVideoResp{BaseResp: &commentmicro.BaseResp{StatusCode: 0}}, nil
}
