//go:build original

package main

import (
	"github.com/cloudwego/kitex/server"

	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
)

func registry(string) []server.Option { return nil }

// relations serves one Thrift service: the first Kitex has no more on a port.
func relations(options []server.Option, messages bool) server.Server {
	if messages {
		return messageservice.NewServer(newRelations(), options...)
	}
	return relationservice.NewServer(newRelations(), options...)
}
