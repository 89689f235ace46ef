// userservice, port 10000: accounts.
//
// Annotations of all RPC contracts:
//   status       how a response reports success or failure (see microkit/rpc/status.py):
//                flag      a bool; number and text of a failure are in status_code and status_msg
//                numbered  0 is success, 10001 and above are failures
//                relation  1 success, 0 error, 2 bad parameter
//   unnumbered   the error number and text of a failure without a number: the original services send those
//   api.vd       the bound of the field: the name of a constant in bounds.thrift
//   api.when     the bound applies only if another field has this value
// Error numbers are in errors.thrift.
// Fields with ids from 100 on and methods below a line "added" are additions to the original contract.
namespace go usermicro
namespace java usermicro

// The defaults of a new account. The pictures are object keys.
const string DEFAULT_AVATAR = "default/avatar.png"
const string DEFAULT_BACKGROUND_IMAGE = "default/background.png"
const string DEFAULT_SIGNATURE = "这个人很懒，什么都没有留下"

// The five counts are copies that the Update… methods wrote. The current counts are in the services that own them.
struct UserInfo {
    1: required i64 id
    2: required string name
    3: optional string email
    4: required i64 follow_count
    5: required i64 follower_count
    6: required string avatar               // an object key or an absolute URL
    7: required string background_image     // an object key or an absolute URL
    8: required string signature
    9: required i64 total_favorited
    10: required i64 work_count
    11: required i64 favorite_count
    100: optional bool hidden           // true: by an operator; unset otherwise
}

struct CreateUserInfo {
    1: required string name (api.vd = "USERNAME")
    2: optional string email (api.vd = "EMAIL")
    3: optional string avatar (api.vd = "AVATAR")
    4: optional string background_image (api.vd = "BACKGROUND_IMAGE")
    5: optional string signature (api.vd = "SIGNATURE")
}

struct UpdateUserInfo {
    1: optional string email (api.vd = "EMAIL")
    2: optional string password (api.vd = "NEW_PASSWORD")
    3: optional string avatar (api.vd = "AVATAR")
    4: optional string background_image (api.vd = "BACKGROUND_IMAGE")
    5: optional string signature (api.vd = "SIGNATURE")
}

struct UpdateRelationCache {
    1: required i64 follow_count (api.vd = "COUNT")
    2: required i64 follower_count (api.vd = "COUNT")
}

struct UpdateInteractionCache {
    1: required i64 total_favorited (api.vd = "COUNT")
    2: required i64 favorite_count (api.vd = "COUNT")
}

struct UpdateWorkCache {
    1: required i64 work_count (api.vd = "COUNT")
}

struct LoginUserReq {
    1: required string name
    3: required string password
}

struct LoginUserResp {
    1: required bool status (status = "flag", unnumbered = "10004 用户名或密码错误")
    2: optional i64 user_id
    100: optional i32 status_code
    101: optional string status_msg
    102: optional i64 generation            // how often the sessions of the account were ended
}

// By id; by name if id is unset.
struct GetUserReq {
    1: optional i64 id
    2: optional string name
}

struct GetUserResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    2: optional UserInfo user
    100: optional i32 status_code
    101: optional string status_msg
}

struct GetUserSetByIdSetReq {
    1: optional list<i64> id_set
}

// The users that exist, in any order.
struct GetUserSetByIdSetResp {
    1: required bool status (status = "flag")
    2: optional list<UserInfo> user_set
    100: optional i32 status_code
    101: optional string status_msg
}

struct CreateUserReq {
    1: required CreateUserInfo newuser
    2: required string password (api.vd = "PASSWORD")
}

struct CreateUserResp {
    1: required bool status (status = "flag", unnumbered = "10003 用户名已存在")
    2: optional i64 user_id
    100: optional i32 status_code
    101: optional string status_msg
}

struct UpdateUserReq {
    1: required i64 id
    3: required UpdateUserInfo update_data
}

struct UpdateUserResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

struct UpdateRelationCacheReq {
    1: required i64 id
    2: required UpdateRelationCache new_data
}

struct UpdateRelationCacheResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

struct UpdateInteractionCacheReq {
    1: required i64 id
    2: required UpdateInteractionCache new_data
}

struct UpdateInteractionCacheResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

struct UpdateWorkCacheReq {
    1: required i64 id
    2: required UpdateWorkCache new_data
}

struct UpdateWorkCacheResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: change what an account shows; what is unset stays.
struct EditUserReq {
    1: required i64 id
    2: optional string name (api.vd = "USERNAME")
    3: optional string signature (api.vd = "SIGNATURE")     // empty: the default
    4: optional string avatar (api.vd = "AVATAR")
    5: optional string background_image (api.vd = "BACKGROUND_IMAGE")
}

struct EditUserResp {
    1: required bool status (status = "flag")
    2: optional list<string> replaced       // keys of the pictures that the account no longer refers to
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: change a password and end all sessions.
struct ChangePasswordReq {
    1: required i64 id
    2: required string old_password
    3: required string password (api.vd = "CHOSEN_PASSWORD")        // the new one
}

// Added: end all sessions of an account.
struct EndSessionsReq {
    1: required i64 id
}

struct EndSessionsResp {
    1: required bool status (status = "flag")
    2: optional i64 generation              // tokens with a lower one are not valid
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: the accounts whose sessions were ended at a time or later, up to 1,000, the earliest first.
struct GetEndedSessionsReq {
    1: required i64 since_ms
}

struct GetEndedSessionsResp {
    1: required bool status (status = "flag")
    2: optional list<i64> user_ids
    3: optional list<i64> generations       // of these users
    4: optional i64 last_ms                 // of the last one
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: people by the words of their names, see SearchVideosReq in videomicro.thrift.
struct SearchUsersReq {
    1: required string words (api.vd = "WORDS")
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest account
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// A page: on the first one the person of exactly this name first, then the newest accounts. It may be short.
struct SearchUsersResp {
    1: required bool status (status = "flag")
    2: optional list<i64> ids
    3: optional i64 next_cursor         // 0: nothing more
    100: optional i32 status_code
    101: optional string status_msg
}

// The values of Report.kind.
enum ReportedKind {
    VIDEO = 1
    COMMENT = 2
    USER = 3
}

// Added: report something to the operators; stored once for each person and target, the first time.
struct ReportReq {
    1: required i64 reporter_id (api.vd = "USER_ID")
    2: required i32 kind (api.vd = "REPORTED_KIND")         // a ReportedKind
    3: required i64 target_id (api.vd = "TARGET_ID")
    4: optional string reason (api.vd = "REASON")
}

struct ReportResp {
    1: required bool status (status = "flag")
    100: optional i32 status_code
    101: optional string status_msg
}

struct Report {
    1: required i64 id
    2: required i64 reporter_id
    3: required i32 kind
    4: required i64 target_id
    5: required string reason
    6: required i64 created_ms          // ms since 1970
}

// Added: the reports, newest first; for operators.
struct GetReportsReq {
    1: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    2: optional i32 count (api.vd = "REPORT_COUNT")         // at most; unset: 100
}

struct GetReportsResp {
    1: required bool status (status = "flag")
    2: optional list<Report> reports
    3: optional i64 next_cursor         // 0: nothing more
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: hide a person or show them again; for operators. A hidden person cannot log in.
struct HideUserReq {
    1: required i64 id
    2: required bool hidden
}

struct HideUserResp {
    1: required bool status (status = "flag", unnumbered = "10007 用户不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

service UserService {
    GetUserResp GetUserMethod(1: GetUserReq request)
    GetUserSetByIdSetResp GetUserSetByIdSetMethod(1: GetUserSetByIdSetReq request)
    LoginUserResp LoginUserMethod(1: LoginUserReq request)
    CreateUserResp CreateUserMethod(1: CreateUserReq request)
    UpdateUserResp UpdateUserMethod(1: UpdateUserReq request)
    UpdateRelationCacheResp UpdateRelationMethod(1: UpdateRelationCacheReq request)
    UpdateInteractionCacheResp UpdateInteractionMethod(1: UpdateInteractionCacheReq request)
    UpdateWorkCacheResp UpdateWorkMethod(1: UpdateWorkCacheReq request)
    // added
    EditUserResp EditUserMethod(1: EditUserReq request)
    EndSessionsResp ChangePasswordMethod(1: ChangePasswordReq request)
    EndSessionsResp EndSessionsMethod(1: EndSessionsReq request)
    GetEndedSessionsResp GetEndedSessionsMethod(1: GetEndedSessionsReq request)
    SearchUsersResp SearchUsersMethod(1: SearchUsersReq request)
    ReportResp ReportMethod(1: ReportReq request)
    GetReportsResp GetReportsMethod(1: GetReportsReq request)
    HideUserResp HideUserMethod(1: HideUserReq request)
}
