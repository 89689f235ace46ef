//go:build original

package main

import "github.com/cloudwego/kitex/client"

// The original's registry is not built against today's etcd: its clients are told addresses.
func resolver(string) []client.Option { return []client.Option{client.WithHostPorts("127.0.0.1:1")} }
