// The calls: every path of the HTTP contract stands here and nowhere else.

import { Failure, UNAUTHORIZED } from './failure.js';
import { end, session } from './session.js';

const UNREACHABLE = '网络不通，或服务没有回应';

export const register = (username, password) => post('/douyin/user/register/', { username, password });
export const login = (username, password) => post('/douyin/user/login/', { username, password });
export const user = (user_id) => get('/douyin/user/', { user_id });

export const feed = (latest_time) => get('/douyin/feed/', { latest_time });
export const works = (user_id) => get('/douyin/publish/list/', { user_id });
export const likes = (user_id) => get('/douyin/favorite/list/', { user_id });
export const publish = (form, more) => upload('/douyin/publish/action/', form, more);

export const like = (video_id, yes) => post('/douyin/favorite/action/', { video_id, action_type: yes ? 1 : 2 });
export const comments = (video_id) => get('/douyin/comment/list/', { video_id });
export const comment = (video_id, comment_text) =>
  post('/douyin/comment/action/', { video_id, action_type: 1, comment_text });
export const uncomment = (video_id, comment_id) =>
  post('/douyin/comment/action/', { video_id, action_type: 2, comment_id });

export const follow = (to_user_id, yes) => post('/douyin/relation/action/', { to_user_id, action_type: yes ? 1 : 2 });
export const following = (user_id) => get('/douyin/relation/follow/list/', { user_id });
export const followers = (user_id) => get('/douyin/relation/follower/list/', { user_id });
export const friends = () => get('/douyin/relation/friend/list/', {});

export const messages = (to_user_id, pre_msg_time) => get('/douyin/message/chat/', { to_user_id, pre_msg_time });
export const send = (to_user_id, content) => post('/douyin/message/action/', { to_user_id, action_type: 1, content });

function get(path, query) {
  return call(`${path}?${new URLSearchParams(query)}`, {});
}

function post(path, form) {
  return call(path, { method: 'POST', body: new URLSearchParams(form) });
}

/** The token goes where no history and no log keeps it. */
function authorization() {
  return session.token ? { Authorization: `Bearer ${session.token}` } : {};
}

async function call(path, options) {
  const { token } = session;
  let answer;
  try {
    const response = await fetch(path, { ...options, headers: authorization(), cache: 'no-store' });
    answer = await response.json();
  } catch {
    throw new Failure(UNREACHABLE);
  }
  return checked(answer, token);
}

function checked(answer, token) {
  if (answer.status_code === 0) return answer;
  // Too old, or of another installation. One that was replaced meanwhile says nothing of the new one.
  if (answer.status_code === UNAUTHORIZED && token && token === session.token) end();
  throw new Failure(answer.status_msg, answer.status_code);
}

/** Upload a form with XMLHttpRequest, which says how far it is; fetch does not. */
function upload(path, form, { progress, signal }) {
  const { token } = session;
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onload = () => {
      try {
        done(checked(request.response ?? { status_msg: UNREACHABLE }, token));
      } catch (failure) {
        failed(failure);
      }
    };
    request.onerror = () => failed(new Failure(UNREACHABLE));
    request.onabort = () => failed(new Failure('已取消'));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
