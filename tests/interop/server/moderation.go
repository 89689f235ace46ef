//go:build !original

package main

import (
	"context"

	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/usermicro"
	"interop/kitex_gen/videomicro"
)

// The stand-ins keep neither blocks nor reports, and hide nothing: none of the tests needs them to.

func (r *relationStore) BlockMethod(
	_ context.Context, _ *relationmicro.BlockReq,
) (*relationmicro.BlockResp, error) {
	return &relationmicro.BlockResp{StatusCode: 1}, nil
}

func (r *relationStore) GetBlockedMethod(
	_ context.Context, _ *relationmicro.GetBlockedReq,
) (*relationmicro.GetBlockedResp, error) {
	end := int64(0)
	return &relationmicro.GetBlockedResp{StatusCode: 1, UserIds: []int64{}, NextCursor: &end}, nil
}

func (u *userStore) ReportMethod(
	_ context.Context, _ *usermicro.ReportReq,
) (*usermicro.ReportResp, error) {
	return &usermicro.ReportResp{Status: true}, nil
}

func (u *userStore) GetReportsMethod(
	_ context.Context, _ *usermicro.GetReportsReq,
) (*usermicro.GetReportsResp, error) {
	end := int64(0)
	return &usermicro.GetReportsResp{Status: true, Reports: []*usermicro.Report{}, NextCursor: &end}, nil
}

func (u *userStore) HideUserMethod(
	_ context.Context, request *usermicro.HideUserReq,
) (*usermicro.HideUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	return &usermicro.HideUserResp{Status: u.byID(request.Id) != nil}, nil
}

func (v *videoStore) HideVideoMethod(
	_ context.Context, request *videomicro.HideVideoReq,
) (*videomicro.HideVideoResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	return &videomicro.HideVideoResp{Status: v.byID(request.VideoId) != nil}, nil
}
