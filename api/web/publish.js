// @ts-check
// The page for publishing a video.

/** @import { Page, PublishParts } from './types.js' */

import { make, single, toast } from './dom.js';
import { t } from './i18n.js';
import { titled } from './people.js';
import { required, session } from './session.js';
import { upload } from './uploads.js';

/**
 * `#/publish`
 * @type {Page}
 */
export async function publishPage(_, signal) {
  required();
  const page = make('publish');
  page.file.addEventListener('change', () => preview(page));
  signal.addEventListener('abort', () => URL.revokeObjectURL(page.preview.src));
  const publish = single(() => send(page, signal));
  page.root.addEventListener('submit', (event) => {
    event.preventDefault();
    publish();
  });
  return titled(t.publish, page.root);
}

/** @param {PublishParts} page */
function preview({ file, preview, chosen }) {
  URL.revokeObjectURL(preview.src);
  const video = file.files?.[0];
  preview.hidden = !video;
  chosen.textContent = video?.name ?? t.chooseVideo;
  if (!video) return;
  preview.src = URL.createObjectURL(video);
  preview.play().catch(() => {}); // the server may accept formats that this browser cannot play
}

/**
 * Upload; leaving the page does not stop it. The server checks the length and the format.
 * @param {PublishParts} page
 * @param {AbortSignal} signal
 */
async function send(page, signal) {
  page.send.disabled = true;
  let answer;
  try {
    answer = await upload(new FormData(page.root));
  } finally {
    page.send.disabled = false;
  }
  toast(answer.processing ? t.publishedLater : t.published);
  document.dispatchEvent(new Event('published'));
  if (!signal.aborted) location.hash = `#/user/${session.id}`;
}
