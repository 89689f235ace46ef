// @ts-check
// The dialog in which authors choose the cover of a work.

/** @import { Cover, TileParts, Video } from './types.js' */

import * as api from './api.js';
import { element, make, single, toast, within } from './dom.js';
import { closeDrawer, openDrawer } from './drawers.js';
import { t } from './i18n.js';

const dialog = element('covers', HTMLDialogElement);
const list = within(dialog, 'ul', HTMLElement);
const notice = within(dialog, 'p', HTMLElement);

/**
 * Let the author choose the cover of a work from its tile.
 * @param {TileParts} tile
 * @param {Video} video
 */
export function coverable({ cover, covers }, video) {
  covers.hidden = false;
  covers.setAttribute('aria-description', video.title);
  const open = single(async () => {
    const { cover_list: found } = await api.covers(video.id);
    const chosen = (/** @type {string} */ url) => {
      cover.src = video.cover_url = url;
    };
    list.replaceChildren(...found.map((each, number) => choice(video.id, each, number, chosen)));
    notice.hidden = found.length > 1;
    openDrawer(dialog);
  });
  covers.addEventListener('click', open);
}

/**
 * @param {number} video
 * @param {Cover} cover
 * @param {number} number its position
 * @param {(url: string) => void} chosen
 */
function choice(video, cover, number, chosen) {
  const { root, choose, picture } = make('cover');
  picture.src = cover.cover_url;
  choose.setAttribute('aria-label', t.coverNumber(number + 1));
  choose.setAttribute('aria-pressed', `${cover.chosen}`);
  const action = single(async () => {
    await api.chooseCover(video, number);
    chosen(cover.cover_url);
    await closeDrawer(dialog);
    toast(t.coverChosen);
  });
  choose.addEventListener('click', action);
  return root;
}
