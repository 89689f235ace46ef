// @ts-check
// Registers the service worker, and changes to a new version of the page between two pages.

import { uploading } from './uploads.js';

const SCRIPT = '/sw.js';
const AGAIN_MS = 3_600_000;
const PATIENCE_MS = 3000;

/** Keep the page for when there is no network. Browsers allow it on https and on this machine only. */
export async function keepShell() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  await firstFrame();
  let controlled = Boolean(workers.controller);
  workers.addEventListener('controllerchange', () => {
    if (controlled) addEventListener('hashchange', renew); // not in the middle of a video
    controlled = true;
  });
  const registration = await workers.register(trusted(), { updateViaCache: 'none' });
  let asked = performance.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || performance.now() - asked < AGAIN_MS) return;
    asked = performance.now();
    registration.update().catch(() => {}); // without a network the version stays
  });
}

/** Wait until a video plays, which matters more than the copy; not for long, as there may be none. */
function firstFrame() {
  return new Promise((done) => {
    document.addEventListener('playing', done, { capture: true, once: true });
    setTimeout(done, PATIENCE_MS);
  });
}

function renew() {
  if (!uploading()) location.reload();
}

/** The address of the script, as the page's Content-Security-Policy wants it. */
function trusted() {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  if (!trustedTypes) return SCRIPT;
  return trustedTypes.createPolicy('worker', { createScriptURL: () => SCRIPT }).createScriptURL('');
}
