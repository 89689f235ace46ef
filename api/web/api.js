// @ts-check
// The HTTP calls. All paths of the HTTP contract are in this file.

/**
 * @import {
 *   ChangePasswordResp, CommentListResp, CommentResp, Envelope, FavoriteListResp, FeedResp, FollowerListResp,
 *   FollowListResp, InboxResp, LoginResp, MessageChatResp, PublishActionResp, PublishCoversResp, PublishListResp, PublishProcessingResp, FriendListResp,
 *   RemovePictureResp, SetPictureResp,
 *   SearchUsersResp, SuggestResp, UserInfoResp, VideoPageResp, VideoResp
 * } from './types.js'
 */
/** @typedef {number | string} Id a string where it is a part of the address */
/** @typedef {Record<string, Id>} Arguments */

import { Failure, UNAUTHORIZED } from './failure.js';
import { language, t } from './i18n.js';
import { end, session } from './session.js';

const PAGE = 50;
const count = PAGE; // items of a page; cursor 0 is the newest page

/** @type {(username: string, password: string) => Promise<LoginResp>} */
export const register = (username, password) =>
  post('/douyin/user/register/', { username, password });
/** @type {(username: string, password: string) => Promise<LoginResp>} */
export const login = (username, password) => post('/douyin/user/login/', { username, password });
/** @type {(user_id: Id) => Promise<UserInfoResp>} */
export const user = (user_id) => get('/douyin/user/', { user_id });

/** @type {(name: string, signature: string) => Promise<Envelope>} */
export const edit = (name, signature) => post('/douyin/user/edit/', { name, signature });
/** @type {(kind: number, data: Blob) => Promise<SetPictureResp>} */
export const setPicture = (kind, data) => post('/douyin/user/picture/', { kind }, { data });
/** @type {(kind: number) => Promise<RemovePictureResp>} */
export const removePicture = (kind) => post('/douyin/user/picture/delete/', { kind });
/** @type {(old_password: string, new_password: string) => Promise<ChangePasswordResp>} */
export const changePassword = (old_password, new_password) =>
  post('/douyin/user/password/', { old_password, new_password });
/** @type {() => Promise<Envelope>} */
export const logout = () => post('/douyin/user/logout/', {});

/** @type {(latest_time: number) => Promise<FeedResp>} */
export const feed = (latest_time) => get('/douyin/feed/', { latest_time });
/** @type {(cursor: number) => Promise<VideoPageResp>} */
export const recommended = (cursor) => get('/douyin/feed/recommended/', { cursor });
/** @type {(cursor: number) => Promise<VideoPageResp>} */
export const followedVideos = (cursor) => get('/douyin/feed/following/', { cursor });
/** @type {(video_id: number) => Promise<VideoResp>} */
export const video = (video_id) => get('/douyin/video/', { video_id });
/** @type {(words: string, cursor: number) => Promise<VideoPageResp>} */
export const searchVideos = (words, cursor) => get('/douyin/search/video/', { words, cursor });
/** @type {(words: string, cursor: number) => Promise<SearchUsersResp>} */
export const searchPeople = (words, cursor) => get('/douyin/search/user/', { words, cursor });
/** @type {(name: string, cursor: number) => Promise<VideoPageResp>} */
export const hashtag = (name, cursor) => get('/douyin/hashtag/', { hashtag: name, cursor });
/** @type {(prefix: string) => Promise<SuggestResp>} */
export const suggest = (prefix) => get('/douyin/hashtag/suggest/', { prefix });
/** @type {(user_id: Id, cursor: number) => Promise<PublishListResp>} */
export const works = (user_id, cursor) => get('/douyin/publish/list/', { user_id, cursor, count });
/** @type {(user_id: Id, cursor: number) => Promise<FavoriteListResp>} */
export const likes = (user_id, cursor) => get('/douyin/favorite/list/', { user_id, cursor, count });
/** @type {(form: FormData, more: Upload) => Promise<PublishActionResp>} */
export const publish = (form, more) => upload('/douyin/publish/action/', form, more);
/** @type {() => Promise<PublishProcessingResp>} */
export const processing = () => get('/douyin/publish/processing/', {});
/** @type {(video_id: number) => Promise<PublishCoversResp>} */
export const covers = (video_id) => get('/douyin/publish/covers/', { video_id });
/** @type {(video_id: number, cover: number) => Promise<Envelope>} */
export const chooseCover = (video_id, cover) => post('/douyin/publish/cover/', { video_id, cover });
/** @type {(video_id: number) => Promise<Envelope>} */
export const unpublish = (video_id) => post('/douyin/publish/delete/', { video_id });

/** @type {(video_id: number, yes: boolean) => Promise<Envelope>} */
export const like = (video_id, yes) =>
  post('/douyin/favorite/action/', { video_id, action_type: yes ? 1 : 2 });
/** @type {(video_id: number, cursor: number) => Promise<CommentListResp>} */
export const comments = (video_id, cursor) =>
  get('/douyin/comment/list/', { video_id, cursor, count });
/** @type {(video_id: number, comment_text: string) => Promise<CommentResp>} */
export const comment = (video_id, comment_text) =>
  post('/douyin/comment/action/', { video_id, action_type: 1, comment_text });
/** @type {(video_id: number, comment_id: number) => Promise<Envelope>} */
export const uncomment = (video_id, comment_id) =>
  post('/douyin/comment/action/', { video_id, action_type: 2, comment_id });

/** @type {(to_user_id: number, yes: boolean) => Promise<Envelope>} */
export const follow = (to_user_id, yes) =>
  post('/douyin/relation/action/', { to_user_id, action_type: yes ? 1 : 2 });
/** @type {(to_user_id: number, yes: boolean) => Promise<Envelope>} */
export const block = (to_user_id, yes) =>
  post('/douyin/block/action/', { to_user_id, action_type: yes ? 1 : 2 });
/** @type {(cursor: number) => Promise<FollowListResp>} */
export const blocked = (cursor) => get('/douyin/block/list/', { cursor });
/** @type {(kind: number, target_id: number, reason: string) => Promise<Envelope>} */
export const report = (kind, target_id, reason) =>
  post('/douyin/report/', { kind, target_id, reason });
/** @type {(user_id: Id, cursor: number) => Promise<FollowListResp>} */
export const following = (user_id, cursor) =>
  get('/douyin/relation/follow/list/', { user_id, cursor, count });
/** @type {(user_id: Id, cursor: number) => Promise<FollowerListResp>} */
export const followers = (user_id, cursor) =>
  get('/douyin/relation/follower/list/', { user_id, cursor, count });
/** @type {(cursor: number, count?: number) => Promise<FriendListResp>} */
export const friends = (cursor, count = PAGE) =>
  get('/douyin/relation/friend/list/', { cursor, count });

/** @type {(to_user_id: Id, cursor: number) => Promise<MessageChatResp>} */
export const messages = (to_user_id, cursor) =>
  get('/douyin/message/chat/', { to_user_id, cursor, count });
/** @type {(to_user_id: Id, pre_msg_time: number) => Promise<MessageChatResp>} */
export const received = (to_user_id, pre_msg_time) =>
  get('/douyin/message/chat/', { to_user_id, pre_msg_time });
/** @type {(to_user_id: number, content: string) => Promise<Envelope>} */
export const send = (to_user_id, content) =>
  post('/douyin/message/action/', { to_user_id, action_type: 1, content });

/** @type {(cursor: number) => Promise<InboxResp>} */
export const inbox = (cursor) => get('/douyin/message/inbox/', { cursor, count: PAGE });
/** @type {(to_user_id: number, read_until: number) => Promise<Envelope>} */
export const markRead = (to_user_id, read_until) =>
  post('/douyin/message/read/', { to_user_id, read_until });
/** @type {(signal: AbortSignal) => Promise<Response>} */
export const events = (signal) => stream('/douyin/message/events/', signal);

/**
 * @param {string} path
 * @param {Arguments} query
 */
function get(path, query) {
  return call(`${path}?${encoded(query)}`, {});
}

/**
 * @param {string} path
 * @param {Arguments} form
 * @param {Record<string, Blob>} [files]
 */
function post(path, form, files) {
  return call(path, { method: 'POST', body: files ? withFiles(form, files) : encoded(form) });
}

/**
 * @param {Arguments} form
 * @param {Record<string, Blob>} files
 */
function withFiles(form, files) {
  const body = new FormData();
  for (const [name, value] of Object.entries(form)) body.set(name, `${value}`);
  for (const [name, file] of Object.entries(files)) body.set(name, file);
  return body;
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 */
function stream(path, signal) {
  return fetch(path, { headers: headers(), cache: 'no-store', signal });
}

/** @param {Arguments} given */
function encoded(given) {
  return new URLSearchParams(Object.entries(given).map(([name, value]) => [name, `${value}`]));
}

/**
 * The language of messages, and the token: histories and access logs do not store headers.
 * @returns {Record<string, string>}
 */
function headers() {
  const spoken = { 'Accept-Language': language };
  return session.token ? { ...spoken, Authorization: `Bearer ${session.token}` } : spoken;
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function call(path, options) {
  const { token } = session;
  let answer;
  try {
    const response = await fetch(path, { ...options, headers: headers(), cache: 'no-store' });
    answer = await response.json();
  } catch {
    throw new Failure(t.unreachable);
  }
  return checked(answer, token);
}

/**
 * Return the response if it reports success. The types of the calls above declare its fields.
 * @param {any} answer
 * @param {string} token the one that the request carried
 */
function checked(answer, token) {
  if (answer.status_code === 0) return answer;
  // The token is expired or from another installation. End the session, unless it changed meanwhile.
  if (answer.status_code === UNAUTHORIZED && token && token === session.token) end();
  throw new Failure(answer.status_msg, answer.status_code);
}

/**
 * Upload a form with XMLHttpRequest: unlike fetch it reports its progress.
 * @typedef {{progress: (part: number) => void, signal: AbortSignal}} Upload `part` is 0 to 1
 * @param {string} path
 * @param {FormData} form
 * @param {Upload} upload
 * @returns {Promise<any>}
 */
function upload(path, form, { progress, signal }) {
  const { token } = session;
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onload = () => {
      try {
        done(checked(request.response ?? { status_msg: t.unreachable }, token));
      } catch (failure) {
        failed(failure);
      }
    };
    request.onerror = () => failed(new Failure(t.unreachable));
    request.onabort = () => failed(new Failure(t.cancelled));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
