// commentservice, port 10004: comments. Annotations and additions are described in usermicro.thrift.
namespace go commentmicro
namespace java commentmicro

struct BaseResp {
    1: required i32 status_code
    2: string status_msg
}

struct User {
    1: required i64 id
    2: required string name                 // empty with ids_only
    3: optional i64 follow_count            // as stored by userservice; unset with ids_only
    4: optional i64 follower_count
    5: required bool is_follow
}

struct Comment {
    1: required i64 id
    2: required User user
    3: required string content
    4: required string create_date          // "mm-dd"
}

// The values of CommentReq.action_type, which is an i32 as in the original contract.
enum CommentAction {
    PUBLISH = 1
    DELETE = 2
}

struct CommentReq {
    1: required i64 user_id (api.when = "action_type == 1", api.vd = "USER_ID")
    2: required i64 video_id
    3: required i32 action_type (api.vd = "COMMENT_ACTION")   // a CommentAction
    4: optional string comment_text (api.when = "action_type == 1", api.vd = "COMMENT")
    5: optional i64 comment_id              // DELETE only
    100: optional bool ids_only             // return only the ids of users: saves a call to userservice
}

struct CommentResp {
    1: required i32 status_code (status = "numbered")
    2: string status_msg
    3: optional Comment comment             // PUBLISH only: the comment as stored
}

struct CommentListReq {
    1: required i64 user_id
    2: required i64 video_id
    100: optional bool ids_only
    101: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    102: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct CommentListResp {
    1: required i32 status_code (status = "numbered")
    2: string status_msg
    3: required list<Comment> comment_list  // newest first
    100: optional bool complete             // true: all comments; unset: only those of user_id
    101: optional i64 next_cursor          // 0: nothing more
}

struct VideosCommentCountReq {
    1: required list<i64> video_id_list
}

struct VideosCommentCountResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required map<i64, i64> comment_count_map
}

// A page of a video's comments.
struct CommentPageKey {
    1: required i64 video_id
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// Added: pages of several videos in one call, at most 8.
struct CommentPagesReq {
    1: required list<CommentPageKey> pages
}

// All comments, newest first, one page after the other, as columns: cheaper to decode than structs.
struct CommentPagesResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required list<i32> sizes             // comments of each page
    3: required list<i64> next_cursors      // of each page; 0: nothing more
    4: required list<i64> ids
    5: required list<i64> user_ids
    6: required list<string> contents
    7: required list<string> create_dates   // "mm-dd"
}

// Added: removes comments of a deleted video, up to 500 in one call.
struct ForgetVideoReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
}

struct ForgetVideoResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required bool more                   // whether comments are left
}

service CommentService {
    CommentResp CommentMethod(1: CommentReq request)
    CommentListResp CommentListMethod(1: CommentListReq request)
    VideosCommentCountResp VideosCommentCountMethod(1: VideosCommentCountReq request)
    // added
    CommentPagesResp CommentPagesMethod(1: CommentPagesReq request)
    ForgetVideoResp ForgetVideoMethod(1: ForgetVideoReq request)
}
