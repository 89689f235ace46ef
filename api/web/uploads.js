// @ts-check
// The upload under way, which goes on while other pages are shown: a bar with its progress, and a
// question before the window is closed.

import * as api from './api.js';
import { element, within } from './dom.js';
import { Failure } from './failure.js';
import { t } from './i18n.js';

const bar = element('upload', HTMLElement);
const line = within(bar, 'progress', HTMLProgressElement);
const words = within(bar, 'span', HTMLElement);
/** @type {AbortController | undefined} */
let running;

within(bar, 'button', HTMLButtonElement).addEventListener('click', () => running?.abort());

/**
 * Upload a form: one at a time.
 * @param {FormData} form
 */
export async function upload(form) {
  if (running) throw new Failure(t.uploadRuns);
  running = new AbortController();
  addEventListener('beforeunload', ask);
  show(0);
  bar.hidden = false;
  try {
    return await api.publish(form, { signal: running.signal, progress: show });
  } finally {
    running = undefined;
    bar.hidden = true;
    removeEventListener('beforeunload', ask);
  }
}

/** Whether an upload is under way. */
export function uploading() {
  return Boolean(running);
}

/** @param {number} part uploaded so far, 0 to 1 */
function show(part) {
  line.value = part;
  words.textContent = part < 1 ? t.uploading(Math.floor(part * 100)) : t.processing;
}

/** @param {BeforeUnloadEvent} event */
function ask(event) {
  event.preventDefault();
}
