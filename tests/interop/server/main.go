// Command server serves one of the five contracts from memory, as any Kitex program does.
package main

import (
	"flag"
	"net"
	"os"

	"github.com/cloudwego/kitex/pkg/rpcinfo"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/server"

	"interop/kitex_gen/commentmicro/commentservice"
	"interop/kitex_gen/favoritemicro/favoriteservice"
	"interop/kitex_gen/relationmicro"
	"interop/kitex_gen/usermicro/userservice"
	"interop/kitex_gen/videomicro/videoservice"
)

// relationHandler has the methods of both Thrift services of relationservice.
type relationHandler interface {
	relationmicro.RelationService
	relationmicro.MessageService
}

func main() {
	name := flag.String("service", "", "userservice, videoservice, …")
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	etcd := flag.String("etcd", "", "endpoint of etcd to register at")
	videos := flag.String("videos", "", "host:port of videoservice, for favoriteservice")
	users := flag.String("users", "", "host:port of userservice, for -strict")
	multiplexed := flag.Bool("multiplexed", false, "take several calls at once on a connection")
	otlp := flag.String("otlp", "", "host:port of an OpenTelemetry collector")
	strict := flag.Bool("strict", false, "answer as the original services do")
	flag.Parse()

	at, err := net.ResolveTCPAddr("tcp", *address)
	if err != nil {
		panic(err)
	}
	serverTracing, clientTracing := traced(*otlp, *name)
	options := append(
		[]server.Option{
			server.WithServiceAddr(at),
			server.WithMetaHandler(transmeta.ServerTTHeaderHandler),
			server.WithServerBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: *name}),
		},
		append(registry(*etcd), serverTracing...)...,
	)
	var serving server.Server
	if *multiplexed {
		options = append(options, server.WithMuxTransport())
	}
	switch *name {
	case "userservice":
		store := newUsers()
		if *strict {
			serving = userservice.NewServer(&strictUsers{store}, options...)
		} else {
			serving = userservice.NewServer(store, options...)
		}
	case "videoservice":
		store := newVideos()
		if *strict {
			serving = videoservice.NewServer(&strictVideos{store}, options...)
		} else {
			serving = videoservice.NewServer(store, options...)
		}
	case "relationservice":
		store := newRelations()
		if *strict {
			serving = relations(options, &strictRelations{store, userClient(*users)})
		} else {
			serving = relations(options, store)
		}
	case "favoriteservice":
		serving = favoriteservice.NewServer(newFavorites(*videos, *strict, clientTracing), options...)
	case "commentservice":
		store := newComments()
		if *strict {
			serving = commentservice.NewServer(&strictComments{store, userClient(*users)}, options...)
		} else {
			serving = commentservice.NewServer(store, options...)
		}
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err := serving.Run(); err != nil {
		panic(err)
	}
}
