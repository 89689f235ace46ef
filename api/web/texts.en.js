// @ts-check
// Every text of the client in English.

/** @type {typeof import('./texts.zh.js').zh} */
export const en = {
  // The frame
  brand: 'Minimal Douyin',
  navigation: 'Main navigation',
  home: 'Home',
  friends: 'Friends',
  publish: 'Post',
  me: 'Me',
  login: 'Log in',
  back: 'Back',
  close: 'Close',
  retry: 'Try again',
  goHome: 'Go home',
  noSuchPage: 'There is no such page',
  loading: 'Loading…',
  unreachable: 'No connection, or the server does not answer',
  cancelled: 'Cancelled',
  loginFirst: 'Please log in first',
  tenThousands: (number) =>
    number < 1_000_000 ? `${(number / 1000).toFixed(1)}K` : `${(number / 1_000_000).toFixed(1)}M`,

  // Settings
  settings: 'Settings',
  language: 'Language',
  theme: 'Theme',
  systemTheme: 'As the system',
  lightTheme: 'Light',
  darkTheme: 'Dark',
  shortcuts: 'Keyboard shortcuts',
  nextOrPrevious: 'Previous, next video',
  space: 'Space',
  playOrPause: 'Play or pause',
  letters: 'Use single-letter shortcuts (L, C, M)',

  // Accounts
  accountTitle: 'Log in to like, comment, follow and chat',
  username: 'User name',
  password: 'Password',
  register: 'Create an account',
  registered: 'Welcome! Your account is ready',
  loggedIn: 'Logged in',
  logout: 'Log out',
  expired: 'Your login has expired, please log in again',

  // The feed
  videos: 'Videos',
  play: 'Play',
  pause: 'Pause',
  broken: 'This video cannot be played. Tap to try again',
  tapForSound: 'Tap for sound',
  sound: 'Sound',
  progress: 'Position',
  like: 'Like',
  likeCount: (count) => `Like, ${count}`,
  commentCount: (count) => `Comments, ${count}`,
  homeOf: (name) => `Profile of ${name}`,
  titleBy: (name, title) => `${name}: ${title}`,
  timeOf: (now, total) => `${now} of ${total}`,
  seenAll: 'You have seen everything',
  noVideos: 'No videos yet',
  startOver: 'Watch from the start',
  publishFirst: 'Post the first one',

  // Comments
  comments: 'Comments',
  writeComment: 'Say something…',
  sendComment: 'Send',
  remove: 'Delete',
  confirmRemove: 'Really delete?',
  noComments: 'No comments yet. Say something first',
  commentsTitle: (count) => (count === 1 ? '1 comment' : `${count} comments`),

  // People
  follow: 'Follow',
  followed: 'Following',
  followName: (name) => `Follow ${name}`,
  unfollowName: (name) => `Following, unfollow ${name}`,
  following: 'Following',
  followers: 'Followers',
  likesReceived: 'Likes',
  noFollowing: 'Not following anyone yet',
  noFollowers: 'No followers yet',
  noFriends: 'People who follow each other appear here',
  saidByMe: (words) => `Me: ${words}`,
  sayHello: 'Say hello',
  chat: 'Message',
  works: 'Videos',
  likes: 'Liked',
  removed: 'Deleted',
  noWorks: 'No videos yet',
  noLikes: 'No liked videos yet',
  titleWithLikes: (title, count) => `${title}, ${count} ${count === '1' ? 'like' : 'likes'}`,

  // Chats
  message: 'Message',
  writeMessage: 'Write a message…',
  send: 'Send',

  // Publishing
  chooseVideo: 'Choose a video, or drop one here',
  title: 'Title',
  describe: 'What is it about?',
  uploadProgress: 'Upload progress',
  cancelUpload: 'Cancel upload',
  uploadRuns: 'Another video is being uploaded, please wait for it',
  uploading: (percent) => `Uploading ${percent}%`,
  processing: 'Uploaded, processing…',
  published: 'Posted',
};
