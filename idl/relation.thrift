// HTTP contract: follows, friends and chat. Annotations are described in core.thrift.
namespace go relation

include "core.thrift"

struct RelationReq {
    1: required string token
    2: required i64 to_user_id (api.vd = "TO_USER_ID")
    3: required i32 action_type (api.vd = "FOLLOW_ACTION")
}

struct RelationResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Follow or unfollow a user. Repeating either changes nothing.
service RelationService {
    RelationResp RelationMethod(1: RelationReq request) (api.post = "/douyin/relation/action/", api.auth = "required", api.limit = "follows")
}

struct FollowListReq {
    1: required string token
    2: required i64 user_id                 // 0 or absent over HTTP: the user of the token
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct FollowListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: list<core.User> user_list            // newest first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The users that a user follows, a page at a time.
service FollowListService {
    FollowListResp FollowListMethod(1: FollowListReq request) (api.get = "/douyin/relation/follow/list/", api.auth = "optional")
}

struct FollowerListReq {
    1: required string token
    2: required i64 user_id                 // 0 or absent over HTTP: the user of the token
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct FollowerListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: list<core.User> user_list            // newest first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The users that follow a user, a page at a time.
service FollowerListService {
    FollowerListResp FollowerListMethod(1: FollowerListReq request) (api.get = "/douyin/relation/follower/list/", api.auth = "optional")
}

// The fields of core.User (Thrift has no inheritance) and the newest message between the two users.
struct FriendUser {
    1: required i64 id
    2: required string name
    3: required i64 follow_count
    4: required i64 follower_count
    5: required bool is_follow
    6: required string avatar
    7: required string background_image
    8: required string signature
    9: required string total_favourited
    10: required i64 work_count
    11: required i64 favorite_count
    12: optional i64 total_favorited
    13: optional string message             // empty if there is no message
    14: optional i64 msgType                // 0: the viewer received it, 1: the viewer sent it
}

struct FriendListReq {
    1: required string token
    2: required i64 user_id                 // 0 or absent over HTTP: the user of the token
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct FriendListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: list<FriendUser> user_list           // newest friendship first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The users that a user follows and is followed by, a page at a time.
service FriendListService {
    FriendListResp FriendListMethod(1: FriendListReq request) (api.get = "/douyin/relation/friend/list/", api.auth = "required")
}

struct Message {
    1: required i64 id
    2: required i64 to_user_id
    3: optional i64 from_user_id
    4: optional string content
    5: required i64 create_time             // ms
}

struct MessageChatReq {
    1: required string token
    2: required i64 to_user_id (api.vd = "TO_USER_ID")
    3: optional i64 pre_msg_time (api.time = "ms")     // only messages received after this time; 0: all, both ways
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest, or from pre_msg_time on
    101: optional i32 count (api.vd = "CHAT_COUNT")         // at most; unset: 1,000
}

struct MessageChatResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Message> message_list  // oldest first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The messages between the caller and a user, or those received since a time.
service MessageChatService {
    MessageChatResp MessageChatMethod(1: MessageChatReq request) (api.get = "/douyin/message/chat/", api.post = "/douyin/message/chat/", api.auth = "required")
}

// A chat with a user, whether friend or not.
struct Conversation {
    1: required core.User user              // the other one
    2: required Message message             // the newest
    3: required i32 unread                  // received since the last answer and mark; 100: or more
}

struct InboxReq {
    1: required string token
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "INBOX_COUNT")          // at most; unset: 50
}

struct InboxResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Conversation> conversation_list        // newest first
    4: required i64 next_cursor             // 0: nothing more
}

// The conversations of the caller with anybody whom the caller does not block, a page at a time.
service InboxService {
    InboxResp InboxMethod(1: InboxReq request) (api.get = "/douyin/message/inbox/", api.auth = "required")
}

struct ReadActionReq {
    1: required string token
    2: required i64 to_user_id (api.vd = "TO_USER_ID")
    3: required i64 read_until (api.time = "ms", api.vd = "UNTIL_MS")    // create_time of the last message read
}

struct ReadActionResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Mark a conversation as read. An earlier time than before changes nothing.
service ReadActionService {
    ReadActionResp ReadActionMethod(1: ReadActionReq request) (api.post = "/douyin/message/read/", api.auth = "required", api.limit = "reads")
}

struct EventsReq {
    1: required string token
}

// Only a refusal has a body of this form.
struct EventsResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Server-sent events: "changed" whenever the inbox or the friends of the caller may have changed. Ask for them then.
service EventsService {
    EventsResp EventsMethod(1: EventsReq request) (api.get = "/douyin/message/events/", api.auth = "required", api.stream = "true")
}

enum MessageAction {
    SEND = 1
}

struct MessageActionReq {
    1: required string token
    2: required i64 to_user_id (api.vd = "TO_USER_ID")
    3: required i32 action_type (api.vd = "MESSAGE_ACTION")
    4: required string content (api.vd = "MESSAGE", api.words = "true")
}

struct MessageActionResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Send a message to a user.
service MessageActionService {
    MessageActionResp MessageActionMethod(1: MessageActionReq request) (api.post = "/douyin/message/action/", api.auth = "required", api.limit = "messages")
}
