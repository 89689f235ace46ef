// @ts-check
// The search page, and the page of a hashtag.

/** @import { Page, SearchParts, Video } from './types.js' */

import * as api from './api.js';
import { make } from './dom.js';
import { paged } from './home.js';
import { t } from './i18n.js';
import { loadRest } from './paging.js';
import { personRow, titled } from './people.js';
import { playerPage } from './player.js';
import { tile } from './profile.js';

const TYPING_MS = 250;
const PEOPLE = 5;

/**
 * `#/search`, then `WORDS`, then `people`, or `VIDEO`.
 * @type {Page}
 */
export async function searchPage([given = '', detail = ''], signal) {
  const words = decoded(given);
  const address = `#/search/${encodeURIComponent(words)}`;
  if (detail === 'people') return peoplePage(words);
  const load = (/** @type {number} */ cursor) => api.searchVideos(words, cursor);
  if (detail) {
    const title = t.resultsFor(words);
    return playerPage(title, address, (next) => paged(load, next), Number(detail), signal);
  }
  const page = make('search');
  const titledPage = titled(t.search, page.root);
  listen(page, words, signal);
  if (words) await Promise.all([showPeople(page, words, address), showVideos(page, load, address)]);
  else await suggest(page, '');
  const nothing = !page.people.hasChildNodes() && !page.grid.hasChildNodes();
  page.notice.hidden = !words || !nothing;
  titledPage.addEventListener('shown', () => page.words.focus());
  return titledPage;
}

/**
 * `#/tag/NAME`, then `VIDEO`.
 * @type {Page}
 */
export async function tagPage([given = '', video], signal) {
  const tag = decoded(given);
  const address = `#/tag/${encodeURIComponent(tag)}`;
  const load = (/** @type {number} */ cursor) => api.hashtag(tag, cursor);
  if (video)
    return playerPage(`#${tag}`, address, (next) => paged(load, next), Number(video), signal);
  const page = make('found');
  await showVideos(page, load, address);
  page.notice.textContent = t.noVideos;
  page.notice.hidden = page.grid.hasChildNodes();
  return titled(`#${tag}`, page.root);
}

/** @param {string} words */
async function peoplePage(words) {
  const { user_list: users, next_cursor } = await api.searchPeople(words, 0);
  const list = make('list');
  list.rows.append(...users.map(personRow));
  await loadRest(list.rows, next_cursor, async (cursor) => {
    const page = await api.searchPeople(words, cursor);
    return { items: page.user_list.map(personRow), next: page.next_cursor };
  });
  return titled(t.resultsFor(words), list.root);
}

/**
 * @param {SearchParts} page
 * @param {string} words
 * @param {string} address
 */
async function showPeople(page, words, address) {
  const { user_list: users, next_cursor } = await api.searchPeople(words, 0);
  page.people.append(...users.slice(0, PEOPLE).map(personRow));
  page.all.href = `${address}/people`;
  page.all.hidden = users.length <= PEOPLE && !next_cursor;
}

/**
 * @param {{grid: HTMLElement}} page
 * @param {(cursor: number) => Promise<{video_list: Video[], next_cursor: number}>} load
 * @param {string} address
 */
async function showVideos(page, load, address) {
  const tileOf = (/** @type {Video} */ video) => tile(video, `${address}/${video.id}`).root;
  const { video_list: videos, next_cursor } = await load(0);
  page.grid.append(...videos.map(tileOf));
  await loadRest(page.grid, next_cursor, async (cursor) => {
    const more = await load(cursor);
    return { items: more.video_list.map(tileOf), next: more.next_cursor };
  });
}

/**
 * Suggest hashtags while the person types, and search when the form is sent.
 * @param {SearchParts} page
 * @param {string} words
 * @param {AbortSignal} signal
 */
function listen(page, words, signal) {
  page.words.value = words;
  let typing = 0;
  page.words.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => suggest(page, page.words.value.trim()), TYPING_MS);
  });
  signal.addEventListener('abort', () => clearTimeout(typing));
  page.root.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = page.words.value.trim();
    if (wanted) location.hash = `#/search/${encodeURIComponent(wanted)}`;
  });
}

/**
 * @param {SearchParts} page
 * @param {string} prefix
 */
async function suggest(page, prefix) {
  const { hashtag_list: found } = await api.suggest(prefix);
  page.tags.replaceChildren(
    ...found.map(({ name, video_count }) => {
      const { root, link, count } = make('tag');
      link.href = `#/tag/${encodeURIComponent(name)}`;
      link.textContent = `#${name}`;
      count.textContent = t.videoCount(video_count);
      return root;
    }),
  );
}

/** @param {string} part of an address */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}
