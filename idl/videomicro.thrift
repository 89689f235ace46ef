// videoservice, port 10001: videos. Annotations and additions are described in usermicro.thrift.
namespace go videomicro
namespace java videomicro

struct Video {
    1: required i64 id
    2: required string title
    3: required i64 author_id
    4: required string play_url         // an object key or an absolute URL
    5: required string cover_url        // an object key or an absolute URL
    6: required i64 favorite_count      // always 0: favoriteservice has the count
    7: required i64 comment_count       // always 0: commentservice has the count
    100: optional string hls_url        // an object key: the master playlist; unset: none
}

struct CreateVideoReq {
    1: required string title (api.vd = "TITLE")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
    3: required string play_url (api.vd = "VIDEO_URL")
    4: required string cover_url (api.vd = "VIDEO_URL")
    100: optional bool renditions       // have renditions made of it
}

struct CreateVideoResp {
    1: required bool status (status = "flag")
    100: optional i32 status_code
    101: optional string status_msg
    102: optional i64 video_id          // the new video's id
}

struct GetVideoAuthorIdReq {
    1: required i64 id
}

struct GetVideoAuthorIdResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    2: required i64 author_id
    100: optional i32 status_code
    101: optional string status_msg
}

struct GetVideosByAuthorIdReq {
    1: required i64 author_id
    100: optional i64 cursor (api.vd = "CURSOR")            // a next_cursor; 0: from the newest
    101: optional i32 count (api.vd = "LIST_COUNT")         // at most; unset: 300
}

// Newest first.
struct GetVideosByAuthorIdResp {
    1: required bool status (status = "flag")
    2: optional list<Video> video_list
    100: optional i32 status_code
    101: optional string status_msg
    102: optional i64 next_cursor          // 0: nothing more
}

struct GetVideosFeedReq {
    1: required i64 latest_time         // ns: only videos published before this time
    2: required i32 limit (api.vd = "FEED_LIMIT")
}

// Newest first.
struct GetVideosFeedResp {
    1: required bool status (status = "flag")
    2: optional i64 next_time           // ns: the time of the page's last video; for an empty page a time in the future
    3: optional list<Video> video_list
    100: optional i32 status_code
    101: optional string status_msg
}

struct UpdateVideoReq {
    1: required i64 id
    2: optional string title (api.vd = "TITLE")
}

struct UpdateVideoResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

struct DeleteVideoReq {
    1: required i64 video_id
}

struct DeleteVideoResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

struct VideoCount {
    1: required i64 id                  // the author
    2: required i64 count
}

struct GetVideoCountSetByIdUserSetReq {
    1: required list<i64> author_id_set
    100: optional bool columns          // counts as a list, count_set empty: cheaper to decode
}

struct GetVideoCountSetByIdUserSetResp {
    1: required bool status (status = "flag")
    2: required list<VideoCount> count_set
    100: optional i32 status_code
    101: optional string status_msg
    102: optional list<i64> counts      // with columns: of the distinct author_id_set, in its order
}

// Videos as columns: cheaper to decode than a struct for each.
struct VideoColumns {
    1: required list<i64> ids
    2: required list<string> titles
    3: required list<i64> author_ids
    4: required list<string> play_urls
    5: required list<string> cover_urls
    100: optional list<string> hls_urls // empty texts: none; unset: none at all
}

struct GetVideoSetByIdSetReq {
    1: required list<i64> id_set
    100: optional bool columns          // the videos as columns, video_set empty
}

// The videos that exist, in any order.
struct GetVideoSetByIdSetResp {
    1: required bool status (status = "flag")
    2: optional list<Video> video_set
    100: optional i32 status_code
    101: optional string status_msg
    102: optional VideoColumns columns
}

struct GetUsedKeysReq {
    1: required list<string> keys       // object keys, up to 1,000
}

// Those of the keys that a video refers to, deleted ones included.
struct GetUsedKeysResp {
    1: required bool status (status = "flag")
    2: optional list<string> keys
    100: optional i32 status_code
    101: optional string status_msg
}

struct ClaimSweepReq {
    1: required i64 interval_seconds (api.vd = "SWEEP_INTERVAL")
}

// Of all callers, one per interval is granted the sweep of the object store.
struct ClaimSweepResp {
    1: required bool status (status = "flag")
    2: optional bool granted
    100: optional i32 status_code
    101: optional string status_msg
}

// A page of the feed.
struct FeedKey {
    1: required i64 latest_time         // ns: only videos published before this time
    2: required i32 limit (api.vd = "FEED_LIMIT")
}

// A page of an author's videos.
struct PageKey {
    1: required i64 author_id
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// Added: pages of several lists in one call, at most 8.
struct GetVideoPagesReq {
    1: required list<FeedKey> feed
    2: required list<PageKey> published
}

// The pages of `feed` and then those of `published`, in the order of the request.
struct GetVideoPagesResp {
    1: required bool status (status = "flag")
    2: optional VideoColumns videos     // each once
    3: optional list<list<i32>> pages   // positions in `videos`, newest first
    4: optional list<i64> nexts         // of each page: next_time (ns) of the feed, next_cursor of an author
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: removes an author's video, with everything that hangs on it. Repeating it changes nothing.
struct RemoveVideoReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
    3: required i32 lease_seconds (api.vd = "LEASE_SECONDS")    // for the caller to remove the rest
}

// A removed video of which likes, comments or objects may be left.
struct Removal {
    1: required i64 video_id
    2: required i64 author_id
    3: required list<string> keys           // what the video referred to: object keys or absolute URLs
    4: required i32 round                   // 0, then 1 for what was written meanwhile
}

struct RemoveVideoResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    2: optional Removal removal             // leased to the caller; unset: it was completed before
    100: optional i32 status_code
    101: optional string status_msg
}

struct ClaimRemovalReq {
    1: required i32 lease_seconds (api.vd = "LEASE_SECONDS")
}

// A removal that is due and that nobody else has claimed within its lease.
struct ClaimRemovalResp {
    1: required bool status (status = "flag")
    2: optional Removal removal             // unset: none
    100: optional i32 status_code
    101: optional string status_msg
}

struct FinishRemovalReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required i32 round
}

struct FinishRemovalResp {
    1: required bool status (status = "flag")
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: a video that does not play everywhere. Nobody sees it until its rendition is ready; it is published then.
struct CreatePendingVideoReq {
    1: required string title (api.vd = "TITLE")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
    3: required string play_url (api.vd = "VIDEO_URL")
    4: required string cover_url (api.vd = "VIDEO_URL")
}

struct CreatePendingVideoResp {
    1: required bool status (status = "flag")
    2: optional i64 video_id
    100: optional i32 status_code
    101: optional string status_msg
}

// An author's videos that are not published yet, newest first, at most 100.
struct GetPendingVideosReq {
    1: required i64 author_id (api.vd = "AUTHOR_ID")
}

struct PendingVideo {
    1: required i64 id
    2: required string title
    3: required string cover_url
    4: required i32 progress                // percent
    5: required bool failed
}

struct GetPendingVideosResp {
    1: required bool status (status = "flag")
    2: optional list<PendingVideo> videos
    100: optional i32 status_code
    101: optional string status_msg
}

// Claims a video of which renditions shall be made; authors take turns.
struct ClaimRenditionReq {
    1: required string attempt (api.vd = "ATTEMPT")             // a name that the caller chose
    2: required i32 lease_seconds (api.vd = "LEASE_SECONDS")
}

struct RenditionJob {
    1: required i64 video_id
    2: required string play_url             // of what was uploaded
}

struct ClaimRenditionResp {
    1: required bool status (status = "flag")
    2: optional RenditionJob job            // unset: none
    100: optional i32 status_code
    101: optional string status_msg
}

struct KeepRenditionReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required string attempt (api.vd = "ATTEMPT")
    3: required i32 lease_seconds (api.vd = "LEASE_SECONDS")
    4: required i32 progress (api.vd = "PERCENT")
    100: optional bool interrupted          // by something else than the video: the attempt ends, does not count, and is
                                            // followed by the next one after lease_seconds
}

struct KeepRenditionResp {
    1: required bool status (status = "flag")
    2: optional bool held                   // false: the lease was lost, or the video removed
    100: optional i32 status_code
    101: optional string status_msg
}

// Ends an attempt. Without hls_url it has failed for good: a pending video is never published.
struct FinishRenditionReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required string attempt (api.vd = "ATTEMPT")
    3: optional string play_url (api.vd = "VIDEO_URL")          // the best MP4, which a pending video gets
    4: optional string hls_url (api.vd = "VIDEO_URL")
    5: optional list<string> covers         // object keys of at most 3 more covers to choose from
}

struct FinishRenditionResp {
    1: required bool status (status = "flag")
    2: optional bool held
    3: optional string replaced             // what play_url was before: nothing refers to it any more
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: the covers that the author of a video can choose from.
struct GetCoversReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
}

struct GetCoversResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    2: optional list<string> covers         // at most 4; the first is the one that it was published with
    3: optional i32 chosen                  // the position of the one that everybody sees
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: make one of the covers the one that everybody sees.
struct ChooseCoverReq {
    1: required i64 video_id (api.vd = "VIDEO_ID")
    2: required i64 author_id (api.vd = "AUTHOR_ID")
    3: required i32 cover (api.vd = "COVER")                    // its position
}

struct ChooseCoverResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: videos by the words of their titles. A video has every word of the query as the beginning of a word; characters
// of scripts without blanks (Chinese) have to follow each other as in the query.
struct SearchVideosReq {
    1: required string words (api.vd = "WORDS")
    2: optional i64 cursor (api.vd = "CURSOR")              // a next_cursor; 0: from the newest
    3: optional i32 count (api.vd = "LIST_COUNT")           // at most; unset: 300
}

// Added: videos with a hashtag in their titles. Case and width do not matter, nor does the sign.
struct HashtagVideosReq {
    1: required string hashtag (api.vd = "HASHTAG")
    2: optional i64 cursor (api.vd = "CURSOR")
    3: optional i32 count (api.vd = "LIST_COUNT")
}

// Added: the videos of several authors in one list, up to 300 authors.
struct VideosOfAuthorsReq {
    1: required list<i64> author_ids
    2: optional i64 cursor (api.vd = "CURSOR")
    3: optional i32 count (api.vd = "PAGE_COUNT")           // at most; unset: 50
}

// A page, newest first. It may be short before the last one.
struct VideoPageResp {
    1: required bool status (status = "flag")
    2: optional VideoColumns videos
    3: optional i64 next_cursor         // 0: nothing more
    100: optional i32 status_code
    101: optional string status_msg
}

struct Hashtag {
    1: required string name             // in its normal form, without the sign
    2: required i64 videos              // how many have it
}

// Added: hashtags that begin with a text (empty: any), those of the most videos first.
struct SuggestHashtagsReq {
    1: required string prefix (api.vd = "PREFIX")
    2: optional i32 count (api.vd = "SUGGESTIONS")          // at most; unset: 20
}

struct SuggestHashtagsResp {
    1: required bool status (status = "flag")
    2: optional list<Hashtag> hashtags
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: the newest videos with their times, to choose from.
struct LatestVideosReq {
    1: required i32 limit (api.vd = "FEED_LIMIT")
}

struct LatestVideosResp {
    1: required bool status (status = "flag")
    2: optional list<i64> ids           // newest first
    3: optional list<i64> author_ids
    4: optional list<i64> created_ms    // ms since 1970
    100: optional i32 status_code
    101: optional string status_msg
}

// Added: hide a video or show it again; for operators. A hidden video is as if it were deleted.
struct HideVideoReq {
    1: required i64 video_id
    2: required bool hidden
}

struct HideVideoResp {
    1: required bool status (status = "flag", unnumbered = "10007 视频不存在")
    100: optional i32 status_code
    101: optional string status_msg
}

service VideoService {
    CreateVideoResp CreateVideoMethod(1: CreateVideoReq request)
    GetVideoAuthorIdResp GetVideoAuthorIdMethod(1: GetVideoAuthorIdReq request)
    GetVideosByAuthorIdResp GetVideosByAuthorIdMethod(1: GetVideosByAuthorIdReq request)
    GetVideoSetByIdSetResp GetVideoSetByIdSetMethod(1: GetVideoSetByIdSetReq request)
    GetVideosFeedResp GetVideosFeedMethod(1: GetVideosFeedReq request)
    UpdateVideoResp UpdateVideoMethod(1: UpdateVideoReq request)
    DeleteVideoResp DeleteVideoMethod(1: DeleteVideoReq request)
    GetVideoCountSetByIdUserSetResp GetVideoCountSetByIdUserSetMethod(1: GetVideoCountSetByIdUserSetReq request)
    // added
    GetVideoPagesResp GetVideoPagesMethod(1: GetVideoPagesReq request)
    GetUsedKeysResp GetUsedKeysMethod(1: GetUsedKeysReq request)
    ClaimSweepResp ClaimSweepMethod(1: ClaimSweepReq request)
    RemoveVideoResp RemoveVideoMethod(1: RemoveVideoReq request)
    ClaimRemovalResp ClaimRemovalMethod(1: ClaimRemovalReq request)
    FinishRemovalResp FinishRemovalMethod(1: FinishRemovalReq request)
    CreatePendingVideoResp CreatePendingVideoMethod(1: CreatePendingVideoReq request)
    GetPendingVideosResp GetPendingVideosMethod(1: GetPendingVideosReq request)
    ClaimRenditionResp ClaimRenditionMethod(1: ClaimRenditionReq request)
    KeepRenditionResp KeepRenditionMethod(1: KeepRenditionReq request)
    FinishRenditionResp FinishRenditionMethod(1: FinishRenditionReq request)
    GetCoversResp GetCoversMethod(1: GetCoversReq request)
    ChooseCoverResp ChooseCoverMethod(1: ChooseCoverReq request)
    VideoPageResp SearchVideosMethod(1: SearchVideosReq request)
    VideoPageResp HashtagVideosMethod(1: HashtagVideosReq request)
    VideoPageResp VideosOfAuthorsMethod(1: VideosOfAuthorsReq request)
    SuggestHashtagsResp SuggestHashtagsMethod(1: SuggestHashtagsReq request)
    LatestVideosResp LatestVideosMethod(1: LatestVideosReq request)
    HideVideoResp HideVideoMethod(1: HideVideoReq request)
}
