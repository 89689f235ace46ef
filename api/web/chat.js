// A chat: all of it at first, then once a second what came since.

import * as api from './api.js';
import { inOrder, make, pause, toast } from './dom.js';
import { Failure, UNAUTHORIZED } from './failure.js';
import { titled } from './people.js';
import { required, session } from './session.js';

const POLL_MS = 1000;
const NEAR_PX = 120;
const TIME_APART_MS = 5 * 60_000;
const clock = new Intl.DateTimeFormat('zh-CN', { dateStyle: 'short', timeStyle: 'short' });

export async function chatPage([id], signal) {
  required();
  const [{ user }, { message_list: history }] = await Promise.all([api.user(id), api.messages(id, 0)]);
  const chat = make('chat');
  let shown = 0; // the time of the newest message
  const show = (message) => {
    const bubble = bubbleOf(message, message.create_time - shown > TIME_APART_MS);
    shown = message.create_time;
    return append(chat.log, bubble);
  };
  history.forEach(show);
  const turn = inOrder();
  const deliver = (content) => turn(() => api.send(user.id, content));
  chat.form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(chat.form.elements.text, show, deliver);
  });
  // 0 would mean all again, with what was sent from here meanwhile.
  listen(user, history.at(-1)?.create_time ?? 1, show, signal);
  const page = titled(user.name, chat.root);
  page.addEventListener('shown', () => (chat.log.scrollTop = chat.log.scrollHeight));
  return page;
}

/** Show one's own message at once: polling brings only what one received. */
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

async function listen(user, after, show, signal) {
  let told = false; // of a failure, which may last
  while (await tick(signal)) {
    try {
      const { message_list: received } = await api.messages(user.id, after);
      if (signal.aborted) return;
      received.forEach(show);
      after = received.at(-1)?.create_time ?? after;
      told = false;
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code === UNAUTHORIZED) throw failure;
      if (!told) toast(failure.message);
      told = true;
    }
  }
}

/** Wait for the next turn, and for somebody to look; false when the chat is closed. */
async function tick(signal) {
  await pause(POLL_MS, signal);
  while (document.hidden && !signal.aborted) await pause(POLL_MS, signal);
  return !signal.aborted;
}

function bubbleOf(message, timed) {
  const { root, time, text } = make('message');
  root.classList.toggle('mine', message.from_user_id === session.id);
  text.textContent = message.content;
  time.textContent = clock.format(message.create_time);
  time.hidden = !timed;
  return root;
}

/** Append, and follow the end, but for somebody who reads further up. */
function append(log, bubble) {
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  log.append(bubble);
  if (follows || bubble.classList.contains('mine')) log.scrollTop = log.scrollHeight;
  return bubble;
}
