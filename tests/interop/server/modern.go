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
