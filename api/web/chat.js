// @ts-check
// A chat: its newest messages first, older ones on scrolling up, new messages by polling.

/** @import { ChatParts, Message, User } from './types.js' */
/** @typedef {Pick<Message, 'content' | 'from_user_id' | 'create_time'>} Shown */

import * as api from './api.js';
import { inOrder, make, pause, single, toast } from './dom.js';
import { Failure, UNAUTHORIZED } from './failure.js';
import { locale } from './i18n.js';
import { markRead } from './inbox.js';
import { titled } from './people.js';
import { required, session } from './session.js';
import { lineAt, waiting } from './waiting.js';

const POLL_MS = 1000;
const NEAR_PX = 120;
const TIME_APART_MS = 5 * 60_000;
const clock = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });

/**
 * `#/chat/USER`
 * @type {import('./types.js').Page}
 */
export async function chatPage([id = ''], signal) {
  required();
  const [{ user }, { message_list: history, next_cursor }] = await Promise.all([
    api.user(id),
    api.messages(id, 0),
  ]);
  const chat = make('chat');
  let newest = 0; // the time of the last message shown
  const show = (/** @type {Shown} */ message) => {
    const bubble = bubbleOf(message, message.create_time - newest > TIME_APART_MS);
    newest = message.create_time;
    return append(chat, bubble);
  };
  history.forEach(show);
  const older = loadOlder(chat, user, next_cursor);
  chat.log.addEventListener('scroll', older);
  const queue = inOrder();
  const deliver = (/** @type {string} */ content) => queue(() => api.send(user.id, content));
  chat.form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(chat.text, show, deliver);
  });
  // 0 would ask for the newest messages again, including messages sent from here meanwhile.
  listen(user, history.at(-1)?.create_time ?? 1, show, signal);
  markRead(user.id, history);
  const page = titled(user.name, chat.root);
  page.addEventListener('shown', () => {
    chat.log.scrollTop = chat.log.scrollHeight;
  });
  return page;
}

/**
 * Make the action that prepends older messages if the top is near.
 * @param {ChatParts} chat
 * @param {User} user
 * @param {number} next the cursor of the next older page, 0: none
 */
function loadOlder({ log, rows }, user, next) {
  const show = lineAt(rows, 'before');
  return single(async () => {
    if (!next || log.scrollTop > NEAR_PX) return;
    const { message_list: messages, next_cursor } = await waiting(
      api.messages(user.id, next),
      show,
    );
    next = next_cursor;
    let last = 0;
    const bubbles = messages.map((message) => {
      const bubble = bubbleOf(message, message.create_time - last > TIME_APART_MS);
      last = message.create_time;
      return bubble;
    });
    const below = log.scrollHeight - log.scrollTop; // what is in view stays in view
    rows.prepend(...bubbles);
    log.scrollTop = log.scrollHeight - below;
  });
}

/**
 * Show one's own message at once: polling returns received messages only.
 * @param {HTMLInputElement} input
 * @param {(message: Shown) => HTMLElement} show
 * @param {(content: string) => Promise<unknown>} deliver
 */
async function send(input, show, deliver) {
  const content = input.value;
  input.value = '';
  const bubble = show({ content, from_user_id: session.id, create_time: Date.now() });
  try {
    await deliver(content);
  } catch (failure) {
    bubble.remove();
    input.value ||= content;
    throw failure;
  }
}

/**
 * Poll for messages newer than `after` until the chat is left.
 * @param {User} user
 * @param {number} after ms
 * @param {(message: Shown) => void} show
 * @param {AbortSignal} signal
 */
async function listen(user, after, show, signal) {
  let reported = false; // the failure that lasts now
  while (await tick(signal)) {
    try {
      const { message_list: received } = await api.received(user.id, after);
      if (signal.aborted) return;
      received.forEach(show);
      markRead(user.id, received);
      after = received.at(-1)?.create_time ?? after;
      reported = false;
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code === UNAUTHORIZED) throw failure;
      if (!reported) toast(failure.message);
      reported = true;
    }
  }
}

/**
 * Wait for the next poll, and until the tab is visible; false when the chat was left.
 * @param {AbortSignal} signal
 */
async function tick(signal) {
  await pause(POLL_MS, signal);
  while (document.hidden && !signal.aborted) await pause(POLL_MS, signal);
  return !signal.aborted;
}

/**
 * @param {Shown} message
 * @param {boolean} timed whether its time is shown above it
 */
function bubbleOf(message, timed) {
  const { root, time, text } = make('message');
  root.classList.toggle('mine', message.from_user_id === session.id);
  text.textContent = message.content;
  time.textContent = clock.format(message.create_time);
  time.hidden = !timed;
  return root;
}

/**
 * Append a message, and scroll to it unless the user reads further up.
 * @param {ChatParts} chat
 * @param {HTMLElement} bubble
 */
function append({ log, rows }, bubble) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  rows.append(bubble);
  if (atEnd || bubble.classList.contains('mine')) log.scrollTop = log.scrollHeight;
  return bubble;
}
