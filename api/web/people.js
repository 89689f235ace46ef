// @ts-check
// Lists of users: followed, followers, friends.

/** @import { FriendUser, Page, User } from './types.js' */

import * as api from './api.js';
import { choose, make, single } from './dom.js';
import { t } from './i18n.js';
import { onChange } from './live.js';
import { loadRest } from './paging.js';
import { required, session } from './session.js';

/**
 * Make a button follow and unfollow a user.
 * @param {HTMLButtonElement} button
 * @param {User} user
 * @param {(by: number) => void} changed called with the change of the number of followers
 */
export function followButton(button, user, changed = () => {}) {
  button.hidden = user.id === session.id;
  const show = (/** @type {boolean} */ yes) => {
    if (user.is_follow !== yes) changed(yes ? 1 : -1);
    user.is_follow = yes;
    button.textContent = yes ? t.followed : t.follow;
    button.classList.toggle('primary', !yes);
    button.setAttribute('aria-label', yes ? t.unfollowName(user.name) : t.followName(user.name));
  };
  show(user.is_follow);
  button.addEventListener(
    'click',
    single(async () => {
      required();
      await choose(!user.is_follow, show, (yes) => api.follow(user.id, yes));
    }),
  );
}

/** @param {string} id */
export function followingPage(id) {
  return listPage(t.following, (cursor) => api.following(id, cursor), personRow, t.noFollowing);
}

/** @param {string} id */
export function followersPage(id) {
  return listPage(t.followers, (cursor) => api.followers(id, cursor), personRow, t.noFollowers);
}

/**
 * `#/friends`
 * @type {Page}
 */
export async function friendsPage(_, signal) {
  required();
  const load = () => listOf((cursor) => api.friends(cursor), friendRow, t.noFriends);
  const list = await load();
  onChange(async () => {
    const now = await load().catch(() => list);
    if (!signal.aborted && now !== list) list.root.replaceChildren(...now.root.children);
  }, signal);
  return titled(t.friends, list.root);
}

/**
 * Make a page with a title and content below it.
 * @param {string} title
 * @param {...HTMLElement} content
 */
export function titled(title, ...content) {
  const page = make('page');
  page.title.textContent = title;
  page.root.append(...content);
  return page.root;
}

/**
 * @template {User} Listed
 * @param {string} title
 * @param {(cursor: number) => Promise<{user_list: Listed[], next_cursor: number}>} load
 * @param {(user: Listed) => HTMLElement} row
 * @param {string} empty shown when there are no rows
 */
async function listPage(title, load, row, empty) {
  return titled(title, (await listOf(load, row, empty)).root);
}

/**
 * @template {User} Listed
 * @param {(cursor: number) => Promise<{user_list: Listed[], next_cursor: number}>} load
 * @param {(user: Listed) => HTMLElement} row
 * @param {string} empty shown when there are no rows
 */
async function listOf(load, row, empty) {
  const { user_list: users, next_cursor } = await load(0);
  const list = make('list');
  list.rows.append(...users.map(row));
  await loadRest(list.rows, next_cursor, async (cursor) => {
    const page = await load(cursor);
    return { items: page.user_list.map(row), next: page.next_cursor };
  });
  list.notice.textContent = empty;
  list.notice.hidden = list.rows.hasChildNodes();
  return list;
}

/** @param {User} user */
export function personRow(user) {
  const person = filled(user, `#/user/${user.id}`, user.signature);
  followButton(person.follow, user);
  return person.root;
}

/** @param {FriendUser} user */
function friendRow(user) {
  const newest = user.message && (user.msgType === 1 ? t.saidByMe(user.message) : user.message);
  const person = filled(user, `#/chat/${user.id}`, newest || t.sayHello);
  person.follow.remove(); // friends follow each other already
  return person.root;
}

/**
 * @param {User} user
 * @param {string} address what the row opens
 * @param {string} line the text below the name
 */
export function filled(user, address, line) {
  const person = make('person');
  person.link.href = `#/user/${user.id}`;
  person.link.setAttribute('aria-label', t.homeOf(user.name));
  person.avatar.src = user.avatar;
  person.open.href = address;
  person.name.textContent = user.name;
  person.line.textContent = line;
  return person;
}
