"""The messages of the API in English, by their Chinese text; `{}` stands for what is filled in.

The services write Chinese, and the text crosses processes as it is: it is the key here, as in
gettext. `tests/api/test_language.py` finds every message of the code and of the IDL, and fails for
one that is missing here.
"""

from typing import Final

SUCCESS: Final = "OK"

MESSAGES: Final = {
    # microkit
    "服务出错，请稍后再试": "Something went wrong, please try again later",
    "参数错误": "An argument is invalid",
    "记录已存在": "It exists already",
    "请先登录": "Please log in first",
    "数据服务暂不可用，请稍后再试": "The database is unavailable, please try again later",
    "服务暂不可用，请稍后再试": "The service is unavailable, please try again later",
    "服务响应超时，请稍后再试": "The service takes too long, please try again later",
    "服务繁忙，请稍后再试": "The service is busy, please try again later",
    "记录不存在": "It does not exist",
    "没有权限": "You are not allowed to do this",
    "操作太频繁，请稍后再试": "Too many requests, please try again later",
    "服务发现暂不可用": "Service discovery is unavailable",
    "一次最多查询 {} 个编号": "At most {} ids at once",
    "一次最多查询 {} 页": "At most {} pages at once",
    "系统维护中，暂时不能修改": "Under maintenance, changes are not possible now",
    "存储不可用，请稍后再试": "Storage is unavailable, please try again later",
    "存储{}，请稍后再试": "Storage {}, please try again later",
    "空间不足": "is full",
    "不可用": "is unavailable",
    "对象名称无效": "The object's name is invalid",
    # Moderation
    "你们之间有拉黑，不能这样做": "One of you blocks the other",
    "你们之间有拉黑，不能评论": "One of you blocks the other: no comments",
    "最多拉黑 {} 人": "At most {} people can be blocked",
    "不能拉黑自己": "You cannot block yourself",
    "账号已被停用": "This account is disabled",
    "内容含有不能使用的词": "The text contains a word that cannot be used",
    "理由最多 200 个字符": "A reason has at most 200 characters",
    "kind 应为 1（视频）、2（评论）或 3（用户）": "kind is 1 (video), 2 (comment) or 3 (user)",
    "target_id 应为正整数": "target_id is a positive integer",
    "count 应为 1 到 100": "count is 1 to 100",
    "action_type 应为 1（拉黑）或 2（解除）": "action_type is 1 (block) or 2 (unblock)",
    # Finding
    "请输入要搜索的文字": "Enter letters or digits to search for",
    "话题应为 1 到 {} 个文字或数字": "A hashtag has 1 to {} letters or digits",
    "一次最多查询 {} 位作者": "At most {} authors at once",
    "搜索内容应为 1 到 64 个字符": "A search has 1 to 64 characters",
    "话题应为 1 到 64 个字符": "A hashtag has 1 to 64 characters",
    "开头最多 64 个字符": "A beginning has at most 64 characters",
    "count 应为 1 到 50": "count is 1 to 50",
    "count 应为 1 到 20": "count is 1 to 20",
    # Requests
    "没有这个接口": "There is no such endpoint",
    "不支持这种请求方法": "This method is not supported",
    "请求体过大": "The request body is too large",
    "请求体不能压缩（Content-Encoding）": "The request body must not have a Content-Encoding",
    "请求中有两个不同用户的登录信息": "The request has the tokens of two users",
    "服务正在重启，请稍后再试": "The service restarts, please try again later",
    "无法识别的 HTTP 请求": "Malformed HTTP request",
    "请求地址或请求头过长": "The address or a header is too long",
    "Host 请求头无效": "The Host header is invalid",
    "表单格式错误": "The form is malformed",
    "表单最多 {} 个字段": "A form has at most {} fields",
    "字段不能超过 {} KB": "A field has at most {} KB",
    "字段共不能超过 {} K 个字符": "The fields have at most {} K characters together",
    "数据传输过慢或中断，请重试": "The transfer was too slow or broke off, please try again",
    "数据传输中断，请重试": "The transfer broke off, please try again",
    "参数应为 UTF-8 文本": "Arguments must be UTF-8 text",
    "JSON 请求体不能超过 {} KB": "A JSON body has at most {} KB",
    "请求体不能超过 {} MB": "A body has at most {} MB",
    "请求体应为表单或 JSON 对象": "The body must be a form or a JSON object",
    "{} 应为文本": "{} must be a text",
    "{} 应为整数": "{} must be an integer",
    "{}，请 {} 秒后再试": "{}, please try again in {} seconds",
    "操作太频繁": "Too many requests",
    "注册太频繁": "Too many registrations",
    "密码错误次数过多": "Too many wrong passwords",
    "需要有效的 user_id 或登录": "A valid user_id or a login is needed",
    # Renditions
    "视频过长，请上传 60 分钟以内的视频，或先转为 H.264 的 MP4": (
        "The video is too long: upload at most 60 minutes, or convert it to MP4 with H.264 first"
    ),
    "视频过长，无法转码": "The video is too long to be converted",
    "无法转码该视频，文件可能已损坏": "The video cannot be converted, it may be damaged",
    "转码中断，稍后继续": "The conversion broke off and continues later",
    # Accounts
    "账号不存在，请重新登录": "The account does not exist, please log in again",
    "登录无效或已过期，请重新登录": "Your login is invalid or has expired, please log in again",
    "登录已过期，请重新登录": "Your login has expired, please log in again",
    "用户名不能包含不可见字符或控制字符": "A user name has no invisible or control characters",
    "用户名已存在": "This user name is taken",
    "用户不存在": "There is no such user",
    "原密码错误": "The old password is wrong",
    "用户名或密码错误": "Wrong user name or password",
    "需要用户编号或用户名": "A user id or a user name is needed",
    # Uploads
    "缺少视频：请放在 data 字段": "The video is missing: send it in the field data",
    "视频处理繁忙，请稍后再试": "Many videos are being processed, please try again later",
    "无法处理该视频，请换一个视频再试": "This video cannot be processed, please try another one",
    "服务正在停止，请稍后再试": "The service stops, please try again later",
    "视频文件不完整，请重新上传": "The video is incomplete, please upload it again",
    "视频文件过大，无法处理": "The video is too large to be processed",
    "视频过大，无法处理": "The video is too large to be processed",
    "视频文件不完整或已损坏，请重新上传": "The video is incomplete or damaged, please retry",
    "视频文件已损坏，请重新上传": "The video is damaged, please upload it again",
    "视频文件是空的": "The video is empty",
    "不支持的视频格式，请上传 MP4、MOV 或 WebM 视频": (
        "This format is not supported, please upload MP4, MOV or WebM"
    ),
    "无法读取该视频，文件可能已损坏": "The video cannot be read, it may be damaged",
    "文件中没有视频画面": "The file has no pictures",
    "暂不支持 HEVC（H.265）视频：请在相机设置中选择“兼容性最佳”，或转为 H.264 后上传": (
        "HEVC (H.265) is not supported: choose “most compatible” in the camera's settings, or "
        "convert the video to H.264"
    ),
    "不支持的视频编码，请上传 H.264 视频": "This codec is not supported, please upload H.264",
    "视频分辨率过高或无效": "The video's resolution is too high or invalid",
    "视频时长无效": "The video's length is invalid",
    "无法处理该视频，文件可能已损坏": "The video cannot be processed, it may be damaged",
    "视频画面无法解码，文件可能已损坏": "The pictures cannot be decoded, the video may be damaged",
    "正在上传的文件太多，请稍后再试": "Too many uploads at once, please try again later",
    "请以 multipart/form-data 上传，{}放在 data 字段": (
        "Upload as multipart/form-data, with the {} in the field data"
    ),
    "{}不能超过 {} MB": "A {} has at most {} MB",
    "视频": "video",
    "图片": "picture",
    # Pictures of profiles
    "缺少图片：请放在 data 字段": "The picture is missing: send it in the field data",
    "不支持的图片格式，请上传 JPEG、PNG 或 WebP 图片": (
        "This format is not supported, please upload JPEG, PNG or WebP"
    ),
    "无法读取该图片：文件已损坏，或超过 {} 万像素": (
        "The picture cannot be read: it is damaged, or has more than {} × 10,000 pixels"
    ),
    "图片太小，每边至少 {} 像素": "The picture is too small: at least {} pixels each way",
    "图片过大，无法处理": "The picture is too large to be processed",
    "无法处理该图片，请换一张再试": "This picture cannot be processed, please try another one",
    "kind 应为 1（头像）或 2（背景）": "kind is 1 (avatar) or 2 (background)",
    "连接的页面太多，请稍后再试": "Too many pages are connected, please try again later",
    # Videos, comments, follows, messages
    "视频不存在": "There is no such video",
    "cover 应为 0 到 3": "cover must be from 0 to 3",
    "没有这个封面": "There is no such cover",
    "最多 {} 个封面": "At most {} covers",
    "封面的键应为 1 到 {} 个字符": "The key of a cover must have 1 to {} characters",
    "一次最多查询 {} 个对象": "At most {} objects at once",
    "不能关注自己": "You cannot follow yourself",
    "不能给自己发消息": "You cannot write to yourself",
    "评论不存在": "There is no such comment",
    "需要 comment_id": "comment_id is needed",
    "该评论不属于此视频": "The comment belongs to another video",
    "只能删除自己的评论，或自己视频下的评论": (
        "You can delete your own comments, and those below your own videos"
    ),
    # Bounds
    "用户名应为 1 到 32 个字符，且不能全是空白": "A user name has 1 to 32 characters, not blank",
    "密码应为 1 到 32 个字符": "A password has 1 to 32 characters",
    "密码应为 6 到 32 个字符": "A password has 6 to 32 characters",
    "标题应为 1 到 128 个字符，且不能全是空白": "A title has 1 to 128 characters, not all blank",
    "评论应为 1 到 500 个字符，且不能全是空白": "A comment has 1 to 500 characters, not all blank",
    "消息应为 1 到 1000 个字符，且不能全是空白": "A message has 1 to 1000 characters, not blank",
    "{} 最多 {} 个字符": "{} has at most {} characters",
    "play_url 与 cover_url 应为 1 到 512 个字符": "play_url and cover_url have 1 to 512 characters",
    "{} 应为正整数": "{} must be a positive integer",
    "计数不能为负": "A count is not negative",
    "{} 应为非负整数": "{} must not be negative",
    "{} 应为 {} 到 {}": "{} must be {} to {}",
    "action_type 应为 1（点赞）或 2（取消点赞）": "action_type must be 1 (like) or 2 (unlike)",
    "action_type 应为 1（发表评论）或 2（删除评论）": (
        "action_type must be 1 (write a comment) or 2 (delete it)"
    ),
    "action_type 应为 1（关注）或 2（取消关注）": "action_type must be 1 (follow) or 2 (unfollow)",
    "action_type 应为 1（发送消息）": "action_type must be 1 (send a message)",
}
