package main

import (
	"context"
	"sync"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"interop/kitex_gen/favoritemicro"
	"interop/kitex_gen/videomicro"
	"interop/kitex_gen/videomicro/videoservice"
)

type favoriteStore struct {
	lock    sync.Mutex
	edges   [][2]int64 // user, video; oldest first
	authors map[int64]int64
	videos  videoservice.Client
}

// newFavorites asks the videoservice at an address: with TTHeader, or strictly as the original does,
// with Kitex's own default.
func newFavorites(videos string, strict bool, more []client.Option) *favoriteStore {
	store := &favoriteStore{authors: map[int64]int64{}}
	if videos == "" {
		return store
	}
	options := []client.Option{client.WithHostPorts(videos)}
	if !strict {
		options = append(
			options,
			client.WithTransportProtocol(transport.TTHeader),
			client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
		)
	}
	store.videos = videoservice.MustNewClient("videoservice", append(options, more...)...)
	return store
}

func fine() *favoritemicro.BaseResp {
	text := "success"
	return &favoritemicro.BaseResp{StatusCode: 0, StatusMsg: &text}
}

func failed(code int32, text string) (*favoritemicro.FavoriteResp, error) {
	base := &favoritemicro.BaseResp{StatusCode: code, StatusMsg: &text}
	return &favoritemicro.FavoriteResp{BaseResp: base}, nil
}

func (f *favoriteStore) liked(user, video int64) bool {
	for _, edge := range f.edges {
		if edge == [2]int64{user, video} {
			return true
		}
	}
	return false
}

func (f *favoriteStore) likes(video int64) (count int64) {
	for _, edge := range f.edges {
		if edge[1] == video {
			count++
		}
	}
	return count
}

// counts gives the likes that a user gave and received.
func (f *favoriteStore) counts(user int64) []int64 {
	counts := []int64{0, 0}
	for _, edge := range f.edges {
		if edge[0] == user {
			counts[0]++
		}
		if f.authors[edge[1]] == user {
			counts[1]++
		}
	}
	return counts
}

func (f *favoriteStore) FavoriteMethod(
	ctx context.Context, request *favoritemicro.FavoriteReq,
) (*favoritemicro.FavoriteResp, error) {
	var author int64
	if f.videos != nil {
		known, err := f.videos.GetVideoAuthorIdMethod(ctx, &videomicro.GetVideoAuthorIdReq{Id: request.VideoId})
		if err != nil {
			return failed(10006, err.Error())
		}
		if !known.Status {
			return failed(10007, "record not found")
		}
		author = known.AuthorId
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.authors[request.VideoId] = author
	edge := [2]int64{request.UserId, request.VideoId}
	kept := [][2]int64{}
	for _, each := range f.edges {
		if each != edge {
			kept = append(kept, each)
		}
	}
	if request.ActionType == 1 {
		kept = append(kept, edge)
	}
	f.edges = kept
	return &favoritemicro.FavoriteResp{BaseResp: fine()}, nil
}

func (f *favoriteStore) FavoriteListMethod(
	_ context.Context, request *favoritemicro.FavoriteListReq,
) (*favoritemicro.FavoriteListResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	answer := &favoritemicro.FavoriteListResp{BaseResp: fine(), VideoIdList: []int64{}}
	for at := len(f.edges) - 1; at >= 0; at-- {
		if f.edges[at][0] == request.UserId {
			answer.VideoIdList = append(answer.VideoIdList, f.edges[at][1])
		}
	}
	return answer, nil
}

func (f *favoriteStore) FavoriteRelationMethod(
	_ context.Context, request *favoritemicro.FavoriteRelationReq,
) (*favoritemicro.FavoriteRelationResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	liked := f.liked(request.UserId, request.VideoId)
	return &favoritemicro.FavoriteRelationResp{BaseResp: fine(), IsFavorite: liked}, nil
}

func (f *favoriteStore) FavoriteRelationsMethod(
	_ context.Context, request *favoritemicro.FavoriteRelationsReq,
) (*favoritemicro.FavoriteRelationsResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	known := map[int64]bool{}
	for _, id := range request.VideoIdList {
		known[id] = f.liked(request.UserId, id)
	}
	return &favoritemicro.FavoriteRelationsResp{BaseResp: fine(), IsFavoriteMap: known}, nil
}

func (f *favoriteStore) VideoFavoriteCountMethod(
	_ context.Context, request *favoritemicro.VideoFavoriteCountReq,
) (*favoritemicro.VideoFavoriteCountResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	count := f.likes(request.VideoId)
	return &favoritemicro.VideoFavoriteCountResp{BaseResp: fine(), FavoriteCount: count}, nil
}

func (f *favoriteStore) UserFavoriteCountMethod(
	_ context.Context, request *favoritemicro.UserFavoriteCountReq,
) (*favoritemicro.UserFavoriteCountResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	counts := f.counts(request.UserId)
	return &favoritemicro.UserFavoriteCountResp{
		BaseResp: fine(), FavoriteCount: counts[0], FavoritedCount: counts[1],
	}, nil
}

func (f *favoriteStore) VideosFavoriteCountMethod(
	_ context.Context, request *favoritemicro.VideosFavoriteCountReq,
) (*favoritemicro.VideosFavoriteCountResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	counts := map[int64]int64{}
	for _, id := range request.VideoIdList {
		counts[id] = f.likes(id)
	}
	return &favoritemicro.VideosFavoriteCountResp{BaseResp: fine(), FavoriteCountMap: counts}, nil
}

func (f *favoriteStore) UsersFavoriteCountMethod(
	_ context.Context, request *favoritemicro.UsersFavoriteCountReq,
) (*favoritemicro.UsersFavoriteCountResp, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	counts := map[int64][]int64{}
	for _, id := range request.UserIdList {
		counts[id] = f.counts(id)
	}
	return &favoritemicro.UsersFavoriteCountResp{BaseResp: fine(), FavoriteCountMap: counts}, nil
}
