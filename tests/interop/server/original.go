//go:build original

package main

import (
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/server"

	"interop/kitex_gen/relationmicro/combineservice"
)

func registry(string) []server.Option { return nil }

func traced(string, string) ([]server.Option, []client.Option) { return nil, nil }

// relations serves both Thrift services on one port as one combined service: this Kitex cannot
// register several.
func relations(options []server.Option, store relationHandler) server.Server {
	return combineservice.NewServer(store, options...)
}
