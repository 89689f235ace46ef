// @ts-check
// Every text of the client in Chinese. `texts.en.js` has the same keys: its type is that of this object.

export const zh = {
  // The frame
  brand: '极简抖音',
  navigation: '主导航',
  home: '推荐',
  friends: '朋友',
  publish: '发布',
  me: '我',
  login: '登录',
  back: '返回',
  close: '关闭',
  retry: '重试',
  goHome: '回到推荐',
  noSuchPage: '没有这个页面',
  loading: '加载中…',
  unreachable: '网络不通，或服务没有回应',
  cancelled: '已取消',
  loginFirst: '请先登录',
  /** @param {number} number at least 10,000 */
  tenThousands: (number) => `${(number / 10_000).toFixed(1)}万`,

  // Settings
  settings: '设置',
  language: '语言',
  theme: '外观',
  systemTheme: '跟随系统',
  lightTheme: '浅色',
  darkTheme: '深色',
  shortcuts: '快捷键',
  nextOrPrevious: '上一个、下一个视频',
  space: '空格',
  playOrPause: '播放或暂停',
  letters: '使用单字母快捷键（L、C、M）',

  // Accounts
  accountTitle: '登录后，点赞、评论、关注和聊天',
  username: '用户名',
  password: '密码',
  register: '注册新账号',
  registered: '注册成功，欢迎',
  loggedIn: '登录成功',
  logout: '退出登录',
  expired: '登录已过期，请重新登录',

  edit: '编辑资料',
  signature: '签名',
  save: '保存',
  saved: '资料已更新',
  changeAvatar: '选择头像',
  removeAvatar: '移除头像',
  changeBanner: '选择背景',
  removeBanner: '移除背景',
  pictureRemoved: '图片已移除',
  pictureUnknown: '请选择 JPEG、PNG 或 WebP 图片',
  pictureTooLarge: '图片不能超过 10 MB',
  oldPassword: '原密码',
  newPassword: '新密码（至少 6 个字符）',
  changePassword: '修改密码',
  passwordChanged: '密码已修改，其他设备已退出登录',
  logoutEverywhere: '退出所有设备',
  loggedOut: '所有设备都已退出登录',

  // The feed
  videos: '视频',
  play: '播放',
  pause: '暂停',
  broken: '视频无法播放，轻触重试',
  notDecoded: '浏览器无法解码这个视频的画面',
  tapForSound: '轻触开启声音',
  sound: '声音',
  progress: '播放进度',
  like: '点赞',
  /** @param {string} count */
  likeCount: (count) => `点赞，${count}`,
  /** @param {string} count */
  commentCount: (count) => `评论，${count}`,
  /** @param {string} name */
  homeOf: (name) => `${name}的主页`,
  /** @param {string} name @param {string} title */
  titleBy: (name, title) => `${name}：${title}`,
  /** @param {string} now @param {string} total */
  timeOf: (now, total) => `${now}，共 ${total}`,
  seenAll: '已经看完了',
  noVideos: '还没有视频',
  startOver: '从头再看',
  publishFirst: '发布第一个视频',

  // Finding
  orders: '视频的顺序',
  recommended: '推荐',
  followedVideos: '关注',
  latest: '最新',
  search: '搜索',
  searchWords: '搜索用户和视频',
  allPeople: '全部用户',
  nothingFound: '没有找到',
  /** @param {string} words */
  resultsFor: (words) => `“${words}”的结果`,
  /** @param {number} count */
  videoCount: (count) => `${count} 个视频`,
  share: '复制链接',
  linkCopied: '链接已复制',

  // Moderation
  report: '举报',
  reason: '理由（可不填）',
  sendReport: '提交',
  reported: '已举报，谢谢',
  block: '拉黑',
  blocked: '黑名单',
  noBlocked: '没有拉黑任何人',
  unblock: '解除',
  /** @param {string} name */
  blockedName: (name) => `已拉黑 ${name}`,
  /** @param {string} name */
  unblockName: (name) => `解除拉黑 ${name}`,

  // Comments
  comments: '评论',
  writeComment: '说点什么…',
  sendComment: '发表',
  remove: '删除',
  confirmRemove: '确认删除',
  noComments: '还没有评论，来说第一句',
  /** @param {number} count */
  commentsTitle: (count) => `${count} 条评论`,

  // People
  follow: '关注',
  followed: '已关注',
  /** @param {string} name */
  followName: (name) => `关注 ${name}`,
  /** @param {string} name */
  unfollowName: (name) => `已关注，取消关注 ${name}`,
  following: '关注',
  followers: '粉丝',
  likesReceived: '获赞',
  noFollowing: '还没有关注任何人',
  noFollowers: '还没有粉丝',
  noFriends: '互相关注的人会出现在这里',
  /** @param {string} words */
  saidByMe: (words) => `我：${words}`,
  sayHello: '打个招呼吧',
  chat: '私信',
  works: '作品',
  likes: '喜欢',
  removed: '已删除',
  cover: '封面',
  chooseCover: '选择封面',
  /** @param {number} number from 1 on */
  coverNumber: (number) => `封面 ${number}`,
  coverChosen: '封面已更换',
  oneCover: '视频处理完成后可以选择其他封面',
  /** @param {number} percent */
  converting: (percent) => `正在转码 ${percent}%`,
  notConverted: '无法转码，请删除后重新上传',
  noWorks: '还没有作品',
  noLikes: '还没有喜欢的视频',
  /** @param {string} title @param {string} count */
  titleWithLikes: (title, count) => `${title}，${count} 个赞`,

  // Chats
  inbox: '消息',
  /** @param {string} count */
  inboxUnread: (count) => `消息，${count} 条未读`,
  /** @param {string} count */
  unread: (count) => `${count} 条未读`,
  noConversations: '还没有消息',
  message: '消息',
  writeMessage: '发消息…',
  send: '发送',

  // Publishing
  chooseVideo: '选一个视频，或拖到这里',
  title: '标题',
  describe: '说说这个视频',
  uploadProgress: '上传进度',
  cancelUpload: '取消上传',
  uploadRuns: '已有一个视频正在上传，请等它完成',
  /** @param {number} percent */
  uploading: (percent) => `正在上传 ${percent}%`,
  processing: '上传完成，正在处理…',
  published: '发布成功',
  publishedLater: '上传成功，转码完成后发布',
};
