// relationservice, port 10002: follows, friends and messages. It serves both Thrift services below.
// Annotations and additions are described in usermicro.thrift.
namespace go relationmicro
namespace java relationmicro

struct User {
    1: required i64 id
    2: required string name                 // empty with ids_only
    3: optional i64 follow_count
    4: optional i64 follower_count
    5: required bool is_follow              // does the viewer follow this user?
    6: optional string avatar
    7: optional string background_image
    8: optional string signature
    9: optional i64 total_favorited
    10: optional i64 work_count
    11: optional i64 favorite_count
    100: optional string message            // friend lists: the newest message between the two users
    101: optional i64 msg_type              // friend lists: 0 received, 1 sent by the list's owner
}

struct FollowInfo {
    1: required i64 follow_count
    2: required i64 follower_count
    3: required bool is_follow
}

struct FriendInfo {
    1: required i64 id
    2: required string name
    3: optional i64 follow_count
    4: optional i64 follower_count
    5: required bool is_follow
    6: optional string avatar
    7: optional string background_image
    8: optional string signature
    9: optional i64 total_favorited
    10: optional i64 work_count
    11: optional i64 favorite_count
}

// The values of FollowReq.action_type, which is an i32 as in the original contract.
enum FollowAction {
    FOLLOW = 1
    UNFOLLOW = 2
}

struct FollowReq {
    1: required i64 my_uid
    2: required i64 target_uid
    3: required i32 action_type (api.vd = "FOLLOW_ACTION")    // a FollowAction
}

struct FollowResp {
    1: required i32 status_code (status = "relation", unnumbered = "10007 用户不存在")
    2: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
    101: optional bool changed              // false: it was so before
}

struct GetFollowInfoReq {
    1: optional i64 my_uid
    2: required i64 target_uid
}

struct GetFollowInfoResp {
    1: required i32 status_code (status = "relation")
    2: optional FollowInfo follow_info
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
}

// In the three list requests, myId or myUid is the viewer (for is_follow); targetId or targetUid owns the list.
struct GetFollowListReq {
    1: optional i64 myId
    2: required i64 targetId
    100: optional bool ids_only             // return only the ids of users: saves a call to userservice
    101: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    102: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct GetFollowListResp {
    1: required i32 statusCode (status = "relation")
    2: required list<User> userList
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
    101: optional i64 next_cursor          // 0: nothing more
    102: optional list<i64> user_ids        // with ids_only: the users, in place of userList
}

struct GetFollowerListReq {
    1: optional i64 myId
    2: required i64 targetId
    100: optional bool ids_only
    101: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    102: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct GetFollowerListResp {
    1: required i32 statusCode (status = "relation")
    2: required list<User> user_list
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
    101: optional i64 next_cursor          // 0: nothing more
    102: optional list<i64> user_ids        // with ids_only: the users, in place of user_list
}

struct GetFriendListReq {
    1: optional i64 myUid
    2: required i64 targetUid
    100: optional bool ids_only
    101: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    102: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct GetFriendListResp {
    1: required i32 status_code (status = "relation")
    2: optional list<User> friend_list
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
    101: optional i64 next_cursor          // 0: nothing more
}

struct GetIsFollowsReq {
    1: required i64 myUid
    2: required list<i64> userIds
}

struct GetIsFollowsResp {
    1: required i32 status_code (status = "relation")
    2: optional map<i64, bool> is_follow_map
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
}

// A viewer, and the users on that viewer's page. One call may carry several.
struct Viewed {
    1: required i64 viewer
    2: required list<i64> user_ids
}

// Added: the follow info of many users in one call. If my_uid is unset, is_follow is false.
struct GetFollowInfosReq {
    1: optional i64 my_uid
    2: required list<i64> target_uids
    100: optional list<Viewed> viewed       // several viewers at once, beside or in place of my_uid
    101: optional bool columns              // counts as lists instead of follow_info_map: cheaper to decode
}

struct GetFollowInfosResp {
    1: required i32 status_code (status = "relation")
    2: optional map<i64, FollowInfo> follow_info_map
    3: optional string msg
    100: optional i32 error_code             // the error number, as in errors.thrift
    101: optional list<list<i64>> followed  // of each in `viewed`: the users that the viewer follows
    102: optional list<i64> follow_counts   // with columns: of the distinct target_uids, in their order
    103: optional list<i64> follower_counts
    104: optional list<list<i64>> apart     // of each in `viewed`: the users of whom one blocks the other
}

// A page of a user's list.
struct PageKey {
    1: required i64 user_id
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// Added: pages of several lists in one call, at most 8.
struct GetFollowPagesReq {
    1: required list<PageKey> following     // users that the user follows
    2: required list<PageKey> followers     // users that follow the user
}

// The pages of `following` and then those of `followers`, in the order of the request.
struct GetFollowPagesResp {
    1: required i32 status_code (status = "relation")
    2: optional list<list<i64>> pages       // ids of users, newest first
    3: optional string msg
    4: optional list<i64> next_cursors      // of each page; 0: nothing more
    100: optional i32 error_code            // the error number, as in errors.thrift
}

// The values of BlockReq.action_type.
enum BlockAction {
    BLOCK = 1
    UNBLOCK = 2
}

// Added: block a user. Between two users of whom one blocks the other there are no follows and no messages; existing
// follows end, in both directions. Unblocking does not bring them back.
struct BlockReq {
    1: required i64 my_uid
    2: required i64 target_uid
    3: required i32 action_type (api.vd = "BLOCK_ACTION")     // a BlockAction
}

struct BlockResp {
    1: required i32 status_code (status = "relation")
    2: optional string msg
    100: optional i32 error_code            // the error number, as in errors.thrift
}

// Added: the users that a user blocks, up to 1,000.
struct GetBlockedReq {
    1: required i64 my_uid
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

struct GetBlockedResp {
    1: required i32 status_code (status = "relation")
    2: optional list<i64> user_ids          // newest first
    3: optional string msg
    4: optional i64 next_cursor             // 0: nothing more
    100: optional i32 error_code            // the error number, as in errors.thrift
}

service RelationService {
    FollowResp FollowMethod(1: FollowReq request)
    GetFollowInfoResp GetFollowInfoMethod(1: GetFollowInfoReq request)
    GetFollowListResp GetFollowListMethod(1: GetFollowListReq request)
    GetFollowerListResp GetFollowerListMethod(1: GetFollowerListReq request)
    GetFriendListResp GetFriendListMethod(1: GetFriendListReq request)
    GetIsFollowsResp GetIsFollowsMethod(1: GetIsFollowsReq request)
    // added
    GetFollowInfosResp GetFollowInfosMethod(1: GetFollowInfosReq request)
    GetFollowPagesResp GetFollowPagesMethod(1: GetFollowPagesReq request)
    BlockResp BlockMethod(1: BlockReq request)
    GetBlockedResp GetBlockedMethod(1: GetBlockedReq request)
}

struct Message {
    1: required i64 id
    2: required i64 to_user_id
    3: required i64 from_user_id
    4: required string content
    5: optional string create_time          // ms since 1970, as decimal text
    100: optional i64 create_time_ms
}

struct GetAllMessageReq {
    1: required i64 user_id
    2: required i64 to_user_id
    100: optional i64 pre_msg_time          // ms: only messages received after this time; unset or 0: all, both ways
    101: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest, or from pre_msg_time on
    102: optional i32 count (api.vd = "CHAT_COUNT")         // at most; unset: 1,000
}

struct GetAllMessageResp {
    1: required bool status (status = "flag")
    2: required list<Message> msg           // oldest first; the newest of the chat, or the oldest after pre_msg_time
    100: optional i32 status_code
    101: optional string status_msg
    102: optional i64 next_cursor          // 0: nothing more
}

struct SendMessageReq {
    1: required i64 user_id
    2: required i64 to_user_id
    3: required string content (api.vd = "MESSAGE")
}

struct SendMessageResp {
    1: required bool status (status = "flag")
    100: optional i32 status_code
    101: optional string status_msg
    102: optional Message message           // the message as stored
}

// Added: the conversations of a user, without those with people whom the user blocks.
struct GetInboxReq {
    1: required i64 user_id
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "INBOX_COUNT")          // at most; unset: 50
}

struct Conversation {
    1: required i64 user_id                 // the other one
    2: required Message message             // the newest
    3: required i32 unread                  // received since the last answer and mark; 100: or more
}

struct GetInboxResp {
    1: required bool status (status = "flag")
    2: optional list<Conversation> conversations    // newest first
    3: optional i64 next_cursor             // 0: nothing more
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: the user has read what the other one sent up to a time.
struct MarkReadReq {
    1: required i64 user_id
    2: required i64 to_user_id
    3: required i64 until_ms (api.vd = "UNTIL_MS")          // create_time_ms of the last message read
}

struct MarkReadResp {
    1: required bool status (status = "flag")
    2: optional bool changed                // false: it was marked before, or there is no conversation
    100: optional i32 status_code
    101: optional string status_msg
}

service MessageService {
    GetAllMessageResp GetAllMessageMethod(1: GetAllMessageReq request)
    SendMessageResp SendMessageMethod(1: SendMessageReq request)
    // added
    GetInboxResp GetInboxMethod(1: GetInboxReq request)
    MarkReadResp MarkReadMethod(1: MarkReadReq request)
}
