// @ts-check
// Tells at once that a session has ended: at the time that its token names, and whenever the page is
// opened or looked at again, because another device may have ended it.

import * as api from './api.js';
import { toast } from './dom.js';
import { Failure, UNAUTHORIZED } from './failure.js';
import { t } from './i18n.js';
import { end, session } from './session.js';

const AGAIN_MS = 60_000;
const LONGEST_MS = 2 ** 31 - 1; // of a timer
let timer = 0;
let asked = -AGAIN_MS;

/** Watch the session of this tab. */
export function watchSession() {
  document.addEventListener('session', wait);
  document.addEventListener('visibilitychange', ask);
  wait();
  ask();
}

function wait() {
  clearTimeout(timer);
  if (!session.token) return;
  const left = expiry(session.token) - Date.now();
  if (left > 0) timer = setTimeout(wait, Math.min(left, LONGEST_MS));
  else tell();
}

/** Ask the server, which knows more: the account may be gone, or its password changed. */
async function ask() {
  if (!session.token || document.hidden || performance.now() - asked < AGAIN_MS) return;
  asked = performance.now();
  try {
    await api.friends(0, 1);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.code === UNAUTHORIZED) toast(failure.message); // api.js has ended the session
  }
}

function tell() {
  end();
  toast(t.expired);
}

/**
 * The end of a token, in ms since 1970; Infinity if it does not say.
 * @param {string} token a JWT
 */
function expiry(token) {
  try {
    const claims = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(claims)).exp * 1000 || Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
