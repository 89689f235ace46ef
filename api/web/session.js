// @ts-check
// The signed-in user, kept in localStorage and shared by all tabs. A change fires `session` on the document.

import { Failure, UNAUTHORIZED } from './failure.js';
import { t } from './i18n.js';
import { keep, kept } from './storage.js';

const KEY = 'douyin.session';
const NOBODY = { id: 0, token: '' };

/** The user's id and token; 0 and an empty token when nobody is signed in. */
export const session = { ...NOBODY, ...stored() };

function stored() {
  try {
    return JSON.parse(kept(KEY) ?? 'null');
  } catch {
    return null; // not our JSON
  }
}

/** @param {{user_id: number, token: string}} answer of a login or a registration */
export function start({ user_id: id, token }) {
  change({ id, token });
}

export function end() {
  change(NOBODY);
}

/** @param {{id: number, token: string}} now */
function change(now) {
  Object.assign(session, now);
  keep(KEY, JSON.stringify(now));
  document.dispatchEvent(new Event('session'));
}

/** Throw `Failure` if no user is signed in. */
export function required() {
  if (!session.id) throw new Failure(t.loginFirst, UNAUTHORIZED);
}

addEventListener('storage', ({ key }) => {
  if (key === KEY) location.reload();
});
