// The drawer with a video's comments.

import * as api from './api.js';
import { make, single, sure } from './dom.js';
import { required, session } from './session.js';

const dialog = document.getElementById('comments');
const heading = dialog.querySelector('h2');
const rows = dialog.querySelector('.rows');
const notice = dialog.querySelector('.notice');
const form = dialog.querySelector('form');
let current; // the video, and who hears that its count changed

export async function openComments(video, counted) {
  const opened = { video, counted };
  current = opened;
  rows.replaceChildren();
  form.reset();
  say('加载中…');
  dialog.showModal();
  const { comment_list: list } = await api.comments(video.id).catch((failure) => {
    if (current === opened) say(failure.message);
    throw failure;
  });
  if (current !== opened) return; // another video's were opened meanwhile
  rows.replaceChildren(...list.map(row));
  changed(list.length);
}

function row(comment) {
  const { root, author, avatar, name, text, date, remove } = make('comment');
  author.href = name.href = `#/user/${comment.user.id}`;
  author.setAttribute('aria-label', `${comment.user.name}的主页`);
  avatar.src = comment.user.avatar;
  name.textContent = comment.user.name;
  text.textContent = comment.content;
  date.textContent = comment.create_date;
  const { video } = current;
  remove.hidden = !session.id || ![comment.user.id, video.author.id].includes(session.id);
  sure(remove, single(async () => {
    await api.uncomment(video.id, comment.id);
    root.remove();
    changed(video.comment_count - 1);
  }));
  return root;
}

function changed(count) {
  current.video.comment_count = count;
  current.counted();
  heading.textContent = count ? `${count} 条评论` : '评论';
  say(count ? '' : '还没有评论，来说第一句');
}

function say(words) {
  notice.textContent = words;
  notice.hidden = !words;
}

form.addEventListener('submit', (event) => {
  event.preventDefault(); // always, also while an earlier one is under way
  publish();
});

const publish = single(async () => {
  required();
  const { video } = current;
  const { comment } = await api.comment(video.id, form.elements.text.value);
  if (current.video !== video) return;
  form.reset();
  rows.prepend(row(comment));
  rows.scrollTop = 0;
  changed(video.comment_count + 1);
});
