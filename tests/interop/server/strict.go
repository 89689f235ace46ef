package main

import (
	"context"
	"errors"
	"time"

	"github.com/cloudwego/kitex/client"

	"interop/kitex_gen/commentmicro"
	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/usermicro"
	"interop/kitex_gen/usermicro/userservice"
	"interop/kitex_gen/videomicro"
)

// The strict services answer as the original ones do where that differs from a plain store: they
// return an error for a record that does not exist, read optional arguments without a check, and
// answer less than the contract allows.

// errNotFound is the text of the original's database library.
var errNotFound = errors.New("record not found")

func userClient(address string) userservice.Client {
	if address == "" {
		return nil
	}
	return userservice.MustNewClient("userservice", client.WithHostPorts(address))
}

// usersByID returns the users that exist; without a userservice there are none.
func usersByID(
	ctx context.Context, users userservice.Client, ids []int64,
) (map[int64]*usermicro.UserInfo, error) {
	known := map[int64]*usermicro.UserInfo{}
	if users == nil || len(ids) == 0 {
		return known, nil
	}
	answer, err := users.GetUserSetByIdSetMethod(ctx, &usermicro.GetUserSetByIdSetReq{IdSet: ids})
	if err != nil {
		return nil, err
	}
	for _, user := range answer.UserSet {
		known[user.Id] = user
	}
	return known, nil
}

type strictUsers struct{ *userStore }

// CreateUserMethod stores the pictures of the request and has none of its own.
func (u strictUsers) CreateUserMethod(
	ctx context.Context, request *usermicro.CreateUserReq,
) (*usermicro.CreateUserResp, error) {
	answer, err := u.userStore.CreateUserMethod(ctx, request)
	if err != nil || !answer.Status {
		return answer, err
	}
	u.lock.Lock()
	defer u.lock.Unlock()
	user, given := u.byID(*answer.UserId), request.Newuser_
	user.Avatar, user.BackgroundImage = given.GetAvatar(), given.GetBackgroundImage()
	user.Signature = given.GetSignature()
	return answer, nil
}

func (u strictUsers) LoginUserMethod(
	ctx context.Context, request *usermicro.LoginUserReq,
) (*usermicro.LoginUserResp, error) {
	u.lock.Lock()
	known := u.byName(request.Name) != nil
	u.lock.Unlock()
	if !known {
		return nil, errNotFound
	}
	return u.userStore.LoginUserMethod(ctx, request)
}

func (u strictUsers) GetUserMethod(
	ctx context.Context, request *usermicro.GetUserReq,
) (*usermicro.GetUserResp, error) {
	answer, err := u.userStore.GetUserMethod(ctx, request)
	if err == nil && !answer.Status {
		return nil, errNotFound
	}
	return answer, err
}

type strictVideos struct{ *videoStore }

func (v strictVideos) GetVideoAuthorIdMethod(
	ctx context.Context, request *videomicro.GetVideoAuthorIdReq,
) (*videomicro.GetVideoAuthorIdResp, error) {
	answer, err := v.videoStore.GetVideoAuthorIdMethod(ctx, request)
	if err == nil && !answer.Status {
		return nil, errNotFound
	}
	return answer, err
}

// GetVideosFeedMethod sets the next time of an empty page too: it is the time that was asked for.
func (v strictVideos) GetVideosFeedMethod(
	ctx context.Context, request *videomicro.GetVideosFeedReq,
) (*videomicro.GetVideosFeedResp, error) {
	answer, err := v.videoStore.GetVideosFeedMethod(ctx, request)
	if err == nil && answer.NextTime == nil {
		answer.NextTime = &request.LatestTime
	}
	return answer, err
}

// strictRelations reads the viewer without a check and asks userservice for the users of a list.
type strictRelations struct {
	*relationStore
	users userservice.Client
}

// FollowMethod has three numbers for an answer: success, failure, bad argument.
func (r strictRelations) FollowMethod(
	ctx context.Context, request *relationmicro.FollowReq,
) (*relationmicro.FollowResp, error) {
	if request.MyUid == request.TargetUid {
		text := "param error"
		return &relationmicro.FollowResp{StatusCode: 2, Msg: &text}, nil
	}
	known, err := usersByID(ctx, r.users, []int64{request.TargetUid})
	if err != nil || known[request.TargetUid] == nil {
		text := errNotFound.Error()
		return &relationmicro.FollowResp{StatusCode: 0, Msg: &text}, nil
	}
	return r.relationStore.FollowMethod(ctx, request)
}

func (r strictRelations) GetFollowInfoMethod(
	ctx context.Context, request *relationmicro.GetFollowInfoReq,
) (*relationmicro.GetFollowInfoResp, error) {
	_ = *request.MyUid
	return r.relationStore.GetFollowInfoMethod(ctx, request)
}

func (r strictRelations) GetFollowListMethod(
	ctx context.Context, request *relationmicro.GetFollowListReq,
) (*relationmicro.GetFollowListResp, error) {
	_ = *request.MyId
	answer, err := r.relationStore.GetFollowListMethod(ctx, request)
	if err == nil {
		err = r.complete(ctx, answer.UserList)
	}
	return answer, err
}

func (r strictRelations) GetFollowerListMethod(
	ctx context.Context, request *relationmicro.GetFollowerListReq,
) (*relationmicro.GetFollowerListResp, error) {
	_ = *request.MyId
	answer, err := r.relationStore.GetFollowerListMethod(ctx, request)
	if err == nil {
		err = r.complete(ctx, answer.UserList)
	}
	return answer, err
}

func (r strictRelations) GetFriendListMethod(
	ctx context.Context, request *relationmicro.GetFriendListReq,
) (*relationmicro.GetFriendListResp, error) {
	_ = *request.MyUid
	answer, err := r.relationStore.GetFriendListMethod(ctx, request)
	if err == nil {
		err = r.complete(ctx, answer.FriendList)
	}
	return answer, err
}

// complete sets what userservice and the follows know of a list's users.
func (r strictRelations) complete(ctx context.Context, list []*relationmicro.User) error {
	ids := []int64{}
	for _, user := range list {
		ids = append(ids, user.Id)
	}
	known, err := usersByID(ctx, r.users, ids)
	if err != nil {
		return err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, user := range list {
		info, counts := known[user.Id], r.info(nil, user.Id)
		if info == nil {
			info = &usermicro.UserInfo{}
		}
		user.Name, user.FollowCount, user.FollowerCount = info.Name, &counts.FollowCount, &counts.FollowerCount
		user.Avatar, user.BackgroundImage, user.Signature = &info.Avatar, &info.BackgroundImage, &info.Signature
		user.TotalFavorited, user.WorkCount, user.FavoriteCount = &info.TotalFavorited, &info.WorkCount, &info.FavoriteCount
	}
	return nil
}

// GetAllMessageMethod answers the newest first, without ids, and with a day for a time.
func (r strictRelations) GetAllMessageMethod(
	ctx context.Context, request *relationmicro.GetAllMessageReq,
) (*relationmicro.GetAllMessageResp, error) {
	answer, err := r.relationStore.GetAllMessageMethod(ctx, request)
	if err != nil {
		return nil, err
	}
	day := time.Now().Format("2006-01-02")
	newest := []*relationmicro.Message{}
	for at := len(answer.Msg) - 1; at >= 0; at-- {
		message := *answer.Msg[at]
		message.Id, message.CreateTime = 0, &day
		newest = append(newest, &message)
	}
	answer.Msg = newest
	return answer, nil
}

// strictComments lists the asker's own comments only, by users with their counts.
type strictComments struct {
	*commentStore
	users userservice.Client
}

func (c strictComments) CommentMethod(
	ctx context.Context, request *commentmicro.CommentReq,
) (*commentmicro.CommentResp, error) {
	answer, err := c.commentStore.CommentMethod(ctx, request)
	if err != nil || answer.Comment == nil {
		return answer, err
	}
	list, err := c.complete(ctx, []*commentmicro.Comment{answer.Comment})
	if err != nil {
		return nil, err
	}
	answer.Comment = list[0]
	return answer, nil
}

func (c strictComments) CommentListMethod(
	ctx context.Context, request *commentmicro.CommentListReq,
) (*commentmicro.CommentListResp, error) {
	answer, err := c.commentStore.CommentListMethod(ctx, request)
	if err != nil {
		return nil, err
	}
	own := []*commentmicro.Comment{}
	for _, comment := range answer.CommentList {
		if comment.User.Id == request.UserId {
			own = append(own, comment)
		}
	}
	answer.CommentList, err = c.complete(ctx, own)
	return answer, err
}

// complete returns copies of the comments with their users' names and counts.
func (c strictComments) complete(
	ctx context.Context, list []*commentmicro.Comment,
) ([]*commentmicro.Comment, error) {
	ids := []int64{}
	for _, comment := range list {
		ids = append(ids, comment.User.Id)
	}
	known, err := usersByID(ctx, c.users, ids)
	if err != nil {
		return nil, err
	}
	completed := []*commentmicro.Comment{}
	for _, comment := range list {
		user := &commentmicro.User{Id: comment.User.Id, FollowCount: new(int64), FollowerCount: new(int64)}
		if info := known[user.Id]; info != nil {
			user.Name, user.FollowCount, user.FollowerCount = info.Name, &info.FollowCount, &info.FollowerCount
		}
		copied := *comment
		copied.User = user
		completed = append(completed, &copied)
	}
	return completed, nil
}
