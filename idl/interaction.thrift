// HTTP contract: likes and comments. Annotations are described in core.thrift.
namespace go interaction

include "core.thrift"

struct FavoriteReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
    3: required i32 action_type (api.vd = "FAVORITE_ACTION")
}

struct FavoriteResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Like or unlike a video. Repeating either changes nothing.
service FavoriteServer {
    FavoriteResp FavoriteMethod(1: FavoriteReq request) (api.post = "/douyin/favorite/action/", api.auth = "required", api.limit = "likes")
}

struct FavoriteListReq {
    1: required string token
    2: required i64 user_id                     // 0 or absent over HTTP: the user of the token
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct FavoriteListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<core.Video> video_list     // newest like first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The videos that a user likes, a page at a time.
service FavoriteListServer {
    FavoriteListResp FavoriteListMethod(1: FavoriteListReq request) (api.get = "/douyin/favorite/list/", api.auth = "optional")
}

struct Comment {
    1: required i64 id
    2: required core.User user
    3: required string content
    4: required string create_date              // "mm-dd"
}

struct CommentReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
    3: required i32 action_type (api.vd = "COMMENT_ACTION")
    4: optional string comment_text (api.when = "action_type == 1", api.vd = "COMMENT", api.words = "true")
    5: optional i64 comment_id (api.when = "action_type == 2", api.vd = "COMMENT_ID")
}

struct CommentResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: optional Comment comment                 // action_type 1 only
}

// Comment on a video, or delete a comment: of one's own, or on one's own video.
service CommentServer {
    CommentResp CommentMethod(1: CommentReq request) (api.post = "/douyin/comment/action/", api.auth = "required", api.limit = "comments")
}

struct CommentListReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct CommentListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Comment> comment_list      // newest first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The comments on a video, a page at a time.
service CommentListServer {
    CommentListResp CommentListMethod(1: CommentListReq request) (api.get = "/douyin/comment/list/", api.auth = "optional")
}
