// @ts-check
// What authors can do with their own works.

/** @import { ProcessingParts, ProcessingVideo, TileParts, Video } from './types.js' */

import * as api from './api.js';
import { confirmed, make, pause, single, toast } from './dom.js';
import { t } from './i18n.js';

const POLL_MS = 3000;

/**
 * Let the author delete a work from its tile.
 * @param {TileParts | ProcessingParts} tile
 * @param {Video | ProcessingVideo} video
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

/**
 * Show the works that are being converted before the others, with their progress.
 * @param {HTMLElement} grid
 * @param {AbortSignal} signal ends it
 * @param {() => void} published called when one is among the others now
 */
export async function showProcessing(grid, signal, published) {
  /** @type {Map<number, ProcessingParts>} */
  const tiles = new Map();
  do {
    const { video_list: videos } = await api.processing();
    if (signal.aborted) return;
    for (const video of videos.toReversed()) {
      const known = tiles.get(video.id);
      const tile = known ?? processingTile(video, () => tiles.delete(video.id));
      tile.state.textContent = video.failed ? t.notConverted : t.converting(video.progress);
      if (!known) grid.prepend(tile.root);
      tiles.set(video.id, tile);
    }
    const waiting = new Set(videos.map(({ id }) => id));
    if ([...tiles.keys()].some((id) => !waiting.has(id))) return published();
    if (videos.every(({ failed }) => failed)) return;
    await pause(POLL_MS, signal);
  } while (!signal.aborted);
}

/**
 * @param {ProcessingVideo} video
 * @param {() => void} gone
 */
function processingTile(video, gone) {
  const tile = make('processing');
  tile.cover.src = video.cover_url;
  tile.root.setAttribute('aria-label', video.title);
  removable(tile, video, gone);
  return tile;
}
