package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cloudwego/kitex/pkg/kerrors"

	"interop/kitex_gen/usermicro"
)

type userStore struct {
	lock      sync.Mutex
	users     []*usermicro.UserInfo
	passwords map[int64]string
}

func newUsers() *userStore { return &userStore{passwords: map[int64]string{}} }

func (u *userStore) byName(name string) *usermicro.UserInfo {
	for _, user := range u.users {
		if user.Name == name {
			return user
		}
	}
	return nil
}

func (u *userStore) byID(id int64) *usermicro.UserInfo {
	if id < 1 || id > int64(len(u.users)) {
		return nil
	}
	return u.users[id-1]
}

func (u *userStore) CreateUserMethod(
	_ context.Context, request *usermicro.CreateUserReq,
) (*usermicro.CreateUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.byName(request.Newuser_.Name) != nil {
		return &usermicro.CreateUserResp{Status: false}, nil
	}
	id := int64(len(u.users) + 1)
	u.users = append(u.users, &usermicro.UserInfo{
		Id: id, Name: request.Newuser_.Name, Avatar: "default/avatar.png",
		BackgroundImage: "default/background.png", Signature: "from Go",
	})
	u.passwords[id] = request.Password
	return &usermicro.CreateUserResp{Status: true, UserId: &id}, nil
}

func (u *userStore) LoginUserMethod(
	_ context.Context, request *usermicro.LoginUserReq,
) (*usermicro.LoginUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	user := u.byName(request.Name)
	if user == nil || u.passwords[user.Id] != request.Password {
		return &usermicro.LoginUserResp{Status: false}, nil
	}
	return &usermicro.LoginUserResp{Status: true, UserId: &user.Id}, nil
}

// GetUserMethod fails, stalls or panics for names that ask for it.
func (u *userStore) GetUserMethod(
	_ context.Context, request *usermicro.GetUserReq,
) (*usermicro.GetUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if request.Id != nil {
		user := u.byID(*request.Id)
		return &usermicro.GetUserResp{Status: user != nil, User: user}, nil
	}
	if request.Name == nil {
		return &usermicro.GetUserResp{Status: false}, nil
	}
	switch *request.Name {
	case "error":
		return nil, errors.New("a handler's error")
	case "business":
		return nil, kerrors.NewBizStatusError(10007, "没有这个用户")
	case "panic":
		panic("a handler's panic")
	case "slow":
		fmt.Println("stalling") // the test waits for this line
		time.Sleep(time.Second)
	}
	user := u.byName(*request.Name)
	return &usermicro.GetUserResp{Status: user != nil, User: user}, nil
}

func (u *userStore) GetUserSetByIdSetMethod(
	_ context.Context, request *usermicro.GetUserSetByIdSetReq,
) (*usermicro.GetUserSetByIdSetResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	answer := &usermicro.GetUserSetByIdSetResp{Status: true}
	for _, id := range request.IdSet {
		if user := u.byID(id); user != nil {
			answer.UserSet = append(answer.UserSet, user)
		}
	}
	return answer, nil
}

func (u *userStore) UpdateUserMethod(
	_ context.Context, request *usermicro.UpdateUserReq,
) (*usermicro.UpdateUserResp, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	user := u.byID(request.Id)
	if user != nil && request.UpdateData.Signature != nil {
		user.Signature = *request.UpdateData.Signature
	}
	return &usermicro.UpdateUserResp{Status: user != nil}, nil
}

func (u *userStore) UpdateRelationMethod(
	_ context.Context, request *usermicro.UpdateRelationCacheReq,
) (*usermicro.UpdateRelationCacheResp, error) {
	return &usermicro.UpdateRelationCacheResp{Status: u.exists(request.Id)}, nil
}

func (u *userStore) UpdateInteractionMethod(
	_ context.Context, request *usermicro.UpdateInteractionCacheReq,
) (*usermicro.UpdateInteractionCacheResp, error) {
	return &usermicro.UpdateInteractionCacheResp{Status: u.exists(request.Id)}, nil
}

func (u *userStore) UpdateWorkMethod(
	_ context.Context, request *usermicro.UpdateWorkCacheReq,
) (*usermicro.UpdateWorkCacheResp, error) {
	return &usermicro.UpdateWorkCacheResp{Status: u.exists(request.Id)}, nil
}

func (u *userStore) exists(id int64) bool {
	u.lock.Lock()
	defer u.lock.Unlock()
	return u.byID(id) != nil
}
