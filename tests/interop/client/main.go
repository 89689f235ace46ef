// Command client calls the five services as any Kitex program does. It reads one call a line as JSON
// from standard input and writes one answer a line to standard output, in the order of their ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bytedance/gopkg/cloud/metainfo"
	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/retry"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"interop/kitex_gen/commentmicro/commentservice"
	"interop/kitex_gen/favoritemicro/favoriteservice"
	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
	"interop/kitex_gen/usermicro/userservice"
	"interop/kitex_gen/videomicro/videoservice"
)

type call struct {
	ID      int               `json:"id"`
	Service string            `json:"service"`
	Method  string            `json:"method"`
	Request json.RawMessage   `json:"request"`
	Persist map[string]string `json:"persist"`
	Timeout int               `json:"timeout_ms"`
}

type answer struct {
	ID       int         `json:"id"`
	Response interface{} `json:"response,omitempty"`
	Error    string      `json:"error,omitempty"`
	Kind     int32       `json:"kind,omitempty"`
}

var transports = map[string]transport.Protocol{
	"pure":            transport.PurePayload,
	"framed":          transport.Framed,
	"ttheader":        transport.TTHeader,
	"ttheader_framed": transport.TTHeaderFramed,
}

func main() {
	how := flag.String("transport", "framed", "pure, framed, ttheader, ttheader_framed")
	short := flag.Bool("short", false, "a connection for each call")
	hosts := flag.String("hosts", "", "name=host:port,…; without them etcd is asked")
	etcd := flag.String("etcd", "", "endpoint of etcd")
	bench := flag.Int("bench", 0, "make the first call this often, by -workers, and say how long it took")
	workers := flag.Int("workers", 1, "for -bench")
	timeout := flag.Duration("rpc-timeout", 5*time.Second, "of every call")
	pool := flag.Int("pool", 64, "how many connections to an address are kept")
	multiplexed := flag.Int("multiplexed", 0, "send all calls over so many connections")
	retries := flag.Int("retries", 0, "how often a call that failed is made again")
	backup := flag.Uint("backup", 0, "make a call again that takes longer than so many ms")
	flag.Parse()

	options := []client.Option{
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
		client.WithRPCTimeout(*timeout),
		client.WithConnectTimeout(time.Second), // 50 ms by default: a busy machine takes longer
	}
	if *how != "pure" { // which is what Kitex calls the lack of a protocol
		options = append(options, client.WithTransportProtocol(transports[*how]))
	} else {
		options = append(options, client.WithTransportProtocol(transport.PurePayload))
	}
	switch {
	case *multiplexed > 0:
		options = append(options, client.WithMuxConnection(*multiplexed))
	case *short:
		options = append(options, client.WithShortConnection())
	default:
		options = append(options, client.WithLongConnection(connpool.IdleConfig{
			MaxIdlePerAddress: *pool, MaxIdleGlobal: 4 * *pool, MaxIdleTimeout: time.Minute,
		}))
	}
	if *retries > 0 {
		policy := retry.NewFailurePolicy()
		policy.WithMaxRetryTimes(*retries)
		policy.WithMaxDurationMS(0)
		options = append(options, client.WithFailureRetry(policy))
	}
	if *backup > 0 {
		options = append(options, client.WithBackupRequest(retry.NewBackupPolicy(uint32(*backup))))
	}
	clients := connect(options, *hosts, *etcd)
	if *bench > 0 {
		measure(clients, *bench, *workers)
		return
	}
	serve(clients)
}

// connect makes a client for each service; a service of two Thrift services has two.
func connect(options []client.Option, hosts, etcd string) map[string]interface{} {
	known := map[string]string{}
	for _, pair := range strings.Split(hosts, ",") {
		if name, host, ok := strings.Cut(pair, "="); ok {
			known[name] = host
		}
	}
	with := func(name string) []client.Option {
		all := append([]client.Option{}, options...)
		if host, ok := known[name]; ok {
			return append(all, client.WithHostPorts(host))
		}
		return append(all, resolver(etcd)...)
	}
	return map[string]interface{}{
		"UserService":     userservice.MustNewClient("userservice", with("userservice")...),
		"VideoService":    videoservice.MustNewClient("videoservice", with("videoservice")...),
		"RelationService": relationservice.MustNewClient("relationservice", with("relationservice")...),
		"MessageService":  messageservice.MustNewClient("relationservice", with("relationservice")...),
		"FavoriteService": favoriteservice.MustNewClient("favoriteservice", with("favoriteservice")...),
		"CommentService":  commentservice.MustNewClient("commentservice", with("commentservice")...),
	}
}

func serve(clients map[string]interface{}) {
	var writing sync.Mutex
	var running sync.WaitGroup
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for lines.Scan() {
		var asked call
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		running.Add(1)
		go func() {
			defer running.Done()
			given := do(clients, asked)
			writing.Lock()
			defer writing.Unlock()
			_ = output.Encode(given)
		}()
	}
	running.Wait()
}

func do(clients map[string]interface{}, asked call) answer {
	ctx := context.Background()
	for key, value := range asked.Persist {
		ctx = metainfo.WithPersistentValue(ctx, key, value)
	}
	if asked.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(asked.Timeout)*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	method := reflect.ValueOf(clients[asked.Service]).MethodByName(asked.Method)
	request := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(asked.Request, request.Interface()); err != nil {
		return answer{ID: asked.ID, Error: err.Error(), Kind: -1}
	}
	results := method.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	if err, _ := results[1].Interface().(error); err != nil {
		return answer{ID: asked.ID, Error: err.Error(), Kind: kind(err)}
	}
	return answer{ID: asked.ID, Response: results[0].Interface()}
}

// kind finds the number of a TApplicationException in an error's chain.
func kind(err error) int32 {
	for ; err != nil; err = errors.Unwrap(err) {
		if numbered, ok := err.(interface{ TypeId() int32 }); ok {
			return numbered.TypeId()
		}
		if numbered, ok := err.(interface{ TypeID() int32 }); ok {
			return numbered.TypeID()
		}
	}
	return 0
}

// used gives the CPU seconds of this process so far.
func used() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func measure(clients map[string]interface{}, times, workers int) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	lines.Scan()
	var asked call
	if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
		panic(err)
	}
	method := reflect.ValueOf(clients[asked.Service]).MethodByName(asked.Method)
	request := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(asked.Request, request.Interface()); err != nil {
		panic(err)
	}
	arguments := []reflect.Value{reflect.ValueOf(context.Background()), request}
	method.Call(arguments)
	before, started := used(), time.Now()
	var running sync.WaitGroup
	for range make([]struct{}, workers) {
		running.Add(1)
		go func() {
			defer running.Done()
			for range make([]struct{}, times/workers) {
				if err, _ := method.Call(arguments)[1].Interface().(error); err != nil {
					panic(err)
				}
			}
		}()
	}
	running.Wait()
	seconds := time.Since(started).Seconds()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"seconds": seconds, "cpu_seconds": used() - before,
	})
}
