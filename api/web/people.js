// Lists of people: whom somebody follows, who follows them, friends.

import * as api from './api.js';
import { choose, make, single } from './dom.js';
import { required, session } from './session.js';

/** Make a button follow and unfollow; `changed(by)` hears how the number of followers moves. */
export function followButton(button, user, changed = () => {}) {
  button.hidden = user.id === session.id;
  const show = (yes) => {
    if (user.is_follow !== yes) changed(yes ? 1 : -1);
    user.is_follow = yes;
    button.textContent = yes ? '已关注' : '关注';
    button.classList.toggle('primary', !yes);
    button.setAttribute('aria-label', yes ? `取消关注 ${user.name}` : `关注 ${user.name}`);
  };
  show(user.is_follow);
  button.addEventListener('click', single(async () => {
    required();
    await choose(!user.is_follow, show, (yes) => api.follow(user.id, yes));
  }));
}

export async function followingPage(id) {
  const { user_list: users } = await api.following(id);
  return listPage('关注', users, personRow, '还没有关注任何人');
}

export async function followersPage(id) {
  const { user_list: users } = await api.followers(id);
  return listPage('粉丝', users, personRow, '还没有粉丝');
}

export async function friendsPage() {
  required();
  const { user_list: users } = await api.friends();
  return listPage('朋友', users, friendRow, '互相关注的人会出现在这里');
}

/** A page with a title, and something below it. */
export function titled(title, ...content) {
  const page = make('page');
  page.title.textContent = title;
  page.root.append(...content);
  return page.root;
}

function listPage(title, users, row, nobody) {
  const list = make('list');
  list.rows.append(...users.map(row));
  list.notice.textContent = nobody;
  list.notice.hidden = users.length > 0;
  return titled(title, list.root);
}

function personRow(user) {
  const person = filled(user, `#/user/${user.id}`, user.signature);
  followButton(person.follow, user);
  return person.root;
}

function friendRow(user) {
  const newest = user.message && (user.msgType === 1 ? `我：${user.message}` : user.message);
  const person = filled(user, `#/chat/${user.id}`, newest || '打个招呼吧');
  person.follow.remove(); // friends are followed
  return person.root;
}

function filled(user, opens, line) {
  const person = make('person');
  person.link.href = `#/user/${user.id}`;
  person.link.setAttribute('aria-label', `${user.name}的主页`);
  person.avatar.src = user.avatar;
  person.open.href = opens;
  person.name.textContent = user.name;
  person.line.textContent = line;
  return person;
}
