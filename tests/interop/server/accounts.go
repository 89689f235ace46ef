//go:build !original

package main

import (
	"context"

	"interop/kitex_gen/usermicro"
)

// Numbers of idl/errors.thrift.
var notFound, unauthorized int32 = 10007, 10004

func (u *userStore) EditUserMethod(
	_ context.Context, request *usermicro.EditUserReq,
) (*usermicro.EditUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	user := u.byID(request.Id)
	if user == nil {
		return &usermicro.EditUserResp{StatusCode: &notFound}, nil
	}
	if request.Name != nil {
		user.Name = *request.Name
	}
	if request.Signature != nil {
		user.Signature = *request.Signature
	}
	return &usermicro.EditUserResp{Status: true, Replaced: []string{}}, nil
}

func (u *userStore) ChangePasswordMethod(
	_ context.Context, request *usermicro.ChangePasswordReq,
) (*usermicro.EndSessionsResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.passwords[request.Id] != request.OldPassword {
		return &usermicro.EndSessionsResp{StatusCode: &unauthorized}, nil
	}
	u.passwords[request.Id] = request.Password
	return &usermicro.EndSessionsResp{Status: true}, nil
}

func (u *userStore) EndSessionsMethod(
	_ context.Context, request *usermicro.EndSessionsReq,
) (*usermicro.EndSessionsResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.byID(request.Id) == nil {
		return &usermicro.EndSessionsResp{StatusCode: &notFound}, nil
	}
	return &usermicro.EndSessionsResp{Status: true}, nil
}

func (u *userStore) GetEndedSessionsMethod(
	_ context.Context, _ *usermicro.GetEndedSessionsReq,
) (*usermicro.GetEndedSessionsResp, error) {
	return &usermicro.GetEndedSessionsResp{Status: true}, nil
}
