//go:build !original

package main

import (
	"context"

	"github.com/cloudwego/kitex/server"
	etcd "github.com/kitex-contrib/registry-etcd"

	"interop/kitex_gen/favoritemicro"
	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
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
