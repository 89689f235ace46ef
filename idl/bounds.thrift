// The bounds of the fields of all HTTP and RPC contracts. A field names its bound: (api.vd = "TITLE").
//
// The expressions are a subset of Hertz's api.vd: `$` is the value, mblen() counts characters, trim()
// removes white space at both ends, and `msg` is the message for the user. See microkit/rpc/bounds.py.
namespace go bounds

const string USERNAME = "mblen($) >= 1 && mblen($) <= 32; msg: 用户名应为 1 到 32 个字符，且不能全是空白"
const string PASSWORD = "mblen($) >= 1 && mblen($) <= 32; msg: 密码应为 1 到 32 个字符"
const string CHOSEN_PASSWORD = "mblen($) >= 6 && mblen($) <= 32; msg: 密码应为 6 到 32 个字符"    // at registration
const string NEW_PASSWORD = "mblen($) <= 32; msg: 密码应为 1 到 32 个字符"       // empty: keep the password
const string TITLE = "mblen(trim($)) >= 1 && mblen($) <= 128; msg: 标题应为 1 到 128 个字符，且不能全是空白"
const string COMMENT = "mblen(trim($)) >= 1 && mblen($) <= 500; msg: 评论应为 1 到 500 个字符，且不能全是空白"
const string MESSAGE = "mblen(trim($)) >= 1 && mblen($) <= 1000; msg: 消息应为 1 到 1000 个字符，且不能全是空白"

const string WORDS = "mblen(trim($)) >= 1 && mblen($) <= 64; msg: 搜索内容应为 1 到 64 个字符"
const string HASHTAG = "mblen(trim($)) >= 1 && mblen($) <= 64; msg: 话题应为 1 到 64 个字符"
const string PREFIX = "mblen($) <= 64; msg: 开头最多 64 个字符"

const string EMAIL = "mblen($) <= 254; msg: email 最多 254 个字符"
const string AVATAR = "mblen($) <= 512; msg: avatar 最多 512 个字符"
const string BACKGROUND_IMAGE = "mblen($) <= 512; msg: background_image 最多 512 个字符"
const string SIGNATURE = "mblen($) <= 512; msg: signature 最多 512 个字符"
const string BIO = "mblen($) <= 80; msg: signature 最多 80 个字符"
const string PICTURE_KIND = "$ == 1 || $ == 2; msg: kind 应为 1（头像）或 2（背景）"
const string VIDEO_URL = "mblen($) >= 1 && mblen($) <= 512; msg: play_url 与 cover_url 应为 1 到 512 个字符"

const string USER_ID = "$ > 0; msg: user_id 应为正整数"
const string TO_USER_ID = "$ > 0; msg: to_user_id 应为正整数"
const string AUTHOR_ID = "$ > 0; msg: author_id 应为正整数"
const string VIDEO_ID = "$ > 0; msg: video_id 应为正整数"
const string COMMENT_ID = "$ > 0; msg: comment_id 应为正整数"

const string COUNT = "$ >= 0; msg: 计数不能为负"
const string CURSOR = "$ >= 0; msg: cursor 应为非负整数"
const string LIST_COUNT = "$ >= 1 && $ <= 300; msg: count 应为 1 到 300"
const string CHAT_COUNT = "$ >= 1 && $ <= 1000; msg: count 应为 1 到 1000"
const string INBOX_COUNT = "$ >= 1 && $ <= 100; msg: count 应为 1 到 100"
const string UNTIL_MS = "$ > 0; msg: read_until 应为正整数"
const string FEED_LIMIT = "$ >= 1 && $ <= 1000; msg: limit 应为 1 到 1000"
const string PAGE_COUNT = "$ >= 1 && $ <= 50; msg: count 应为 1 到 50"
const string SUGGESTIONS = "$ >= 1 && $ <= 20; msg: count 应为 1 到 20"
const string SWEEP_INTERVAL = "$ >= 60 && $ <= 2592000; msg: interval_seconds 应为 60 到 2592000"
const string ATTEMPT = "mblen($) >= 1 && mblen($) <= 64; msg: attempt 应为 1 到 64 个字符"
const string PERCENT = "$ >= 0 && $ <= 100; msg: progress 应为 0 到 100"
const string COVER = "$ >= 0 && $ <= 3; msg: cover 应为 0 到 3"      // MAX_COVERS of videomicro/dal/cover.py
const string LEASE_SECONDS = "$ >= 1 && $ <= 3600; msg: lease_seconds 应为 1 到 3600"

const string FAVORITE_ACTION = "$ == 1 || $ == 2; msg: action_type 应为 1（点赞）或 2（取消点赞）"
const string COMMENT_ACTION = "$ == 1 || $ == 2; msg: action_type 应为 1（发表评论）或 2（删除评论）"
const string FOLLOW_ACTION = "$ == 1 || $ == 2; msg: action_type 应为 1（关注）或 2（取消关注）"
const string REASON = "mblen($) <= 200; msg: 理由最多 200 个字符"
const string REPORTED_KIND = "$ >= 1 && $ <= 3; msg: kind 应为 1（视频）、2（评论）或 3（用户）"
const string TARGET_ID = "$ > 0; msg: target_id 应为正整数"
const string REPORT_COUNT = "$ >= 1 && $ <= 100; msg: count 应为 1 到 100"
const string BLOCK_ACTION = "$ == 1 || $ == 2; msg: action_type 应为 1（拉黑）或 2（解除）"
const string MESSAGE_ACTION = "$ == 1; msg: action_type 应为 1（发送消息）"
