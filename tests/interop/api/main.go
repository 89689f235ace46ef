//go:build original

// Command api is an HTTP API in front of the five services, written as the original's handlers are: it
// calls with the original's Kitex, and reads the optional fields that the original's services always
// set without a check. A field that is missing is an answer 500.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/cloudwego/kitex/client"

	"interop/kitex_gen/commentmicro/commentservice"
	"interop/kitex_gen/favoritemicro/favoriteservice"
	"interop/kitex_gen/relationmicro/messageservice"
	"interop/kitex_gen/relationmicro/relationservice"
	"interop/kitex_gen/usermicro/userservice"
	"interop/kitex_gen/videomicro/videoservice"
)

type body = map[string]interface{}

// api has a client of each Thrift service and the tokens that it issued.
type api struct {
	users     userservice.Client
	videos    videoservice.Client
	relations relationservice.Client
	messages  messageservice.Client
	favorites favoriteservice.Client
	comments  commentservice.Client

	lock   sync.Mutex
	tokens map[string]int64
}

// call is one request: its arguments, and who makes it (0: nobody).
type call struct {
	context.Context
	request *http.Request
	viewer  int64
}

func (c call) text(name string) string { return c.request.FormValue(name) }

func (c call) number(name string) int64 {
	number, _ := strconv.ParseInt(c.text(name), 10, 64)
	return number
}

// whose gives the user that a list belongs to.
func (c call) whose() int64 {
	if id := c.number("user_id"); id != 0 {
		return id
	}
	return c.viewer
}

var needsLogin = map[string]bool{
	"publish/action": true, "favorite/action": true, "comment/action": true, "relation/action": true,
	"relation/friend/list": true, "message/chat": true, "message/action": true,
}

func main() {
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	hosts := flag.String("hosts", "", "name=host:port,…")
	flag.Parse()
	known := map[string]client.Option{}
	for _, pair := range strings.Split(*hosts, ",") {
		name, host, _ := strings.Cut(pair, "=")
		known[name] = client.WithHostPorts(host)
	}
	a := &api{
		users:     userservice.MustNewClient("userservice", known["userservice"]),
		videos:    videoservice.MustNewClient("videoservice", known["videoservice"]),
		relations: relationservice.MustNewClient("relationservice", known["relationservice"]),
		messages:  messageservice.MustNewClient("relationservice", known["relationservice"]),
		favorites: favoriteservice.MustNewClient("favoriteservice", known["favoriteservice"]),
		comments:  commentservice.MustNewClient("commentservice", known["commentservice"]),
		tokens:    map[string]int64{},
	}
	routes := map[string]func(call) body{
		"feed": a.feed, "user/register": a.register, "user/login": a.login, "user": a.user,
		"publish/action": a.publish, "publish/list": a.published,
		"favorite/action": a.favorite, "favorite/list": a.favorited,
		"comment/action": a.comment, "comment/list": a.commented,
		"relation/action": a.follow, "relation/follow/list": a.following,
		"relation/follower/list": a.followers, "relation/friend/list": a.friends,
		"message/chat": a.chat, "message/action": a.send,
	}
	for path, handle := range routes {
		http.HandleFunc("/douyin/"+path+"/", a.serve(handle))
	}
	if err := http.ListenAndServe(*address, nil); err != nil {
		panic(err)
	}
}

// serve answers JSON, and 500 where a handler panics.
func (a *api) serve(handle func(call) body) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				fmt.Fprintln(os.Stderr, request.URL.Path, cause)
				writer.WriteHeader(http.StatusInternalServerError)
			}
		}()
		a.lock.Lock()
		viewer := a.tokens[request.FormValue("token")]
		a.lock.Unlock()
		answer := failed(10004, "请先登录")
		if viewer != 0 || !needsLogin[strings.Trim(strings.TrimPrefix(request.URL.Path, "/douyin/"), "/")] {
			answer = handle(call{request.Context(), request, viewer})
		}
		writer.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(writer).Encode(answer)
	}
}

// issue makes a token; nothing here checks more than that it was issued.
func (a *api) issue(id int64) string {
	a.lock.Lock()
	defer a.lock.Unlock()
	token := fmt.Sprintf("token-%d-%d", id, len(a.tokens))
	a.tokens[token] = id
	return token
}

func done(fields body) body {
	fields["status_code"], fields["status_msg"] = 0, "success"
	return fields
}

func failed(code int32, text string) body { return body{"status_code": code, "status_msg": text} }

// broken is the answer to a call that a service did not answer.
func broken(error) body { return failed(10006, "服务暂不可用") }
