// Who is signed in: kept in this browser, the same in all its tabs. `session` is heard when it changes.

import { Failure, UNAUTHORIZED } from './failure.js';

const KEY = 'douyin.session';
const NOBODY = { id: 0, token: '' };

export const session = { ...NOBODY, ...stored() };

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null; // not ours, or this browser keeps nothing
  }
}

export function start({ user_id: id, token }) {
  change({ id, token });
}

export function end() {
  change(NOBODY);
}

function change(now) {
  Object.assign(session, now);
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // then it lasts as long as the page
  }
  document.dispatchEvent(new Event('session'));
}

/** Refuse what only somebody signed in can do. */
export function required() {
  if (!session.id) throw new Failure('请先登录', UNAUTHORIZED);
}

addEventListener('storage', ({ key }) => {
  if (key === KEY) location.reload();
});
