// One video of a feed: it plays, and is liked, commented on and followed from.

import * as api from './api.js';
import { openComments } from './comments.js';
import { choose, count, make, single, still } from './dom.js';
import { required, session } from './session.js';

const TWICE_MS = 300;
const BURST_MS = 900;

// Browsers start by themselves only what makes no noise. One touch, and all videos have sound.
let silent = true;

export class Card {
  #tapped = -TWICE_MS;
  #waits;

  constructor(video) {
    this.parts = make('card');
    this.root = this.parts.root;
    this.show(video);
    this.#listen();
  }

  /** Show what is known about the video now. */
  show(video) {
    this.video = video;
    const { author } = video;
    const { name, title, avatar } = this.parts;
    name.textContent = `@${author.name}`;
    title.textContent = video.title;
    avatar.src = author.avatar;
    name.href = this.parts.author.href = `#/user/${author.id}`;
    this.parts.author.setAttribute('aria-label', `${author.name}的主页`);
    this.root.setAttribute('aria-label', `${author.name}：${video.title}`);
    this.#showComments();
    this.#showLike(video.is_favorite);
    this.showFollow(author.is_follow);
  }

  /** Hold the video only while it is near: browsers have few players, phones little memory. */
  near(yes) {
    const { video, backdrop } = this.parts;
    if (yes === video.hasAttribute('src')) return;
    if (yes) {
      backdrop.src = video.poster = this.video.cover_url;
      video.src = this.video.play_url;
    } else {
      video.removeAttribute('src');
      video.load(); // lets go of what was loaded
    }
  }

  async play() {
    const { video } = this.parts;
    this.near(true);
    this.#hear(silent);
    try {
      await video.play();
    } catch (refused) {
      if (refused.name !== 'NotAllowedError' || video.muted) return; // left meanwhile, or cannot be played
      this.#hear(true);
      await video.play().catch(() => {});
    }
  }

  /** Play as the video comes into view. */
  enter() {
    if (!still()) this.play();
  }

  leave() {
    clearTimeout(this.#waits);
    this.parts.video.pause();
  }

  toggle() {
    if (this.parts.video.paused) this.play();
    else this.parts.video.pause();
  }

  toggleSound() {
    this.#hear(!silent);
  }

  openComments() {
    return openComments(this.video, () => this.#showComments());
  }

  like = single(async (wanted) => {
    required();
    await choose(wanted, (yes) => this.#showLike(yes), (yes) => api.like(this.video.id, yes));
  });

  toggleLike() {
    return this.like(!this.video.is_favorite);
  }

  showFollow(yes) {
    this.video.author.is_follow = yes;
    const { follow } = this.parts;
    follow.hidden = yes || this.video.author.id === session.id;
    follow.setAttribute('aria-label', `关注 ${this.video.author.name}`);
  }

  #follow = single(async () => {
    required();
    await choose(true, (yes) => this.#tellFollow(yes), (yes) => api.follow(this.video.author.id, yes));
  });

  /** The author may have more videos in the feed: it tells them. */
  #tellFollow(yes) {
    const detail = { id: this.video.author.id, yes };
    this.root.dispatchEvent(new CustomEvent('follow', { bubbles: true, detail }));
  }

  #showLike(yes) {
    const { video } = this;
    if (video.is_favorite !== yes) video.favorite_count += yes ? 1 : -1;
    video.is_favorite = yes;
    this.parts.like.setAttribute('aria-pressed', yes);
    this.parts.like.setAttribute('aria-label', `点赞，${video.favorite_count}`);
    this.parts.likes.textContent = count(video.favorite_count);
  }

  #showComments() {
    this.parts.comment.setAttribute('aria-label', `评论，${this.video.comment_count}`);
    this.parts.comments.textContent = count(this.video.comment_count);
  }

  #hear(quiet) {
    silent = this.parts.video.muted = quiet;
    document.body.classList.toggle('silent', quiet);
  }

  #listen() {
    const { video, tap, seek, like, comment, follow, sound } = this.parts;
    tap.addEventListener('click', (event) => this.#tap(event));
    like.addEventListener('click', () => this.toggleLike());
    comment.addEventListener('click', () => this.openComments());
    follow.addEventListener('click', () => this.#follow());
    sound.addEventListener('click', () => this.toggleSound());
    seek.addEventListener('input', () => (video.currentTime = (seek.value / 100) * (video.duration || 0)));
    video.addEventListener('timeupdate', () => this.#showTime());
    for (const state of ['play', 'pause', 'waiting', 'playing', 'loadeddata', 'error', 'emptied']) {
      video.addEventListener(state, () => this.#showState(state));
    }
  }

  /** Once: sound if there is none, else pause or play. Twice: like, where it was touched. */
  #tap({ timeStamp, detail, offsetX, offsetY }) {
    const byKey = detail === 0;
    const twice = !byKey && timeStamp - this.#tapped < TWICE_MS;
    this.#tapped = twice ? -TWICE_MS : timeStamp;
    clearTimeout(this.#waits);
    if (twice) {
      this.#burst(offsetX, offsetY);
      return this.like(true);
    }
    if (byKey) return this.toggle();
    // With the touch itself, since browsers allow sound to nothing that comes later.
    if (silent && !this.parts.video.paused) return this.#hear(false);
    this.#waits = setTimeout(() => this.toggle(), TWICE_MS);
  }

  #burst(x, y) {
    const { root } = make('burst');
    root.style.left = `${x}px`;
    root.style.top = `${y}px`;
    this.root.append(root);
    setTimeout(() => root.remove(), BURST_MS);
  }

  #showTime() {
    const { video, seek } = this.parts;
    const part = (video.currentTime / video.duration) * 100 || 0;
    seek.value = part;
    seek.style.setProperty('--played', `${part}%`);
  }

  #showState(state) {
    const { video } = this.parts;
    const { classList } = this.root;
    classList.toggle('paused', video.paused);
    classList.toggle('waiting', state === 'waiting');
    classList.toggle('broken', Boolean(video.error));
    if (state === 'loadeddata') classList.toggle('wide', video.videoWidth > video.videoHeight);
  }
}
