// @ts-check
// One video of a feed, with its player and its buttons.

/** @import { CardParts, Video } from './types.js' */

import * as api from './api.js';
import { openComments } from './comments.js';
import { choose, count, make, reducedMotion, single } from './dom.js';
import { t } from './i18n.js';
import { KIND, openReport } from './moderation.js';
import { required, session } from './session.js';
import { share } from './share.js';
import { showTitle } from './tags.js';

const DOUBLE_TAP_MS = 300;
const BURST_MS = 900;
const HLS = 'application/vnd.apple.mpegurl';

// One setting for all cards. Without a click or a key, browsers play only muted videos.
let silent = true;

export class Card {
  /** When the viewer last changed something here, in ms; Infinity while a change is under way. */
  changed = 0;
  #lastTap = -DOUBLE_TAP_MS;
  #pendingTap = 0;
  #tapPaused = false; // whether the last tap paused the video
  #plain = false; // HLS has failed here

  /** @param {Video} video */
  constructor(video) {
    /** @type {CardParts} */
    this.parts = make('card');
    this.root = this.parts.root;
    this.video = video;
    this.show(video);
    this.#listen();
  }

  /**
   * Show the current data of the video.
   * @param {Video} video
   */
  show(video) {
    this.video = video;
    const { author } = video;
    const { name, title, avatar, sound } = this.parts;
    name.textContent = `@${author.name}`;
    showTitle(title, video.title);
    this.#fitCaption();
    avatar.src = author.avatar;
    name.href = this.parts.author.href = `#/user/${author.id}`;
    this.parts.author.setAttribute('aria-label', t.homeOf(author.name));
    this.root.setAttribute('aria-label', t.titleBy(author.name, video.title));
    sound.setAttribute('aria-pressed', `${!silent}`);
    this.#showComments();
    this.#showLike(video.is_favorite);
    this.showFollow(author.is_follow);
  }

  /**
   * Load the video only while it is near the view: browsers limit the number of players.
   * @param {boolean} yes
   */
  near(yes) {
    const { video, backdrop } = this.parts;
    if (yes === video.hasAttribute('src')) return;
    if (yes) {
      backdrop.src = video.poster = this.video.cover_url;
      video.src = this.#source();
    } else {
      video.removeAttribute('src');
      video.load(); // frees what was loaded
    }
  }

  /** Load what failed, as it does without a network. A video goes on where it was. */
  recover() {
    const { video, avatar, backdrop } = this.parts;
    if (video.error) {
      const at = video.currentTime;
      video.load();
      video.currentTime = at;
    }
    for (const image of [avatar, backdrop])
      if (image.hasAttribute('src') && image.complete && !image.naturalWidth)
        image.setAttribute('src', image.src);
  }

  /** HLS adapts to the connection, where the browser plays it; the MP4 plays everywhere. */
  #source() {
    const { play_url, hls_url } = this.video;
    const adapts = hls_url && !this.#plain && this.parts.video.canPlayType(HLS);
    return adapts ? hls_url : play_url;
  }

  async play() {
    const { video } = this.parts;
    this.near(true);
    this.recover();
    this.#mute(silent);
    try {
      await video.play();
    } catch (refused) {
      const bySound = refused instanceof DOMException && refused.name === 'NotAllowedError';
      if (!bySound || video.muted) return; // paused meanwhile, or it cannot be played
      this.#mute(true);
      await video.play().catch(() => {});
    }
  }

  /** The card came into view. */
  enter() {
    this.#fitCaption();
    if (!reducedMotion()) this.play();
  }

  /** The card left the view. */
  leave() {
    clearTimeout(this.#pendingTap);
    this.parts.video.pause();
  }

  toggle() {
    if (this.parts.video.paused) this.play();
    else this.parts.video.pause();
  }

  /** A caption that is longer than its box scrolls, by the keyboard too. */
  #fitCaption() {
    const { caption } = this.parts;
    if (caption.scrollHeight > caption.clientHeight) caption.tabIndex = 0;
    else caption.removeAttribute('tabindex');
  }

  toggleSound() {
    this.#mute(!silent);
  }

  openComments() {
    return openComments(this.video, () => {
      this.changed = performance.now();
      this.#showComments();
    });
  }

  like = single(async (/** @type {boolean} */ wanted) => {
    required();
    await this.#change(
      wanted,
      (yes) => this.#showLike(yes),
      (yes) => api.like(this.video.id, yes),
    );
  });

  toggleLike() {
    return this.like(!this.video.is_favorite);
  }

  /** @param {boolean} yes */
  showFollow(yes) {
    const { author } = this.video;
    const { follow } = this.parts;
    author.is_follow = yes;
    follow.hidden = yes || author.id === session.id;
    follow.setAttribute('aria-label', t.followName(author.name));
  }

  #follow = single(async () => {
    required();
    const { id } = this.video.author;
    await this.#change(
      true,
      (yes) => this.#announceFollow(id, yes),
      (yes) => api.follow(id, yes),
    );
  });

  /** @type {typeof choose} */
  async #change(wanted, show, call) {
    this.changed = Infinity;
    try {
      await choose(wanted, show, call);
    } finally {
      this.changed = performance.now();
    }
  }

  /**
   * The feed updates every card of this author.
   * @param {number} id
   * @param {boolean} yes
   */
  #announceFollow(id, yes) {
    this.root.dispatchEvent(new CustomEvent('follow', { bubbles: true, detail: { id, yes } }));
  }

  /** @param {boolean} yes */
  #showLike(yes) {
    const { video } = this;
    const { like, likes } = this.parts;
    if (video.is_favorite !== yes) video.favorite_count += yes ? 1 : -1;
    video.is_favorite = yes;
    like.setAttribute('aria-pressed', `${yes}`);
    likes.textContent = count(video.favorite_count);
    like.setAttribute('aria-label', t.likeCount(likes.textContent));
  }

  #showComments() {
    const { comment, comments } = this.parts;
    comments.textContent = count(this.video.comment_count);
    comment.setAttribute('aria-label', t.commentCount(comments.textContent));
  }

  /**
   * Mute or unmute this card, and the cards that play later.
   * @param {boolean} yes
   */
  #mute(yes) {
    silent = this.parts.video.muted = yes;
    document.body.classList.toggle('silent', yes);
    for (const sound of document.querySelectorAll('.card [data-part=sound]')) {
      sound.setAttribute('aria-pressed', `${!yes}`);
    }
  }

  #listen() {
    const { video, tap, seek, like, comment, follow, sound } = this.parts;
    tap.addEventListener('click', (event) => this.#tap(event));
    like.addEventListener('click', () => this.toggleLike());
    comment.addEventListener('click', () => this.openComments());
    follow.addEventListener('click', () => this.#follow());
    sound.addEventListener('click', () => this.toggleSound());
    this.parts.share.addEventListener('click', () => share(this.video.id));
    this.parts.report.addEventListener('click', () => openReport(KIND.video, this.video.id));
    seek.addEventListener('input', () => {
      video.currentTime = (Number(seek.value) / 100) * (video.duration || 0);
    });
    video.addEventListener('timeupdate', () => this.#showTime());
    for (const state of ['play', 'pause', 'waiting', 'playing', 'loadeddata', 'error', 'emptied']) {
      video.addEventListener(state, () => this.#showState(state));
    }
  }

  /**
   * One tap turns the sound on, then pauses or plays. A double tap likes.
   * @param {MouseEvent} event
   */
  #tap({ timeStamp, detail, offsetX, offsetY }) {
    const byKey = detail === 0;
    const twice = !byKey && timeStamp - this.#lastTap < DOUBLE_TAP_MS;
    this.#lastTap = timeStamp; // of three quick taps, the third is one more double tap
    clearTimeout(this.#pendingTap);
    if (twice) {
      // On a busy phone the wait may have ended before the second tap arrived.
      if (this.#tapPaused) this.play();
      this.#tapPaused = false;
      this.#burst(offsetX, offsetY);
      if (!this.video.is_favorite) return this.like(true);
      return;
    }
    this.#tapPaused = false;
    if (byKey) return this.toggle();
    // Unmute now, not after the wait: browsers allow sound only during the event.
    if (silent && !this.parts.video.paused) return this.#mute(false);
    this.#pendingTap = setTimeout(() => {
      this.#tapPaused = !this.parts.video.paused;
      this.toggle();
    }, DOUBLE_TAP_MS);
  }

  /**
   * @param {number} x px from the left
   * @param {number} y px from the top
   */
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
    seek.value = `${part}`;
    seek.style.setProperty('--played', `${part}%`);
    const total = video.duration || 0;
    seek.setAttribute('aria-valuetext', t.timeOf(clock(video.currentTime), clock(total)));
  }

  /** @param {string} event of the video */
  #showState(event) {
    const { video, tap } = this.parts;
    if (event === 'error' && video.src === this.video.hls_url) {
      this.#plain = true;
      const playing = this.root.matches('.card:not(.paused)');
      video.src = this.#source();
      if (playing) this.play();
      return;
    }
    const { classList } = this.root;
    classList.toggle('paused', video.paused);
    classList.toggle('waiting', event === 'waiting');
    // A picture that cannot be decoded is no error if the sound can be: it has no size.
    const blind = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !video.videoWidth;
    classList.toggle('broken', Boolean(video.error) || blind);
    this.parts.broken.textContent = video.error ? t.broken : t.notDecoded;
    tap.setAttribute('aria-label', video.paused ? t.play : t.pause);
    if (event === 'loadeddata') {
      classList.toggle('wide', video.videoWidth > video.videoHeight);
      this.#showTime();
    }
  }
}

/**
 * Format a time of a video as m:ss.
 * @param {number} seconds
 */
function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${`${whole % 60}`.padStart(2, '0')}`;
}
