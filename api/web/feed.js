// A column of videos, one at a time. It asks for more before its end, and plays what is in view.

import { Card } from './card.js';
import { make, still } from './dom.js';

const AHEAD = 5;
const TURN_PX = 8;
const TURN_GAP_MS = 150;
const TURN_MS = 1000;

export class Feed {
  #cards = [];
  #asked = []; // the pages shown, by what was asked for
  #next;
  #current;
  #running = false;
  #loading = false;
  #turned = { first: 0, last: 0 }; // the wheel
  #load;
  #tellSeen;
  #near;
  #view;

  /**
   * `load(next)` gives `{ videos, next }`, and no videos at the end; `next` is undefined at first.
   * `seen(video)` hears what is in view. The feed ends with `signal`.
   */
  constructor(load, { seen = () => {}, signal } = {}) {
    this.#load = load;
    this.#tellSeen = seen;
    this.parts = make('feed');
    this.root = this.parts.root;
    this.#near = this.#watch({ rootMargin: '100% 0px' }, (card, yes) => card.near(yes));
    this.#view = this.#watch({ threshold: 0.6 }, (card, yes) => (yes ? this.#show(card) : card.leave()));
    this.root.addEventListener('follow', ({ detail }) => this.#showFollow(detail));
    this.root.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    document.addEventListener('keydown', (event) => this.#key(event), { signal });
    document.addEventListener('visibilitychange', () => this.#turn(), { signal });
    signal?.addEventListener('abort', () => this.#end());
  }

  start() {
    this.#running = true;
    this.#turn();
  }

  stop() {
    this.#running = false;
    this.#turn();
  }

  async startOver() {
    for (const card of this.#cards) this.#drop(card);
    this.#cards = [];
    this.#asked = []; // a page that is under way now belongs to no list
    this.#loading = false;
    this.#next = this.#current = undefined;
    await this.more();
  }

  /** Append the next page. */
  async more() {
    if (this.#loading) return;
    this.#loading = true;
    this.parts.end.hidden = true;
    const asked = this.#asked;
    try {
      const { videos, next } = await this.#load(this.#next);
      if (asked !== this.#asked) return;
      if (!videos.length) return this.#say(this.#cards.length ? '已经看完了' : '还没有视频', '从头再看', () => this.startOver());
      asked.push(this.#next);
      this.#next = next;
      for (const video of videos) this.#append(new Card(video));
    } catch (failure) {
      this.#say(failure.message, '重试', () => this.more());
      throw failure;
    } finally {
      if (asked === this.#asked) this.#loading = false;
    }
  }

  /** Show the likes, follows and counts of now: they were changed elsewhere, or somebody signed in. */
  async refresh() {
    const pages = await Promise.all(this.#asked.map((next) => this.#load(next)));
    const cards = new Map(this.#cards.map((card) => [card.video.id, card]));
    for (const video of pages.flatMap((page) => page.videos)) cards.get(video.id)?.show(video);
  }

  goTo(id) {
    this.#cards.find((card) => card.video.id === id)?.root.scrollIntoView({ behavior: 'instant' });
  }

  #watch(options, tell) {
    return new IntersectionObserver((entries) => {
      for (const { target, isIntersecting, intersectionRatio } of entries) {
        const card = this.#cards.find(({ root }) => root === target);
        if (card) tell(card, isIntersecting && intersectionRatio >= (options.threshold ?? 0));
      }
    }, { root: this.root, ...options });
  }

  #append(card) {
    this.#cards.push(card);
    this.parts.end.before(card.root);
    this.#near.observe(card.root);
    this.#view.observe(card.root);
  }

  #drop(card) {
    this.#near.unobserve(card.root);
    this.#view.unobserve(card.root);
    card.near(false);
    card.root.remove();
  }

  #end() {
    this.stop();
    for (const card of this.#cards) this.#drop(card);
  }

  #show(card) {
    this.#current?.leave();
    this.#current = card;
    this.#turn();
    this.#tellSeen(card.video);
    this.#keepFocus(card);
    if (this.#cards.indexOf(card) >= this.#cards.length - AHEAD && this.parts.end.hidden) this.more();
  }

  /** Keys are for the video in view: tabbing goes on there, and no button of another one is pressed. */
  #keepFocus(card) {
    const focused = document.activeElement;
    if (this.root.contains(focused) && !card.root.contains(focused)) card.root.focus({ preventScroll: true });
  }

  focus() {
    this.root.focus({ preventScroll: true });
  }

  #turn() {
    if (this.#running && !document.hidden) this.#current?.enter();
    else this.#current?.leave();
  }

  #say(words, label, action) {
    const { end, word, again } = this.parts;
    word.textContent = words;
    again.textContent = label;
    again.onclick = action;
    end.hidden = false;
  }

  #showFollow({ id, yes }) {
    for (const card of this.#cards) if (card.video.author.id === id) card.showFollow(yes);
  }

  #key(event) {
    const { key, target } = event;
    const meant = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;
    if (!this.#running || meant || document.querySelector('dialog[open]') || target.matches('input, textarea')) return;
    const action = {
      ArrowDown: () => this.#step(1),
      ArrowUp: () => this.#step(-1),
      PageDown: () => this.#step(1),
      PageUp: () => this.#step(-1),
      l: () => this.#current?.toggleLike(),
      c: () => this.#current?.openComments(),
      m: () => this.#current?.toggleSound(),
      ' ': () => this.#current?.toggle(),
    }[key];
    if (!action || (key === ' ' && target.matches('a, button'))) return;
    event.preventDefault();
    action();
  }

  /** One turn of the wheel is one video: snapping alone would take a small turn back. */
  #wheel(event) {
    if (event.ctrlKey) return; // zooms
    event.preventDefault();
    const { deltaY, timeStamp: now } = event;
    if (Math.abs(deltaY) < TURN_PX) return; // what a touchpad still says after it was let go
    const same = now - this.#turned.last < TURN_GAP_MS && now - this.#turned.first < TURN_MS;
    this.#turned = { first: same ? this.#turned.first : now, last: now };
    if (!same) this.#step(Math.sign(deltaY));
  }

  #step(by) {
    const places = [...this.root.children].filter((place) => !place.hidden);
    const here = Math.round(this.root.scrollTop / this.root.clientHeight);
    places[here + by]?.scrollIntoView({ behavior: still() ? 'instant' : 'smooth' });
  }
}
