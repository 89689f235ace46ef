//go:build !original

package main

import (
	"context"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/server"
	"github.com/kitex-contrib/obs-opentelemetry/provider"
	"github.com/kitex-contrib/obs-opentelemetry/tracing"
	etcd "github.com/kitex-contrib/registry-etcd"
	"go.opentelemetry.io/otel/sdk/trace"

	"interop/kitex_gen/commentmicro"
	"interop/kitex_gen/favoritemicro"
	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
	"interop/kitex_gen/videomicro"
)

func registry(endpoint string) []server.Option {
	if endpoint == "" {
		return nil
	}
	found, err := etcd.NewEtcdRegistry([]string{endpoint})
	if err != nil {
		panic(err)
	}
	return []server.Option{server.WithRegistry(found)}
}

// traced sends spans to an OTLP endpoint; it returns what the server and its clients need for that.
func traced(endpoint, name string) ([]server.Option, []client.Option) {
	if endpoint == "" {
		return nil, nil
	}
	provider.NewOpenTelemetryProvider(
		provider.WithServiceName(name),
		provider.WithExportEndpoint(endpoint),
		provider.WithInsecure(),
		provider.WithEnableMetrics(false),
		provider.WithSampler(trace.ParentBased(trace.AlwaysSample())),
	)
	return []server.Option{server.WithSuite(tracing.NewServerSuite())},
		[]client.Option{client.WithSuite(tracing.NewClientSuite())}
}

// relations serves both Thrift services on one port.
func relations(options []server.Option, store relationHandler) server.Server {
	serving := server.NewServer(options...)
	if err := relationservice.RegisterService(serving, store); err != nil {
		panic(err)
	}
	if err := messageservice.RegisterService(serving, store); err != nil {
		panic(err)
	}
	return serving
}

func (r *relationStore) GetFollowInfosMethod(
	_ context.Context, request *relationmicro.GetFollowInfosReq,
) (*relationmicro.GetFollowInfosResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	infos := map[int64]*relationmicro.FollowInfo{}
	for _, id := range request.TargetUids {
		infos[id] = r.info(request.MyUid, id)
	}
	return &relationmicro.GetFollowInfosResp{StatusCode: 1, FollowInfoMap: infos}, nil
}

func (f *favoriteStore) FavoriteSummaryMethod(
	_ context.Context, request *favoritemicro.FavoriteSummaryReq,
) (*favoritemicro.FavoriteSummaryResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	answer := &favoritemicro.FavoriteSummaryResp{
		BaseResp:              fine(),
		VideoFavoriteCountMap: map[int64]int64{},
		IsFavoriteMap:         map[int64]bool{},
		UserFavoriteCountMap:  map[int64][]int64{},
	}
	for _, id := range request.VideoIdList {
		answer.VideoFavoriteCountMap[id] = f.likes(id)
		answer.IsFavoriteMap[id] = request.UserId != nil && f.liked(*request.UserId, id)
	}
	for _, id := range request.UserIdList {
		answer.UserFavoriteCountMap[id] = f.counts(id)
	}
	return answer, nil
}

func (v *videoStore) GetUsedKeysMethod(
	_ context.Context, request *videomicro.GetUsedKeysReq,
) (*videomicro.GetUsedKeysResp, error) {
	v.lock.Lock()
	defer v.lock.Unlock()
	used := []string{}
	for _, key := range request.Keys {
		for _, video := range v.videos {
			if video != nil && (video.PlayUrl == key || video.CoverUrl == key) {
				used = append(used, key)
				break
			}
		}
	}
	return &videomicro.GetUsedKeysResp{Status: true, Keys: used}, nil
}

func (v *videoStore) ClaimSweepMethod(
	_ context.Context, _ *videomicro.ClaimSweepReq,
) (*videomicro.ClaimSweepResp, error) {
	granted := false
	return &videomicro.ClaimSweepResp{Status: true, Granted: &granted}, nil
}

// paged cuts a list to a page of at most count items.
func paged[T any](list []T, count *int32) []T {
	if count != nil && len(list) > int(*count) {
		return list[:*count]
	}
	return list
}

func (r *relationStore) GetFollowPagesMethod(
	_ context.Context, request *relationmicro.GetFollowPagesReq,
) (*relationmicro.GetFollowPagesResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	answer := &relationmicro.GetFollowPagesResp{StatusCode: 1, Pages: [][]int64{}, NextCursors: []int64{}}
	add := func(keys []*relationmicro.PageKey, own, other int) {
		for _, key := range keys {
			ids := []int64{}
			for _, user := range r.users(nil, other, func(edge [2]int64) bool { return edge[own] == key.UserId }) {
				ids = append(ids, user.Id)
			}
			answer.Pages = append(answer.Pages, paged(ids, key.Count))
			answer.NextCursors = append(answer.NextCursors, 0)
		}
	}
	add(request.Following, 0, 1)
	add(request.Followers, 1, 0)
	return answer, nil
}

func (f *favoriteStore) FavoritePagesMethod(
	ctx context.Context, request *favoritemicro.FavoritePagesReq,
) (*favoritemicro.FavoritePagesResp, error) {
	answer := &favoritemicro.FavoritePagesResp{BaseResp: fine(), Pages: [][]int64{}, NextCursors: []int64{}}
	for _, key := range request.Pages {
		list, err := f.FavoriteListMethod(ctx, &favoritemicro.FavoriteListReq{UserId: key.UserId})
		if err != nil {
			return nil, err
		}
		answer.Pages = append(answer.Pages, paged(list.VideoIdList, key.Count))
		answer.NextCursors = append(answer.NextCursors, 0)
	}
	return answer, nil
}

func (c *commentStore) CommentPagesMethod(
	ctx context.Context, request *commentmicro.CommentPagesReq,
) (*commentmicro.CommentPagesResp, error) {
	answer := &commentmicro.CommentPagesResp{
		BaseResp: &commentmicro.BaseResp{}, Sizes: []int32{}, NextCursors: []int64{}, Ids: []int64{},
		UserIds: []int64{}, Contents: []string{}, CreateDates: []string{},
	}
	for _, key := range request.Pages {
		list, err := c.CommentListMethod(ctx, &commentmicro.CommentListReq{VideoId: key.VideoId})
		if err != nil {
			return nil, err
		}
		page := paged(list.CommentList, key.Count)
		for _, comment := range page {
			answer.Ids = append(answer.Ids, comment.Id)
			answer.UserIds = append(answer.UserIds, comment.User.Id)
			answer.Contents = append(answer.Contents, comment.Content)
			answer.CreateDates = append(answer.CreateDates, comment.CreateDate)
		}
		answer.Sizes = append(answer.Sizes, int32(len(page)))
		answer.NextCursors = append(answer.NextCursors, 0)
	}
	return answer, nil
}

func (v *videoStore) GetVideoPagesMethod(
	ctx context.Context, request *videomicro.GetVideoPagesReq,
) (*videomicro.GetVideoPagesResp, error) {
	columns := &videomicro.VideoColumns{
		Ids: []int64{}, Titles: []string{}, AuthorIds: []int64{}, PlayUrls: []string{}, CoverUrls: []string{},
	}
	answer := &videomicro.GetVideoPagesResp{Status: true, Videos: columns, Pages: [][]int32{}, Nexts: []int64{}}
	positions := map[int64]int32{}
	add := func(list []*videomicro.Video, next int64) {
		page := []int32{}
		for _, video := range list {
			at, known := positions[video.Id]
			if !known {
				at = int32(len(columns.Ids))
				positions[video.Id] = at
				columns.Ids = append(columns.Ids, video.Id)
				columns.Titles = append(columns.Titles, video.Title)
				columns.AuthorIds = append(columns.AuthorIds, video.AuthorId)
				columns.PlayUrls = append(columns.PlayUrls, video.PlayUrl)
				columns.CoverUrls = append(columns.CoverUrls, video.CoverUrl)
			}
			page = append(page, at)
		}
		answer.Pages = append(answer.Pages, page)
		answer.Nexts = append(answer.Nexts, next)
	}
	for _, key := range request.Feed {
		feed, err := v.GetVideosFeedMethod(ctx, &videomicro.GetVideosFeedReq{
			LatestTime: key.LatestTime, Limit: key.Limit,
		})
		if err != nil {
			return nil, err
		}
		add(feed.VideoList, feed.GetNextTime())
	}
	for _, key := range request.Published {
		list, err := v.GetVideosByAuthorIdMethod(ctx, &videomicro.GetVideosByAuthorIdReq{AuthorId: key.AuthorId})
		if err != nil {
			return nil, err
		}
		add(paged(list.VideoList, key.Count), 0)
	}
	return answer, nil
}

func (r *relationStore) GetInboxMethod(
	_ context.Context, request *relationmicro.GetInboxReq,
) (*relationmicro.GetInboxResp, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	found, seen, end := []*relationmicro.Conversation{}, map[int64]bool{}, int64(0)
	for i := len(r.messages) - 1; i >= 0; i-- {
		message := r.messages[i]
		other := message.FromUserId + message.ToUserId - request.UserId
		if (message.FromUserId == request.UserId || message.ToUserId == request.UserId) && !seen[other] {
			seen[other] = true
			found = append(found, &relationmicro.Conversation{UserId: other, Message: message})
		}
	}
	return &relationmicro.GetInboxResp{Status: true, Conversations: found, NextCursor: &end}, nil
}

func (r *relationStore) MarkReadMethod(
	_ context.Context, _ *relationmicro.MarkReadReq,
) (*relationmicro.MarkReadResp, error) {
	return &relationmicro.MarkReadResp{Status: true}, nil
}
