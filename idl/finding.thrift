// HTTP contract: search, hashtags, and orders of the feed. All of it is an addition to the original.
// Annotations are described in core.thrift.
namespace go finding

include "core.thrift"

struct SearchVideosReq {
    1: required string words (api.vd = "WORDS")
    2: optional string token
    3: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    4: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 30
}

struct HashtagReq {
    1: required string hashtag (api.vd = "HASHTAG")         // with or without its sign
    2: optional string token
    3: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    4: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 30
}

struct FollowingReq {
    1: required string token
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 30
}

struct RecommendedReq {
    1: optional string token
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: start over
    3: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 30
}

// A page of videos. It may be short, even empty, before the last one.
struct VideoPageResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<core.Video> video_list
    4: optional i64 next_cursor             // always set; 0: nothing more
}

struct VideoReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: optional string token
}

struct VideoResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: optional core.Video video
}

struct SearchUsersReq {
    1: required string words (api.vd = "WORDS")
    2: optional string token
    3: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    4: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 30
}

struct SearchUsersResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<core.User> user_list
    4: optional i64 next_cursor             // always set; 0: nothing more
}

struct Hashtag {
    1: required string name                 // in its normal form, without the sign
    2: required i64 video_count
}

struct SuggestReq {
    1: optional string prefix (api.vd = "PREFIX")           // with or without the sign; empty: any hashtag
    2: optional i32 count (api.vd = "SUGGESTIONS")          // at most; unset: 10
    3: optional string token
}

struct SuggestResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Hashtag> hashtag_list  // those of the most videos first
}

// Videos by the words of their titles, newest first. Words may be incomplete at their end.
service SearchVideosServer {
    VideoPageResp SearchVideosMethod(1: SearchVideosReq request) (api.get = "/douyin/search/video/", api.auth = "optional", api.limit = "searches")
}

// People by the words of their names: the one of exactly this name, then the newest accounts.
service SearchUsersServer {
    SearchUsersResp SearchUsersMethod(1: SearchUsersReq request) (api.get = "/douyin/search/user/", api.auth = "optional", api.limit = "searches")
}

// Videos with a hashtag in their titles, newest first.
service HashtagServer {
    VideoPageResp HashtagMethod(1: HashtagReq request) (api.get = "/douyin/hashtag/", api.auth = "optional", api.limit = "searches")
}

// Hashtags that begin with a text.
service SuggestServer {
    SuggestResp SuggestMethod(1: SuggestReq request) (api.get = "/douyin/hashtag/suggest/", api.auth = "optional", api.limit = "searches")
}

// Videos of the people that the user of the token follows, newest first; of the 300 followed last.
service FollowingServer {
    VideoPageResp FollowingMethod(1: FollowingReq request) (api.get = "/douyin/feed/following/", api.auth = "required")
}

// Videos in the order of a score, without repeats: docs/recommendation.md.
service RecommendedServer {
    VideoPageResp RecommendedMethod(1: RecommendedReq request) (api.get = "/douyin/feed/recommended/", api.auth = "optional")
}

// One video.
service VideoServer {
    VideoResp VideoMethod(1: VideoReq request) (api.get = "/douyin/video/", api.auth = "optional")
}
