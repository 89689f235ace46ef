// @ts-check
// The inbox: conversations with anybody, newest first, and the number of unread messages in the navigation.

/** @import { Conversation, Message, Page } from './types.js' */

import * as api from './api.js';
import { element, make } from './dom.js';
import { Failure } from './failure.js';
import { t } from './i18n.js';
import { onChange } from './live.js';
import { loadRest } from './paging.js';
import { titled } from './people.js';
import { required, session } from './session.js';

const MOST = 99;
const place = element('inbox', HTMLElement);
const badge = element('unread', HTMLElement);

/**
 * `#/inbox`
 * @type {Page}
 */
export async function inboxPage(_, signal) {
  required();
  const list = make('list');
  const refill = latest(async () => {
    const { conversation_list: conversations, next_cursor } = await api.inbox(0);
    if (signal.aborted) return;
    list.rows.replaceChildren(...conversations.map(row));
    await loadRest(list.rows, next_cursor, async (cursor) => {
      const page = await api.inbox(cursor);
      return { items: page.conversation_list.map(row), next: page.next_cursor };
    });
    list.notice.textContent = t.noConversations;
    list.notice.hidden = list.rows.hasChildNodes();
  });
  await refill();
  onChange(() => refill().catch(ignore), signal);
  return titled(t.inbox, list.root);
}

/**
 * Mark a chat as read up to its last message received.
 * @param {number} user
 * @param {Pick<Message, 'from_user_id' | 'create_time'>[]} messages oldest first
 */
export async function markRead(user, messages) {
  const last = messages.findLast((message) => message.from_user_id === user);
  if (last) await api.markRead(user, last.create_time).catch(ignore);
}

/** Show how many messages are unread in the newest conversations. */
const count = latest(async () => {
  let unread = 0;
  if (session.id) {
    const { conversation_list: conversations } = await api.inbox(0);
    unread = conversations.reduce((sum, each) => sum + each.unread, 0);
  }
  badge.hidden = !unread;
  badge.textContent = short(unread);
  if (unread) place.setAttribute('aria-label', t.inboxUnread(short(unread)));
  else place.removeAttribute('aria-label');
});

/** @param {Conversation} conversation */
function row({ user, message, unread }) {
  const { root, link, avatar, open, name, line, count: number } = make('conversation');
  const words = message.from_user_id === user.id ? message.content : t.saidByMe(message.content);
  link.href = `#/user/${user.id}`;
  link.setAttribute('aria-label', t.homeOf(user.name));
  avatar.src = user.avatar;
  open.href = `#/chat/${user.id}`;
  name.textContent = user.name;
  line.textContent = words;
  number.hidden = !unread;
  number.textContent = short(unread);
  if (unread) number.setAttribute('aria-label', t.unread(short(unread)));
  return root;
}

/** @param {number} number */
function short(number) {
  return number > MOST ? `${MOST}+` : `${number}`;
}

/**
 * Wrap a load: a call while it runs makes it run once more, so that the last state is shown.
 * @param {() => Promise<void>} load
 */
function latest(load) {
  /** @type {Promise<void> | undefined} */
  let running;
  let again = false;
  return () => {
    again = true;
    running ??= (async () => {
      try {
        while (again) {
          again = false;
          await load();
        }
      } finally {
        running = undefined;
      }
    })();
    return running;
  };
}

/** @param {unknown} failure of something that is tried again by itself */
function ignore(failure) {
  if (!(failure instanceof Failure)) throw failure;
}

const recount = () => count().catch(ignore);
onChange(recount);
document.addEventListener('session', recount);
