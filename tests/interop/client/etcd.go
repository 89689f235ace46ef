//go:build !original

package main

import (
	"github.com/cloudwego/kitex/client"
	etcd "github.com/kitex-contrib/registry-etcd"
)

func resolver(endpoint string) []client.Option {
	found, err := etcd.NewEtcdResolver([]string{endpoint})
	if err != nil {
		panic(err)
	}
	return []client.Option{client.WithResolver(found)}
}
