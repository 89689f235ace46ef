// @ts-check
// A user's page, and the player for the videos on it.

/** @import { Page, ProfileParts, User, Video } from './types.js' */
/** @typedef {'works' | 'likes'} Tab */

import * as api from './api.js';
import { coverable } from './covers.js';
import { count, make } from './dom.js';
import { paged } from './home.js';
import { t } from './i18n.js';
import { blockButton, KIND, openReport } from './moderation.js';
import { loadRest } from './paging.js';
import { followButton, followersPage, followingPage } from './people.js';
import { playerPage } from './player.js';
import { end, session } from './session.js';
import { removable, showProcessing } from './works.js';

const TABS = {
  works: { load: api.works, title: t.works, none: t.noWorks },
  likes: { load: api.likes, title: t.likes, none: t.noLikes },
};

/**
 * `#/user/ID`, then `likes`, `following`, `followers`, or `works/VIDEO`.
 * @type {Page}
 */
export function userPage([id = '', name = 'works', video], signal) {
  if (name === 'following') return followingPage(id);
  if (name === 'followers') return followersPage(id);
  const tab = name === 'likes' ? 'likes' : 'works';
  if (!video) return profilePage(id, tab, signal);
  const load = (/** @type {number} */ cursor) => TABS[tab].load(id, cursor);
  const address = `#/user/${id}/${tab}`;
  return playerPage(TABS[tab].title, address, (next) => paged(load, next), Number(video), signal);
}

/**
 * @param {string} id
 * @param {Tab} tab
 * @param {AbortSignal} signal
 */
async function profilePage(id, tab, signal) {
  const [{ user }, { video_list: videos, next_cursor }] = await Promise.all([
    api.user(id),
    TABS[tab].load(id, 0),
  ]);
  const page = make('profile');
  describe(page, user);
  page[tab].setAttribute('aria-current', 'page');
  const own = tab === 'works' && user.id === session.id;
  const fewer = () => {
    user.work_count -= 1;
    page.published.textContent = count(user.work_count);
    page.notice.hidden = page.grid.hasChildNodes();
  };
  const tileOf = (/** @type {Video} */ video) => {
    const made = tile(video, `#/user/${id}/${tab}/${video.id}`);
    if (own) {
      removable(made, video, fewer);
      coverable(made, video);
    }
    return made.root;
  };
  page.grid.append(...videos.map(tileOf));
  await loadRest(page.grid, next_cursor, async (cursor) => {
    const more = await TABS[tab].load(id, cursor);
    return { items: more.video_list.map(tileOf), next: more.next_cursor };
  });
  page.notice.textContent = TABS[tab].none;
  page.notice.hidden = page.grid.hasChildNodes();
  if (own) showProcessing(page.grid, signal, () => dispatchEvent(new Event('hashchange')));
  return page.root;
}

/**
 * @param {ProfileParts} page
 * @param {User} user
 */
function describe(page, user) {
  const own = user.id === session.id;
  page.banner.src = user.background_image;
  page.avatar.src = user.avatar;
  page.name.textContent = user.name;
  page.signature.textContent = user.signature;
  page.liked.textContent = count(user.total_favorited);
  page.follows.textContent = count(user.follow_count);
  page.followers.textContent = count(user.follower_count);
  page.published.textContent = count(user.work_count);
  page.favorites.textContent = count(user.favorite_count);
  page.works.href = `#/user/${user.id}`;
  page.likes.href = `#/user/${user.id}/likes`;
  page.following.href = `#/user/${user.id}/following`;
  page.fans.href = `#/user/${user.id}/followers`;
  page.chat.href = `#/chat/${user.id}`;
  page.chat.hidden = own;
  page.edit.hidden = !own;
  page.leave.hidden = page.blocked.hidden = !own;
  page.report.hidden = page.block.hidden = own;
  page.report.addEventListener('click', () => openReport(KIND.user, user.id));
  blockButton(page.block, user);
  page.leave.addEventListener('click', () => {
    location.hash = '#/';
    end();
  });
  followButton(page.follow, user, (by) => {
    user.follower_count += by;
    page.followers.textContent = count(user.follower_count);
  });
}

/**
 * @param {Video} video
 * @param {string} address
 */
export function tile(video, address) {
  const made = make('tile');
  const { link, cover, likes } = made;
  link.href = address;
  cover.src = video.cover_url;
  likes.textContent = count(video.favorite_count);
  link.setAttribute('aria-label', t.titleWithLikes(video.title, likes.textContent));
  return made;
}
