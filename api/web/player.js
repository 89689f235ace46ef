// @ts-check
// A page that plays a list of videos, beginning with one of them.

/** @import { Page, Video } from './types.js' */
/** @import { Loaded } from './feed.js' */

import * as api from './api.js';
import { Feed } from './feed.js';
import { t } from './i18n.js';
import { titled } from './people.js';

/**
 * @param {string} title
 * @param {string} address of the list; the address follows the video in view, so that going back or
 *   reloading shows the same one
 * @param {(next: number | undefined) => Promise<Loaded>} load
 * @param {number} video the one to begin with
 * @param {AbortSignal} signal
 */
export async function playerPage(title, address, load, video, signal) {
  const seen = (/** @type {Video} */ now) => history.replaceState(null, '', `${address}/${now.id}`);
  const feed = new Feed(load, { seen, signal });
  await feed.find(video);
  const page = titled(title, feed.root);
  page.classList.add('player');
  page.addEventListener('shown', () => {
    feed.goTo(video);
    feed.start();
    feed.focus();
  });
  return page;
}

/**
 * `#/v/ID`: a shared video
 * @type {Page}
 */
export async function videoPage([id = ''], signal) {
  const { video } = await api.video(Number(id) || 0);
  const load = async (/** @type {number | undefined} */ next) =>
    next === 0 ? { videos: [], next: 0 } : { videos: [video], next: 0 };
  return playerPage(t.videos, '#/v', load, video.id, signal);
}
