// @ts-check
// The feed of the home page in one of three orders. The chosen one is kept for the next visit.

/** @import { Video } from './types.js' */
/** @import { Loaded } from './feed.js' */
/** @typedef {'recommended' | 'following' | 'latest'} Order */

import * as api from './api.js';
import { make } from './dom.js';
import { Feed } from './feed.js';
import { required, session } from './session.js';
import { keep, kept } from './storage.js';

const KEY = 'douyin.order';
/** @type {Record<Order, (next: number | undefined) => Promise<Loaded>>} */
const ORDERS = {
  recommended: (next) => paged(api.recommended, next),
  following: (next) => {
    required();
    return paged(api.followedVideos, next);
  },
  latest: async (next) => {
    const { video_list: videos, next_time } = await api.feed(next ?? 0);
    return { videos, next: next_time };
  },
};

let order = chosen();
export const home = new Feed((next) => ORDERS[order](next));
const tabs = make('tabs');
export const homeTabs = tabs.root;

/**
 * Load what changed elsewhere: the pages shown, or of recommended videos the one in view, because
 * asking for them again gives others.
 */
export function refreshHome() {
  if (order !== 'recommended') return home.refresh();
  return home.refreshCurrent(async (id) => (await api.video(id)).video);
}

/**
 * Load a page that has a video, or the last one.
 * @param {(cursor: number) => Promise<{video_list: Video[], next_cursor: number}>} load
 * @param {number | undefined} next a cursor; 0: there is nothing more
 * @returns {Promise<Loaded>}
 */
export async function paged(load, next) {
  if (next === 0) return { videos: [], next: 0 };
  const { video_list: videos, next_cursor } = await load(next ?? 0);
  if (!videos.length && next_cursor) return paged(load, next_cursor);
  return { videos, next: next_cursor };
}

/** @returns {Order} */
function chosen() {
  const name = kept(KEY) ?? '';
  return name in ORDERS ? /** @type {Order} */ (name) : 'recommended';
}

function mark() {
  for (const name of /** @type {Order[]} */ (Object.keys(ORDERS)))
    tabs[name].setAttribute('aria-pressed', `${name === order}`);
}

for (const name of /** @type {Order[]} */ (Object.keys(ORDERS))) {
  tabs[name].addEventListener('click', () => {
    order = name;
    keep(KEY, name);
    mark();
    return home.startOver();
  });
}
mark();
document.addEventListener('session', () => {
  // Whoever logs in for the followed videos gets them; other orders stay where they are.
  if (order === 'following' && session.token) home.startOver();
});
