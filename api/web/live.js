// @ts-check
// Tells modules when the inbox or the friends of the signed-in user may have changed: one stream of events
// while the tab is visible, and a look now and then, in case an event was lost.

import * as api from './api.js';
import { pause } from './dom.js';
import { session } from './session.js';

const LOST_MS = 3000; // until a lost stream is opened again
const REFUSED_MS = 30_000; // until a server that has no room is asked again
const LOOK_MS = 60_000;
const changes = new EventTarget();
let connected = new AbortController();

/**
 * Call a function after each change.
 * @param {() => void} action
 * @param {AbortSignal} [signal] ends that
 */
export function onChange(action, signal) {
  changes.addEventListener('changed', action, signal && { signal });
}

export function changed() {
  changes.dispatchEvent(new Event('changed'));
}

/** Connect the visible tab of a signed-in user: browsers allow few connections, so hidden tabs have none. */
export function connect() {
  connected.abort();
  connected = new AbortController();
  if (session.id && !document.hidden) listen(connected.signal);
}

/** @param {AbortSignal} signal */
async function listen(signal) {
  while (!signal.aborted) {
    const accepted = await receive(signal).catch(() => true); // the connection was lost
    if (signal.aborted) return;
    changed();
    await pause(accepted ? LOST_MS : REFUSED_MS, signal);
  }
}

/**
 * Receive events until the stream ends; return whether the server accepted it.
 * @param {AbortSignal} signal
 */
async function receive(signal) {
  const response = await api.events(signal);
  const isStream = response.headers.get('Content-Type') === 'text/event-stream';
  if (!response.body || !isStream) return false;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return true;
    if (value.includes('event: changed')) changed();
  }
}

document.addEventListener('visibilitychange', connect);
document.addEventListener('session', connect);
setInterval(() => {
  if (session.id && !document.hidden) changed();
}, LOOK_MS);
