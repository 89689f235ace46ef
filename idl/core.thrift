// HTTP contract: accounts, the feed, publishing.
//
// Annotations, read at start-up by microkit/rpc/bounds.py, api/binding.py and api/routes.py:
//   api.get, api.post   the path of the method
//   api.auth            "required": needs a valid token; "optional": without a token the viewer is anonymous
//   api.limit           the rate limit of the method: the name of a setting LIMIT_NAME; see api/limits.py, api/guesses.py
//   api.stream          "true": the answer does not end: server-sent events
//   api.settles         "true": answered when no cache has an older state any more; see api/middleware.py
//   api.vd              the bound of the field: the name of a constant in bounds.thrift
//   api.when            the field is read only if an earlier field has this value
//   api.file            what the uploaded file is: "video" or "picture"; see api/upload.py
//   api.words           "true": others read the text, so it must not contain a word of WORDS_FILE
//   api.time            "ms": milliseconds; a value below 1e11 is taken as seconds and converted
//   api.lenient         "true": a malformed value is treated as absent
//   status              how a response reports success or failure: see microkit/rpc/status.py
namespace go core

// A user as the viewer sees it. is_follow: does the viewer follow this user?
struct User {
    1: required i64 id
    2: required string name
    3: required i64 follow_count
    4: required i64 follower_count
    5: required bool is_follow
    6: required string avatar               // absolute URL
    7: required string background_image     // absolute URL
    8: required string signature
    9: required string total_favourited     // likes received, as text (the original's spelling)
    10: required i64 work_count
    11: required i64 favorite_count
    12: optional i64 total_favorited        // added: likes received, as a number
}

struct Video {
    1: required i64 id
    2: required User author
    3: required string play_url             // absolute URL
    4: required string cover_url            // absolute URL
    5: required i64 favorite_count
    6: required i64 comment_count
    7: required bool is_favorite
    8: required string title
    100: optional string hls_url            // absolute URL of an HLS playlist with several qualities
}

struct FeedReq {
    1: optional i64 latest_time (api.time = "ms", api.lenient = "true")    // only videos published before this time
    2: optional string token
}

struct FeedResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Video> video_list      // newest first
    4: required i64 next_time               // ms: latest_time of the next page
}

// The newest videos before a time, at most 30. The next page follows with next_time as latest_time.
service FeedServer {
    FeedResp FeedMethod(1: FeedReq request) (api.get = "/douyin/feed/", api.auth = "optional")
}

struct LoginReq {
    1: required string username (api.vd = "USERNAME")
    2: required string password (api.vd = "PASSWORD")
}

struct LoginResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required i64 user_id
    4: required string token
}

// Log in: the id of the user, and a token for the other methods.
service LoginServer {
    LoginResp LoginMethod(1: LoginReq request) (api.post = "/douyin/user/login/", api.limit = "logins")
}

struct RegisterReq {
    1: required string username (api.vd = "USERNAME", api.words = "true")
    2: optional string password (api.vd = "CHOSEN_PASSWORD")    // needed, although the original has it optional
}

struct RegisterResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required i64 user_id
    4: required string token
}

// Create an account and log in.
service RegisterServer {
    RegisterResp RegisterMethod(1: RegisterReq request) (api.post = "/douyin/user/register/", api.limit = "registrations")
}

struct UserInfoReq {
    1: required i64 user_id                 // 0 or absent over HTTP: the user of the token
    2: required string token
}

struct UserInfoResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required User user
}

// One user.
service UserInfoServer {
    UserInfoResp UserInfoMethod(1: UserInfoReq request) (api.get = "/douyin/user/", api.auth = "optional")
}

struct EditUserReq {
    1: required string token
    2: optional string name (api.vd = "USERNAME", api.words = "true")      // unset: stays
    3: optional string signature (api.vd = "BIO", api.words = "true")       // unset: stays; empty: the default
}

struct EditUserResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Change the caller's name or signature. Every later request sees the change: the answer takes two seconds.
service EditUserService {
    EditUserResp EditUserMethod(1: EditUserReq request) (api.post = "/douyin/user/edit/", api.auth = "required", api.limit = "profiles", api.settles = "true")
}

struct ChangePasswordReq {
    1: required string token
    2: required string old_password (api.vd = "PASSWORD")
    3: required string new_password (api.vd = "CHOSEN_PASSWORD")
}

struct ChangePasswordResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required string token                // replaces the caller's
}

// Change the caller's password. All tokens of the account end, this one too; the answer has a new one.
service ChangePasswordService {
    ChangePasswordResp ChangePasswordMethod(1: ChangePasswordReq request) (api.post = "/douyin/user/password/", api.auth = "required", api.limit = "passwords", api.settles = "true")
}

struct EndSessionsReq {
    1: required string token
}

struct EndSessionsResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Log out everywhere: all tokens of the account end.
service EndSessionsService {
    EndSessionsResp EndSessionsMethod(1: EndSessionsReq request) (api.post = "/douyin/user/logout/", api.auth = "required", api.limit = "profiles", api.settles = "true")
}

// The values of SetPictureReq.kind.
enum PictureKind {
    AVATAR = 1
    BACKGROUND = 2
}

struct SetPictureReq {
    1: required string token
    2: required i32 kind (api.vd = "PICTURE_KIND")
    3: required binary data (api.file = "picture")          // JPEG, PNG or WebP, at most 10 MB and 64 million pixels
}

struct SetPictureResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required string url                  // absolute URL of the new picture
}

// Added: change the caller's avatar or background to an uploaded picture. Its middle is cut out, a square of at most 400
// pixels or 16:9 of at most 1280; metadata is removed. Every later request sees the change: the answer takes two seconds.
service SetPictureService {
    SetPictureResp SetPictureMethod(1: SetPictureReq request) (api.post = "/douyin/user/picture/", api.auth = "required", api.limit = "profiles", api.settles = "true")
}

struct RemovePictureReq {
    1: required string token
    2: required i32 kind (api.vd = "PICTURE_KIND")
}

struct RemovePictureResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required string url                  // absolute URL of what is shown instead
}

// Added: remove the caller's own avatar or background; the drawn one is shown again.
service RemovePictureService {
    RemovePictureResp RemovePictureMethod(1: RemovePictureReq request) (api.post = "/douyin/user/picture/delete/", api.auth = "required", api.limit = "profiles", api.settles = "true")
}

struct PublishActionReq {
    1: required string token
    2: required binary data (api.file = "video")    // streamed to disk, never held in memory as a whole
    3: required string title (api.vd = "TITLE", api.words = "true")
}

struct PublishActionResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    100: optional bool processing           // true: it is published when it has been converted
}

// Publish a video; it gets a cover, and is in the lists at once, or when it has been converted to play everywhere.
service PublishActionServer {
    PublishActionResp PublishActionMethod(1: PublishActionReq request) (api.post = "/douyin/publish/action/", api.auth = "required", api.limit = "publishes")
}

struct PublishListReq {
    1: required i64 user_id                 // 0 or absent over HTTP: the user of the token
    2: required string token
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct PublishListResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Video> video_list      // newest first
    100: optional i64 next_cursor          // always set; 0: nothing more
}

// The videos of a user, a page at a time.
service PublishListServer {
    PublishListResp PublishListMethod(1: PublishListReq request) (api.get = "/douyin/publish/list/", api.auth = "optional")
}

struct PublishProcessingReq {
    1: required string token
}

// A video that is being converted. Only its author sees it, until it is published.
struct ProcessingVideo {
    1: required i64 id
    2: required string title
    3: required string cover_url            // absolute URL
    4: required i32 progress                // percent
    5: required bool failed                 // it cannot be converted
}

struct PublishProcessingResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<ProcessingVideo> video_list    // newest first, at most 100
}

// Added: the viewer's own videos that are being converted, because what was uploaded does not play everywhere.
service PublishProcessingServer {
    PublishProcessingResp PublishProcessingMethod(1: PublishProcessingReq request) (api.get = "/douyin/publish/processing/", api.auth = "required")
}

struct PublishDeleteReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
}

struct PublishDeleteResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Added: delete a video of one's own, with its likes, comments and files. Repeating it changes nothing.
service PublishDeleteServer {
    PublishDeleteResp PublishDeleteMethod(1: PublishDeleteReq request) (api.post = "/douyin/publish/delete/", api.auth = "required", api.limit = "removals")
}

struct PublishCoversReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
}

// A cover that the author of a video can choose.
struct Cover {
    1: required string cover_url            // absolute URL
    2: required bool chosen                 // everybody sees this one
}

struct PublishCoversResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
    3: required list<Cover> cover_list      // at most 4; the first is the one that it was published with
}

// Added: the covers that the viewer can choose from for a video of one's own. There are several when it has been converted.
service PublishCoversServer {
    PublishCoversResp PublishCoversMethod(1: PublishCoversReq request) (api.get = "/douyin/publish/covers/", api.auth = "required")
}

struct PublishCoverReq {
    1: required string token
    2: required i64 video_id (api.vd = "VIDEO_ID")
    3: required i32 cover (api.vd = "COVER")                // its position in cover_list, from 0 on
}

struct PublishCoverResp {
    1: required i32 status_code (status = "envelope")
    2: optional string status_msg
}

// Added: choose the cover of a video of one's own. All see it from now on; the others can still be chosen.
service PublishCoverServer {
    PublishCoverResp PublishCoverMethod(1: PublishCoverReq request) (api.post = "/douyin/publish/cover/", api.auth = "required", api.limit = "profiles")
}
