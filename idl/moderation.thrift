// HTTP contract: blocks and reports. All of it is an addition to the original.
// Annotations are described in core.thrift.
namespace go moderation

include "core.thrift"

struct BlockActionReq {
    1: required string token
    2: required i64 to_user_id (api.vd = "TO_USER_ID")
    3: required i32 action_type (api.vd = "BLOCK_ACTION")
}

struct BlockActionResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Block a user, or unblock. Between the two there are no follows, comments and messages, and neither sees the other in
// lists. A block ends follows; unblocking does not bring them back.
service BlockActionServer {
    BlockActionResp BlockActionMethod(1: BlockActionReq request) (api.post = "/douyin/block/action/", api.auth = "required", api.limit = "blocks")
}

struct BlockListReq {
    1: required string token
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 50
}

struct BlockListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<core.User> user_list   // newest first
    4: optional i64 next_cursor             // always set; 0: nothing more
}

// The users that the user of the token blocks, a page at a time.
service BlockListServer {
    BlockListResp BlockListMethod(1: BlockListReq request) (api.get = "/douyin/block/list/", api.auth = "required")
}

struct ReportReq {
    1: required string token
    2: required i32 kind (api.vd = "REPORTED_KIND")         // 1 video, 2 comment, 3 user
    3: required i64 target_id (api.vd = "TARGET_ID")        // its id
    4: optional string reason (api.vd = "REASON")
}

struct ReportResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Report a video, a comment or a user to the operators. Repeating it changes nothing.
service ReportServer {
    ReportResp ReportMethod(1: ReportReq request) (api.post = "/douyin/report/", api.auth = "required", api.limit = "reports")
}
