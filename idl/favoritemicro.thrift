// favoriteservice, port 10003: likes. Annotations and additions are described in usermicro.thrift.
namespace go favoritemicro
namespace java favoritemicro

struct BaseResp {
    1: required i32 status_code
    2: optional string status_msg
}

struct FavoriteListReq {
    1: required i64 user_id
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

struct FavoriteListResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required list<i64> video_id_list     // newest like first
    100: optional i64 next_cursor          // 0: nothing more
}

// The values of FavoriteReq.action_type, which is an i32 as in the original contract.
enum FavoriteAction {
    LIKE = 1
    UNLIKE = 2
}

struct FavoriteReq {
    1: required i64 user_id (api.vd = "USER_ID")
    2: required i64 video_id
    3: required i32 action_type (api.vd = "FAVORITE_ACTION")  // a FavoriteAction
}

struct FavoriteResp {
    1: required BaseResp base_resp (status = "numbered", unnumbered = "10007 视频不存在")
}

struct FavoriteRelationReq {
    1: required i64 user_id
    2: required i64 video_id
}

struct FavoriteRelationResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required bool is_favorite
}

struct FavoriteRelationsReq {
    1: required i64 user_id
    2: required list<i64> video_id_list
}

struct FavoriteRelationsResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required map<i64, bool> is_favorite_map
}

struct VideoFavoriteCountReq {
    1: required i64 video_id
}

struct VideoFavoriteCountResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required i64 favorite_count
}

struct UserFavoriteCountReq {
    1: required i64 user_id
}

struct UserFavoriteCountResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required i64 favorite_count          // likes given
    3: required i64 favorited_count         // likes received
}

struct VideosFavoriteCountReq {
    1: required list<i64> video_id_list
}

struct VideosFavoriteCountResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required map<i64, i64> favorite_count_map
}

struct UsersFavoriteCountReq {
    1: required list<i64> user_id_list
}

struct UsersFavoriteCountResp {
    1: required BaseResp base_resp (status = "numbered")
    3: required map<i64, list<i64>> favorite_count_map      // user id: [likes given, likes received]
}

// A viewer, and the videos on that viewer's page. One call may carry several.
struct Viewed {
    1: required i64 viewer
    2: required list<i64> video_ids
}

// Added: all likes that a page of videos and authors shows, in one call.
struct FavoriteSummaryReq {
    1: optional i64 user_id                 // the viewer; if unset, is_favorite is false
    2: required list<i64> video_id_list
    3: required list<i64> user_id_list
    100: optional list<Viewed> viewed       // several viewers at once, beside or in place of user_id
    101: optional bool columns              // counts as lists, the maps empty: cheaper to decode
}

struct FavoriteSummaryResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required map<i64, i64> video_favorite_count_map
    3: required map<i64, bool> is_favorite_map
    4: required map<i64, list<i64>> user_favorite_count_map // user id: [likes given, likes received]
    100: optional list<list<i64>> liked     // of each in `viewed`: the videos that the viewer likes
    101: optional list<i64> video_counts    // with columns: of the distinct video_id_list, in its order
    102: optional list<i64> given_counts    // of the distinct user_id_list, in its order
    103: optional list<i64> received_counts
}

// A page of the videos that a user likes.
struct PageKey {
    1: required i64 user_id
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// Added: pages of several users' likes in one call, at most 8.
struct FavoritePagesReq {
    1: required list<PageKey> pages
}

struct FavoritePagesResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required list<list<i64>> pages       // ids of videos, newest like first
    3: required list<i64> next_cursors      // of each page; 0: nothing more
}

// Added: removes likes of a deleted video, up to 200 in one call.
struct ForgetVideoReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
}

struct ForgetVideoResp {
    1: required BaseResp base_resp (status = "numbered")
    2: required bool more                   // whether likes are left
}

service FavoriteService {
    FavoriteResp FavoriteMethod(1: FavoriteReq request)
    FavoriteListResp FavoriteListMethod(1: FavoriteListReq request)
    FavoriteRelationResp FavoriteRelationMethod(1: FavoriteRelationReq request)
    FavoriteRelationsResp FavoriteRelationsMethod(1: FavoriteRelationsReq request)
    VideoFavoriteCountResp VideoFavoriteCountMethod(1: VideoFavoriteCountReq request)
    UserFavoriteCountResp UserFavoriteCountMethod(1: UserFavoriteCountReq request)
    VideosFavoriteCountResp VideosFavoriteCountMethod(1: VideosFavoriteCountReq request)
    UsersFavoriteCountResp UsersFavoriteCountMethod(1: UsersFavoriteCountReq request)
    // added
    FavoriteSummaryResp FavoriteSummaryMethod(1: FavoriteSummaryReq request)
    FavoritePagesResp FavoritePagesMethod(1: FavoritePagesReq request)
    ForgetVideoResp ForgetVideoMethod(1: ForgetVideoReq request)
}
