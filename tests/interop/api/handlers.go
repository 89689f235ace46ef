//go:build original

package main

import (
	"strconv"

	"interop/kitex_gen/commentmicro"
	"interop/kitex_gen/favoritemicro"
	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/usermicro"
	"interop/kitex_gen/videomicro"
)

const (
	nanosecondsPerMillisecond = 1_000_000
	newest                    = 1 << 62
)

func (a *api) register(c call) body {
	avatar, background, signature := "default/avatar.png", "default/background.png", "from Go"
	answer, err := a.users.CreateUserMethod(c, &usermicro.CreateUserReq{
		Newuser_: &usermicro.CreateUserInfo{
			Name: c.text("username"), Avatar: &avatar, BackgroundImage: &background, Signature: &signature,
		},
		Password: c.text("password"),
	})
	if err != nil {
		return broken(err)
	}
	if !answer.Status {
		return failed(10003, "用户名已存在")
	}
	return done(body{"user_id": *answer.UserId, "token": a.issue(*answer.UserId)})
}

func (a *api) login(c call) body {
	answer, err := a.users.LoginUserMethod(c, &usermicro.LoginUserReq{
		Name: c.text("username"), Password: c.text("password"),
	})
	if err != nil {
		return broken(err)
	}
	if !answer.Status {
		return failed(10004, "用户名或密码错误")
	}
	return done(body{"user_id": *answer.UserId, "token": a.issue(*answer.UserId)})
}

func (a *api) user(c call) body {
	people, err := a.people(c, []int64{c.whose()})
	if err != nil {
		return broken(err)
	}
	if len(people) == 0 {
		return failed(10007, "用户不存在")
	}
	return done(body{"user": people[c.whose()]})
}

func (a *api) feed(c call) body {
	before := int64(newest)
	if latest := c.number("latest_time"); latest > 0 {
		before = latest * nanosecondsPerMillisecond
	}
	answer, err := a.videos.GetVideosFeedMethod(c, &videomicro.GetVideosFeedReq{LatestTime: before, Limit: 30})
	if err != nil {
		return broken(err)
	}
	videos, err := a.shown(c, answer.VideoList)
	if err != nil {
		return broken(err)
	}
	return done(body{"video_list": videos, "next_time": *answer.NextTime / nanosecondsPerMillisecond})
}

// publish stores no file: only the row is the services' business.
func (a *api) publish(c call) body {
	answer, err := a.videos.CreateVideoMethod(c, &videomicro.CreateVideoReq{
		Title: c.text("title"), AuthorId: c.viewer, PlayUrl: "http://go/a.mp4", CoverUrl: "http://go/a.jpg",
	})
	if err != nil {
		return broken(err)
	}
	if !answer.Status {
		return failed(10001, "发布失败")
	}
	return done(body{})
}

func (a *api) published(c call) body {
	answer, err := a.videos.GetVideosByAuthorIdMethod(c, &videomicro.GetVideosByAuthorIdReq{AuthorId: c.whose()})
	if err != nil {
		return broken(err)
	}
	videos, err := a.shown(c, answer.VideoList)
	if err != nil {
		return broken(err)
	}
	return done(body{"video_list": videos})
}

func (a *api) favorite(c call) body {
	answer, err := a.favorites.FavoriteMethod(c, &favoritemicro.FavoriteReq{
		UserId: c.viewer, VideoId: c.number("video_id"), ActionType: int32(c.number("action_type")),
	})
	if err != nil {
		return broken(err)
	}
	if answer.BaseResp.StatusCode != 0 {
		return failed(answer.BaseResp.StatusCode, *answer.BaseResp.StatusMsg)
	}
	return body{"status_code": 0, "status_msg": *answer.BaseResp.StatusMsg}
}

func (a *api) favorited(c call) body {
	liked, err := a.favorites.FavoriteListMethod(c, &favoritemicro.FavoriteListReq{UserId: c.whose()})
	if err != nil {
		return broken(err)
	}
	answer, err := a.videos.GetVideoSetByIdSetMethod(c, &videomicro.GetVideoSetByIdSetReq{IdSet: liked.VideoIdList})
	if err != nil {
		return broken(err)
	}
	byID := map[int64]*videomicro.Video{}
	for _, video := range answer.VideoSet {
		byID[video.Id] = video
	}
	listed := []*videomicro.Video{}
	for _, id := range liked.VideoIdList {
		if byID[id] != nil {
			listed = append(listed, byID[id])
		}
	}
	videos, err := a.shown(c, listed)
	if err != nil {
		return broken(err)
	}
	return done(body{"video_list": videos})
}

func (a *api) comment(c call) body {
	request := &commentmicro.CommentReq{
		UserId: c.viewer, VideoId: c.number("video_id"), ActionType: int32(c.number("action_type")),
	}
	if request.ActionType == 1 {
		text := c.text("comment_text")
		request.CommentText = &text
	} else {
		id := c.number("comment_id")
		request.CommentId = &id
	}
	answer, err := a.comments.CommentMethod(c, request)
	if err != nil {
		return broken(err)
	}
	if answer.StatusCode != 0 {
		return failed(answer.StatusCode, answer.StatusMsg)
	}
	if request.ActionType == 2 {
		return done(body{})
	}
	return done(body{"comment": commented(answer.Comment)})
}

func (a *api) commented(c call) body {
	answer, err := a.comments.CommentListMethod(c, &commentmicro.CommentListReq{
		UserId: c.viewer, VideoId: c.number("video_id"),
	})
	if err != nil {
		return broken(err)
	}
	list := []body{}
	for _, comment := range answer.CommentList {
		list = append(list, commented(comment))
	}
	return done(body{"comment_list": list})
}

func commented(comment *commentmicro.Comment) body {
	user := comment.User
	return body{
		"id": comment.Id, "content": comment.Content, "create_date": comment.CreateDate,
		"user": body{
			"id": user.Id, "name": user.Name, "is_follow": user.IsFollow,
			"follow_count": *user.FollowCount, "follower_count": *user.FollowerCount,
		},
	}
}

func (a *api) follow(c call) body {
	answer, err := a.relations.FollowMethod(c, &relationmicro.FollowReq{
		MyUid: c.viewer, TargetUid: c.number("to_user_id"), ActionType: int32(c.number("action_type")),
	})
	if err != nil {
		return broken(err)
	}
	if answer.StatusCode != 1 {
		code := int32(10001)
		if answer.StatusCode == 2 {
			code = 10002
		}
		return failed(code, *answer.Msg)
	}
	return body{"status_code": 0, "status_msg": *answer.Msg}
}

func (a *api) following(c call) body {
	answer, err := a.relations.GetFollowListMethod(c, &relationmicro.GetFollowListReq{
		MyId: &c.viewer, TargetId: c.whose(),
	})
	if err != nil {
		return broken(err)
	}
	return listed(answer.UserList)
}

func (a *api) followers(c call) body {
	answer, err := a.relations.GetFollowerListMethod(c, &relationmicro.GetFollowerListReq{
		MyId: &c.viewer, TargetId: c.whose(),
	})
	if err != nil {
		return broken(err)
	}
	return listed(answer.UserList)
}

func (a *api) friends(c call) body {
	answer, err := a.relations.GetFriendListMethod(c, &relationmicro.GetFriendListReq{
		MyUid: &c.viewer, TargetUid: c.whose(),
	})
	if err != nil {
		return broken(err)
	}
	return listed(answer.FriendList)
}

func listed(users []*relationmicro.User) body {
	list := []body{}
	for _, user := range users {
		list = append(list, body{
			"id": user.Id, "name": user.Name, "is_follow": user.IsFollow,
			"follow_count": *user.FollowCount, "follower_count": *user.FollowerCount,
			"avatar": *user.Avatar, "background_image": *user.BackgroundImage, "signature": *user.Signature,
			"total_favourited": strconv.FormatInt(*user.TotalFavorited, 10),
			"work_count":       *user.WorkCount, "favorite_count": *user.FavoriteCount,
		})
	}
	return done(body{"user_list": list})
}

func (a *api) send(c call) body {
	answer, err := a.messages.SendMessageMethod(c, &relationmicro.SendMessageReq{
		UserId: c.viewer, ToUserId: c.number("to_user_id"), Content: c.text("content"),
	})
	if err != nil {
		return broken(err)
	}
	if !answer.Status {
		return failed(10001, "发送失败")
	}
	return done(body{})
}

func (a *api) chat(c call) body {
	answer, err := a.messages.GetAllMessageMethod(c, &relationmicro.GetAllMessageReq{
		UserId: c.viewer, ToUserId: c.number("to_user_id"),
	})
	if err != nil {
		return broken(err)
	}
	list := []body{}
	for _, message := range answer.Msg {
		list = append(list, body{
			"id": message.Id, "to_user_id": message.ToUserId, "from_user_id": message.FromUserId,
			"content": message.Content, "create_time": *message.CreateTime,
		})
	}
	return done(body{"message_list": list})
}

// people gives users with all their counts; those that do not exist are left out.
func (a *api) people(c call, ids []int64) (map[int64]body, error) {
	people := map[int64]body{}
	known, err := a.users.GetUserSetByIdSetMethod(c, &usermicro.GetUserSetByIdSetReq{IdSet: ids})
	if err != nil {
		return nil, err
	}
	works, err := a.videos.GetVideoCountSetByIdUserSetMethod(c, &videomicro.GetVideoCountSetByIdUserSetReq{AuthorIdSet: ids})
	if err != nil {
		return nil, err
	}
	workCounts := map[int64]int64{}
	for _, count := range works.CountSet {
		workCounts[count.Id] = count.Count
	}
	likes, err := a.favorites.UsersFavoriteCountMethod(c, &favoritemicro.UsersFavoriteCountReq{UserIdList: ids})
	if err != nil {
		return nil, err
	}
	for _, user := range known.UserSet {
		follows, err := a.relations.GetFollowInfoMethod(c, &relationmicro.GetFollowInfoReq{
			MyUid: &c.viewer, TargetUid: user.Id,
		})
		if err != nil {
			return nil, err
		}
		given := likes.FavoriteCountMap[user.Id]
		people[user.Id] = body{
			"id": user.Id, "name": user.Name, "avatar": user.Avatar,
			"background_image": user.BackgroundImage, "signature": user.Signature,
			"is_follow":    follows.FollowInfo.IsFollow,
			"follow_count": follows.FollowInfo.FollowCount, "follower_count": follows.FollowInfo.FollowerCount,
			"total_favourited": strconv.FormatInt(given[1], 10),
			"work_count":       workCounts[user.Id], "favorite_count": given[0],
		}
	}
	return people, nil
}

// shown gives videos with their authors and counts.
func (a *api) shown(c call, rows []*videomicro.Video) ([]body, error) {
	ids, authors := []int64{}, []int64{}
	for _, row := range rows {
		ids, authors = append(ids, row.Id), append(authors, row.AuthorId)
	}
	people, err := a.people(c, authors)
	if err != nil {
		return nil, err
	}
	likes, err := a.favorites.VideosFavoriteCountMethod(c, &favoritemicro.VideosFavoriteCountReq{VideoIdList: ids})
	if err != nil {
		return nil, err
	}
	liked, err := a.favorites.FavoriteRelationsMethod(c, &favoritemicro.FavoriteRelationsReq{
		UserId: c.viewer, VideoIdList: ids,
	})
	if err != nil {
		return nil, err
	}
	comments, err := a.comments.VideosCommentCountMethod(c, &commentmicro.VideosCommentCountReq{VideoIdList: ids})
	if err != nil {
		return nil, err
	}
	list := []body{}
	for _, row := range rows {
		list = append(list, body{
			"id": row.Id, "author": people[row.AuthorId], "title": row.Title,
			"play_url": row.PlayUrl, "cover_url": row.CoverUrl,
			"favorite_count": likes.FavoriteCountMap[row.Id],
			"comment_count":  comments.CommentCountMap[row.Id],
			"is_favorite":    liked.IsFavoriteMap[row.Id],
		})
	}
	return list, nil
}
