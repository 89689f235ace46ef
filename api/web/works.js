// @ts-check
// What authors can do with their own works.

/** @import { TileParts, Video } from './types.js' */

import * as api from './api.js';
import { confirmed, single, toast } from './dom.js';
import { t } from './i18n.js';

/**
 * Let the author delete a work from its tile.
 * @param {TileParts} tile
 * @param {Video} video
 * @param {() => void} gone called after it was deleted
 */
export function removable({ root, remove }, video, gone) {
  remove.hidden = false;
  remove.setAttribute('aria-description', video.title);
  const action = single(async () => {
    await api.unpublish(video.id);
    root.remove();
    document.dispatchEvent(new CustomEvent('unpublished', { detail: video.id }));
    toast(t.removed);
    gone();
  });
  confirmed(remove, action);
}
