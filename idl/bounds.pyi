# Written by scripts/stubs from bounds.thrift; do not edit.
from typing import Final

USERNAME: Final = "mblen($) >= 1 && mblen($) <= 32; msg: 用户名应为 1 到 32 个字符"
PASSWORD: Final = "mblen($) >= 1 && mblen($) <= 32; msg: 密码应为 1 到 32 个字符"
CHOSEN_PASSWORD: Final = "mblen($) >= 6 && mblen($) <= 32; msg: 密码应为 6 到 32 个字符"
NEW_PASSWORD: Final = "mblen($) <= 32; msg: 密码应为 1 到 32 个字符"
TITLE: Final = (
    "mblen(trim($)) >= 1 && mblen($) <= 128; msg: 标题应为 1 到 128 个字符，且不能全是空白"
)
COMMENT: Final = (
    "mblen(trim($)) >= 1 && mblen($) <= 500; msg: 评论应为 1 到 500 个字符，且不能全是空白"
)
MESSAGE: Final = (
    "mblen(trim($)) >= 1 && mblen($) <= 1000; msg: 消息应为 1 到 1000 个字符，且不能全是空白"
)
EMAIL: Final = "mblen($) <= 254; msg: email 最多 254 个字符"
AVATAR: Final = "mblen($) <= 512; msg: avatar 最多 512 个字符"
BACKGROUND_IMAGE: Final = "mblen($) <= 512; msg: background_image 最多 512 个字符"
SIGNATURE: Final = "mblen($) <= 512; msg: signature 最多 512 个字符"
VIDEO_URL: Final = (
    "mblen($) >= 1 && mblen($) <= 512; msg: play_url 与 cover_url 应为 1 到 512 个字符"
)
USER_ID: Final = "$ > 0; msg: user_id 应为正整数"
TO_USER_ID: Final = "$ > 0; msg: to_user_id 应为正整数"
AUTHOR_ID: Final = "$ > 0; msg: author_id 应为正整数"
VIDEO_ID: Final = "$ > 0; msg: video_id 应为正整数"
COMMENT_ID: Final = "$ > 0; msg: comment_id 应为正整数"
COUNT: Final = "$ >= 0; msg: 计数不能为负"
CURSOR: Final = "$ >= 0; msg: cursor 应为非负整数"
LIST_COUNT: Final = "$ >= 1 && $ <= 300; msg: count 应为 1 到 300"
CHAT_COUNT: Final = "$ >= 1 && $ <= 1000; msg: count 应为 1 到 1000"
FEED_LIMIT: Final = "$ >= 1 && $ <= 1000; msg: limit 应为 1 到 1000"
FAVORITE_ACTION: Final = "$ == 1 || $ == 2; msg: action_type 应为 1（点赞）或 2（取消点赞）"
COMMENT_ACTION: Final = "$ == 1 || $ == 2; msg: action_type 应为 1（发表评论）或 2（删除评论）"
FOLLOW_ACTION: Final = "$ == 1 || $ == 2; msg: action_type 应为 1（关注）或 2（取消关注）"
MESSAGE_ACTION: Final = "$ == 1; msg: action_type 应为 1（发送消息）"
