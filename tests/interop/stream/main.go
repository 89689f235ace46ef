//go:build !original

// Command stream opens a stream to a server and says what came of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/transport"

	"interop/kitex_gen/talks"
	"interop/kitex_gen/talks/streamservice"
)

func main() {
	address := flag.String("addr", "", "host:port of the server")
	protocol := flag.String("protocol", "ttheader", "ttheader or grpc")
	flag.Parse()
	used := transport.TTHeaderStreaming
	if *protocol == "grpc" {
		used = transport.GRPCStreaming
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	streams := streamservice.MustNewClient(
		"videoservice",
		client.WithHostPorts(*address),
		client.WithTransportProtocol(used),
		client.WithConnectTimeout(time.Second),
	)
	if err := talk(ctx, streams); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func talk(ctx context.Context, streams streamservice.Client) error {
	stream, err := streams.Talk(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(ctx, &talks.Line{Text: "hello"}); err != nil {
		return err
	}
	_, err = stream.Recv(ctx)
	return err
}
