//go:build !original

package main

import (
	"context"

	"interop/kitex_gen/videomicro"
)

// A stand-in publishes everything at once and has no renditions to make.

func (v *videoStore) CreatePendingVideoMethod(
	ctx context.Context, request *videomicro.CreatePendingVideoReq,
) (*videomicro.CreatePendingVideoResp, error) {
	made, err := v.CreateVideoMethod(ctx, &videomicro.CreateVideoReq{
		Title: request.Title, AuthorId: request.AuthorId, PlayUrl: request.PlayUrl, CoverUrl: request.CoverUrl,
	})
	if err != nil {
		return nil, err
	}
	return &videomicro.CreatePendingVideoResp{Status: true, VideoId: made.VideoId}, nil
}

func (v *videoStore) GetPendingVideosMethod(
	context.Context, *videomicro.GetPendingVideosReq,
) (*videomicro.GetPendingVideosResp, error) {
	return &videomicro.GetPendingVideosResp{Status: true, Videos: []*videomicro.PendingVideo{}}, nil
}

func (v *videoStore) ClaimRenditionMethod(
	context.Context, *videomicro.ClaimRenditionReq,
) (*videomicro.ClaimRenditionResp, error) {
	return &videomicro.ClaimRenditionResp{Status: true}, nil
}

func (v *videoStore) KeepRenditionMethod(
	context.Context, *videomicro.KeepRenditionReq,
) (*videomicro.KeepRenditionResp, error) {
	held := false
	return &videomicro.KeepRenditionResp{Status: true, Held: &held}, nil
}

func (v *videoStore) FinishRenditionMethod(
	context.Context, *videomicro.FinishRenditionReq,
) (*videomicro.FinishRenditionResp, error) {
	held := false
	return &videomicro.FinishRenditionResp{Status: true, Held: &held}, nil
}

func (v *videoStore) GetCoversMethod(
	context.Context, *videomicro.GetCoversReq,
) (*videomicro.GetCoversResp, error) {
	return &videomicro.GetCoversResp{StatusCode: &notFound}, nil
}

func (v *videoStore) ChooseCoverMethod(
	context.Context, *videomicro.ChooseCoverReq,
) (*videomicro.ChooseCoverResp, error) {
	return &videomicro.ChooseCoverResp{StatusCode: &notFound}, nil
}
