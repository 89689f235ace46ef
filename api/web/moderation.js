// @ts-check
// Reports, blocks and the list of blocked people.

/** @import { Page, User } from './types.js' */

import * as api from './api.js';
import { element, make, single, toast, within } from './dom.js';
import { closeDrawer, openDrawer } from './drawers.js';
import { t } from './i18n.js';
import { loadRest } from './paging.js';
import { filled, titled } from './people.js';
import { required } from './session.js';

/** The kinds of what can be reported. */
export const KIND = { video: 1, comment: 2, user: 3 };

const dialog = element('report', HTMLDialogElement);
const form = within(dialog, 'form', HTMLFormElement);
const reason = within(form, '[name=reason]', HTMLTextAreaElement);
/** @type {(() => Promise<unknown>) | undefined} */
let send;

/**
 * Ask for a reason and report something.
 * @param {number} kind one of `KIND`
 * @param {number} id
 */
export function openReport(kind, id) {
  required();
  form.reset();
  send = () => api.report(kind, id, reason.value);
  openDrawer(dialog);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});

const submit = single(async () => {
  await send?.();
  await closeDrawer(dialog);
  toast(t.reported);
});

/**
 * Make a button block a user; the page is left, because nothing of the user is shown any more.
 * @param {HTMLButtonElement} button
 * @param {User} user
 */
export function blockButton(button, user) {
  button.addEventListener(
    'click',
    single(async () => {
      required();
      await api.block(user.id, true);
      toast(t.blockedName(user.name));
      location.hash = '#/blocked';
    }),
  );
}

/**
 * `#/blocked`
 * @type {Page}
 */
export async function blockedPage() {
  required();
  const { user_list: users, next_cursor } = await api.blocked(0);
  const list = make('list');
  list.rows.append(...users.map(blockedRow));
  await loadRest(list.rows, next_cursor, async (cursor) => {
    const page = await api.blocked(cursor);
    return { items: page.user_list.map(blockedRow), next: page.next_cursor };
  });
  list.notice.textContent = t.noBlocked;
  list.notice.hidden = list.rows.hasChildNodes();
  return titled(t.blocked, list.root);
}

/** @param {User} user */
function blockedRow(user) {
  const person = filled(user, `#/user/${user.id}`, user.signature);
  person.follow.textContent = t.unblock;
  person.follow.setAttribute('aria-label', t.unblockName(user.name));
  person.follow.addEventListener(
    'click',
    single(async () => {
      await api.block(user.id, false);
      person.root.remove();
    }),
  );
  return person.root;
}
