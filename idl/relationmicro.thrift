// Follows, friends and messages: relationservice, port 10002, which serves both services below.
// Annotations and additions: see usermicro.thrift.
namespace go relationmicro

struct User {
    1: required i64 id
    2: required string name                 // empty where only ids were asked for
    3: optional i64 follow_count
    4: optional i64 follower_count
    5: required bool is_follow              // does the viewer follow them
    6: optional string avatar
    7: optional string background_image
    8: optional string signature
    9: optional i64 total_favorited
    10: optional i64 work_count
    11: optional i64 favorite_count
    100: optional string message            // friend lists: the newest message between the two
    101: optional i64 msg_type              // friend lists: 0 the list's owner received it, 1 sent it
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

// The values of FollowReq.action_type, which stays the original contract's i32.
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
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

struct GetFollowInfoReq {
    1: optional i64 my_uid
    2: required i64 target_uid
}

struct GetFollowInfoResp {
    1: required i32 status_code (status = "relation")
    2: optional FollowInfo follow_info
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

// In the three lists `myId`/`myUid` is the viewer, for is_follow; the list is the target's.
struct GetFollowListReq {
    1: optional i64 myId
    2: required i64 targetId
    100: optional bool ids_only             // leave out what userservice knows: no call to it
}

struct GetFollowListResp {
    1: required i32 statusCode (status = "relation")
    2: required list<User> userList
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

struct GetFollowerListReq {
    1: optional i64 myId
    2: required i64 targetId
    100: optional bool ids_only
}

struct GetFollowerListResp {
    1: required i32 statusCode (status = "relation")
    2: required list<User> user_list
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

struct GetFriendListReq {
    1: optional i64 myUid
    2: required i64 targetUid
    100: optional bool ids_only
}

struct GetFriendListResp {
    1: required i32 status_code (status = "relation")
    2: optional list<User> friend_list
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

struct GetIsFollowsReq {
    1: required i64 myUid
    2: required list<i64> userIds
}

struct GetIsFollowsResp {
    1: required i32 status_code (status = "relation")
    2: optional map<i64, bool> is_follow_map
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
}

// Added: the follow info of many users at once; without a viewer is_follow is false.
struct GetFollowInfosReq {
    1: optional i64 my_uid
    2: required list<i64> target_uids
}

struct GetFollowInfosResp {
    1: required i32 status_code (status = "relation")
    2: optional map<i64, FollowInfo> follow_info_map
    3: optional string msg
    100: optional i32 error_code             // a failure's number, as in the other contracts
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
}

struct Message {
    1: required i64 id
    2: required i64 to_user_id
    3: required i64 from_user_id
    4: required string content
    5: optional string create_time          // ms since 1970, in decimal
    100: optional i64 create_time_ms
}

struct GetAllMessageReq {
    1: required i64 user_id
    2: required i64 to_user_id
    100: optional i64 pre_msg_time          // ms: only what user_id received strictly after it; unset or 0: all, both ways
}

struct GetAllMessageResp {
    1: required bool status (status = "flag")
    2: required list<Message> msg           // oldest first
    100: optional i32 status_code
    101: optional string status_msg
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
    102: optional Message message           // as it was stored
}

service MessageService {
    GetAllMessageResp GetAllMessageMethod(1: GetAllMessageReq request)
    SendMessageResp SendMessageMethod(1: SendMessageReq request)
}
