// @ts-check
// The dialog with a video's comments.

/** @import { Comment, Video } from './types.js' */
/** @typedef {{video: Video, counted: () => void}} Opened `counted` is called when the count changes */

import * as api from './api.js';
import { confirmed, element, make, single, within } from './dom.js';
import { openDrawer } from './drawers.js';
import { t } from './i18n.js';
import { KIND, openReport } from './moderation.js';
import { loadRest } from './paging.js';
import { required, session } from './session.js';
import { busy, waiting } from './waiting.js';

const dialog = element('comments', HTMLDialogElement);
const heading = within(dialog, 'h2', HTMLElement);
const rows = within(dialog, '.rows', HTMLElement);
const notice = within(dialog, '.notice', HTMLElement);
const form = within(dialog, 'form', HTMLFormElement);
const text = within(form, '[name=text]', HTMLInputElement);
/** @type {Opened | undefined} */
let current;

/**
 * @param {Video} video
 * @param {() => void} counted
 */
export async function openComments(video, counted) {
  const opened = { video, counted };
  current = opened;
  rows.replaceChildren();
  form.reset();
  heading.textContent = t.comments;
  openDrawer(dialog);
  await load(opened);
}

/** @param {Opened} opened */
async function load(opened) {
  const { video } = opened;
  say('');
  const asked = waiting(api.comments(video.id, 0), (yes) => {
    if (current === opened) say(yes ? t.loading : '');
  });
  const { comment_list: list, next_cursor } = await asked.catch((failure) => {
    if (current === opened) {
      say(failure.message);
      addEventListener('online', () => current === opened && load(opened), { once: true });
    }
    throw failure;
  });
  if (current !== opened) return; // the comments of another video were opened meanwhile
  rows.replaceChildren(...list.map((comment) => row(comment, opened)));
  changed(opened, next_cursor ? video.comment_count : list.length);
  await loadRest(rows, next_cursor, (cursor) => olderRows(opened, cursor));
}

/**
 * @param {Opened} opened
 * @param {number} cursor
 */
async function olderRows(opened, cursor) {
  const { comment_list: list, next_cursor } = await api.comments(opened.video.id, cursor);
  if (current !== opened) return { items: [], next: 0 };
  return { items: list.map((comment) => row(comment, opened)), next: next_cursor };
}

/**
 * @param {Comment} comment
 * @param {Opened} opened
 */
function row(comment, opened) {
  const { root, author, avatar, name, text, date, report, remove } = make('comment');
  const { video } = opened;
  author.href = name.href = `#/user/${comment.user.id}`;
  author.setAttribute('aria-label', t.homeOf(comment.user.name));
  avatar.src = comment.user.avatar;
  name.textContent = comment.user.name;
  text.textContent = comment.content;
  date.textContent = comment.create_date;
  remove.hidden = !session.id || ![comment.user.id, video.author.id].includes(session.id);
  report.hidden = comment.user.id === session.id;
  report.addEventListener('click', () => openReport(KIND.comment, comment.id));
  confirmed(
    remove,
    single(async () => {
      await api.uncomment(video.id, comment.id);
      root.remove();
      changed(opened, video.comment_count - 1);
    }),
  );
  return root;
}

/**
 * @param {Opened} opened
 * @param {number} count
 */
function changed(opened, count) {
  opened.video.comment_count = count;
  opened.counted();
  if (current !== opened) return;
  heading.textContent = count ? t.commentsTitle(count) : t.comments;
  say(count ? '' : t.noComments);
}

/** @param {string} words */
function say(words) {
  notice.textContent = words;
  notice.hidden = !words;
}

form.addEventListener('submit', (event) => {
  event.preventDefault(); // always, also while an earlier submit is under way
  publish();
});

const publish = single(async () => {
  required();
  const opened = current;
  if (!opened) return;
  const { video } = opened;
  const { comment } = await waiting(api.comment(video.id, text.value), busy(form));
  if (current === opened) {
    form.reset();
    rows.prepend(row(comment, opened));
    rows.scrollTop = 0;
  }
  changed(opened, video.comment_count + 1);
});
