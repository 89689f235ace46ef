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
	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
	"interop/kitex_gen/usermicro/userservice"
	"interop/kitex_gen/videomicro/videoservice"
)

func main() {
	name := flag.String("service", "", "userservice, videoservice, …")
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	etcd := flag.String("etcd", "", "endpoint of etcd to register at")
	videos := flag.String("videos", "", "host:port of videoservice, for favoriteservice")
	messages := flag.Bool("messages", false, "MessageService in place of RelationService")
	flag.Parse()

	at, err := net.ResolveTCPAddr("tcp", *address)
	if err != nil {
		panic(err)
	}
	options := append(
		[]server.Option{
			server.WithServiceAddr(at),
			server.WithMetaHandler(transmeta.ServerTTHeaderHandler),
			server.WithServerBasicInfo(&rpcinfo.EndpointBasicInfo{ServiceName: *name}),
		},
		registry(*etcd)...,
	)
	var serving server.Server
	switch *name {
	case "userservice":
		serving = userservice.NewServer(newUsers(), options...)
	case "videoservice":
		serving = videoservice.NewServer(newVideos(), options...)
	case "relationservice":
		serving = relations(options, *messages)
	case "favoriteservice":
		serving = favoriteservice.NewServer(newFavorites(*videos), options...)
	case "commentservice":
		serving = commentservice.NewServer(newComments(), options...)
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err := serving.Run(); err != nil {
		panic(err)
	}
}

var (
	_ = messageservice.NewServer
	_ = relationservice.NewServer
)
