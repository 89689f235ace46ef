// @ts-check
// A column of videos, one in view at a time. It loads the next page ahead of its end.

/** @import { FeedParts, Video } from './types.js' */

import { Card } from './card.js';
import { make, reducedMotion } from './dom.js';
import { t } from './i18n.js';
import { keyScrollsCaption, Wheel } from './scrolling.js';
import { lettersAllowed } from './settings.js';
import { waiting } from './waiting.js';

const AHEAD = 5;

/**
 * The videos shown, what loads those that follow, and the one in view.
 * @typedef {{videos: Video[], asked: (number | undefined)[], next: number | undefined, seen: number}} Place
 */

/**
 * A page of videos; no videos at the end. `next` asks for the page that follows.
 * @typedef {{videos: Video[], next: number}} Loaded
 */

export class Feed {
  /** @type {Card[]} */
  #cards = [];
  /** @type {(number | undefined)[]} the pages shown, by the argument that loaded them */
  #asked = [];
  /** @type {number | undefined} */
  #next;
  /** @type {Card | undefined} */
  #current;
  #running = false;
  #loading = false;
  #failed = false;
  #wheel = new Wheel();
  #load;
  #seen;
  #near;
  #view;

  /**
   * @param {(next: number | undefined) => Promise<Loaded>} load called with undefined at first
   * @param {object} options
   * @param {(video: Video) => void} [options.seen] called with the video in view
   * @param {AbortSignal} [options.signal] ends the feed
   */
  constructor(load, { seen = () => {}, signal } = {}) {
    this.#load = load;
    this.#seen = seen;
    /** @type {FeedParts} */
    this.parts = make('feed');
    this.root = this.parts.root;
    this.#near = this.#watch({ rootMargin: '100% 0px' }, (card, yes) => card.near(yes));
    this.#view = this.#watch({ threshold: 0.6 }, (card, yes) =>
      yes ? this.#show(card) : card.leave(),
    );
    this.root.addEventListener('follow', (event) => this.#showFollow(event));
    this.root.addEventListener('wheel', (event) => this.#step(this.#wheel.step(event)), {
      passive: false,
    });
    document.addEventListener('keydown', (event) => this.#key(event), { signal });
    document.addEventListener('unpublished', (event) => this.#remove(event), { signal });
    addEventListener('online', () => this.#recover(), { signal });
    document.addEventListener('visibilitychange', () => this.#playOrPause(), { signal });
    signal?.addEventListener('abort', () => this.#end());
  }

  start() {
    this.#running = true;
    this.#playOrPause();
  }

  stop() {
    this.#running = false;
    this.#playOrPause();
  }

  async startOver() {
    for (const card of this.#cards) this.#drop(card);
    this.#cards = [];
    this.#asked = []; // a page under way is dropped: it belongs to the old list
    this.#loading = false;
    this.#next = this.#current = undefined;
    await this.more();
  }

  /** Append the next page. */
  async more() {
    if (this.#loading) return;
    this.#loading = true;
    this.#failed = false;
    this.parts.end.hidden = true;
    const asked = this.#asked;
    try {
      const { videos, next } = await waiting(this.#load(this.#next), (yes) => {
        if (asked === this.#asked) this.#saySlow(yes);
      });
      if (asked !== this.#asked) return;
      if (!videos.length) {
        if (this.#cards.length) return this.#say(t.seenAll, t.startOver, () => this.startOver());
        return this.#say(t.noVideos, t.publishFirst, () => location.assign('#/publish'));
      }
      asked.push(this.#next);
      this.#next = next;
      for (const video of videos) this.#append(new Card(video));
    } catch (failure) {
      this.#say(failure instanceof Error ? failure.message : '', t.retry, () => this.more());
      this.#failed = true;
      throw failure;
    } finally {
      if (asked === this.#asked) this.#loading = false;
    }
  }

  /**
   * What a reload needs to show the same.
   * @returns {Place | undefined}
   */
  place() {
    if (!this.#current) return undefined;
    const videos = this.#cards.map(({ video }) => video);
    return { videos, asked: [...this.#asked], next: this.#next, seen: this.#current.video.id };
  }

  /** @param {Place} place */
  restore({ videos, asked, next, seen }) {
    this.#asked = asked;
    this.#next = next;
    for (const video of videos) this.#append(new Card(video));
    this.goTo(seen);
  }

  /**
   * Load the pages shown again, for likes, follows and counts changed elsewhere or a new session.
   * A card that the viewer changed meanwhile keeps what it shows: the answer may be older.
   */
  async refresh() {
    const asked = performance.now();
    const pages = await Promise.all(this.#asked.map((next) => this.#load(next)));
    const cards = new Map(this.#cards.map((card) => [card.video.id, card]));
    for (const video of pages.flatMap((page) => page.videos)) {
      const card = cards.get(video.id);
      if (card && card.changed < asked) card.show(video);
    }
  }

  /**
   * Load the video in view again.
   * @param {(id: number) => Promise<Video>} load
   */
  async refreshCurrent(load) {
    const asked = performance.now();
    const card = this.#current;
    if (!card) return;
    const video = await load(card.video.id);
    if (card.changed < asked) card.show(video);
  }

  /**
   * Load the first page, and more until one has the video.
   * @param {number} id of a video
   */
  async find(id) {
    do await this.more();
    while (this.parts.end.hidden && !this.#cards.some(({ video }) => video.id === id));
  }

  /** @param {number} id of a video */
  goTo(id) {
    const card = this.#cards.find((each) => each.video.id === id);
    card?.root.scrollIntoView({ behavior: 'instant' });
  }

  focus() {
    this.root.focus({ preventScroll: true });
  }

  /**
   * @param {{rootMargin?: string, threshold?: number}} options
   * @param {(card: Card, yes: boolean) => void} changed
   */
  #watch(options, changed) {
    const { threshold = 0 } = options;
    return new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting, intersectionRatio } of entries) {
          const card = this.#cards.find(({ root }) => root === target);
          if (card) changed(card, isIntersecting && intersectionRatio >= threshold);
        }
      },
      { root: this.root, ...options },
    );
  }

  /** @param {Card} card */
  #append(card) {
    this.#cards.push(card);
    this.parts.end.before(card.root);
    this.#near.observe(card.root);
    this.#view.observe(card.root);
  }

  /** @param {Card} card */
  #drop(card) {
    this.#near.unobserve(card.root);
    this.#view.unobserve(card.root);
    card.near(false);
    card.root.remove();
  }

  /** @param {Event} event names a video that its author deleted */
  #remove(event) {
    const { detail: id } = /** @type {CustomEvent<number>} */ (event);
    for (const card of this.#cards.filter(({ video }) => video.id === id)) this.#drop(card);
    this.#cards = this.#cards.filter(({ video }) => video.id !== id);
    if (this.#current?.video.id === id) this.#current = undefined;
  }

  #end() {
    this.stop();
    for (const card of this.#cards) this.#drop(card);
  }

  /** @param {Card} card */
  #show(card) {
    this.#current?.leave();
    this.#current = card;
    this.#playOrPause();
    this.#seen(card.video);
    this.#moveFocus(card);
    const nearEnd = this.#cards.indexOf(card) >= this.#cards.length - AHEAD;
    if (nearEnd && this.parts.end.hidden) this.more();
  }

  /**
   * Move the focus to the video in view, so that tabbing continues there and no key presses a
   * button of a video out of view.
   * @param {Card} card
   */
  #moveFocus(card) {
    const focused = document.activeElement;
    if (this.root.contains(focused) && !card.root.contains(focused)) {
      card.root.focus({ preventScroll: true });
    }
  }

  #playOrPause() {
    if (this.#running && !document.hidden) this.#current?.enter();
    else this.#current?.leave();
  }

  /** The network is back: load what failed. */
  #recover() {
    for (const card of this.#cards) card.recover();
    this.#playOrPause();
    if (this.#failed) this.more();
  }

  /** @param {boolean} yes whether the next page takes long */
  #saySlow(yes) {
    const { end, word, again } = this.parts;
    word.textContent = yes ? t.loading : '';
    again.hidden = yes;
    end.hidden = !yes;
  }

  /**
   * Show a card with a message and one button after the last video.
   * @param {string} words
   * @param {string} label
   * @param {() => void} action
   */
  #say(words, label, action) {
    const { end, word, again } = this.parts;
    word.textContent = words;
    again.textContent = label;
    again.hidden = false;
    again.onclick = action;
    end.hidden = false;
  }

  /** @param {Event} event of a card */
  #showFollow(event) {
    const { id, yes } = /** @type {CustomEvent<{id: number, yes: boolean}>} */ (event).detail;
    for (const card of this.#cards.filter(({ video }) => video.author.id === id)) {
      card.changed = Math.max(card.changed, performance.now());
      card.showFollow(yes);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#running || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const target = /** @type {Element} */ (event.target);
    if (target.matches('input, textarea')) return;
    if (event.key === ' ' && target.matches('a, button')) return;
    const action = this.#action(event.key);
    if (!action || keyScrollsCaption(event)) return;
    event.preventDefault();
    action();
  }

  /**
   * @param {string} key
   * @returns {(() => void) | undefined}
   */
  #action(key) {
    const card = this.#current;
    switch (key) {
      case 'ArrowDown':
      case 'PageDown':
        return () => this.#step(1);
      case 'ArrowUp':
      case 'PageUp':
        return () => this.#step(-1);
      case ' ':
        return () => card?.toggle();
    }
    if (!lettersAllowed()) return undefined;
    switch (key) {
      case 'l':
        return () => card?.toggleLike();
      case 'c':
        return () => card?.openComments();
      case 'm':
        return () => card?.toggleSound();
    }
    return undefined;
  }

  /** @param {number} by */
  #step(by) {
    if (!by) return;
    const places = [...this.root.children].filter(
      (place) => place instanceof HTMLElement && !place.hidden,
    );
    const here = Math.round(this.root.scrollTop / this.root.clientHeight);
    places[here + by]?.scrollIntoView({ behavior: reducedMotion() ? 'instant' : 'smooth' });
  }
}
