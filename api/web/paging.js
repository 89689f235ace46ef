// @ts-check
// Lists in pages: the next page is loaded when the last row comes into view.

import { single } from './dom.js';
import { lineAt, waiting } from './waiting.js';

/** @typedef {{items: HTMLElement[], next: number}} Loaded `next` is the cursor of the next page, 0: none */

/**
 * Append the rest of a list, page by page.
 * @param {HTMLElement} rows
 * @param {number} next the cursor of the first page to load, 0: none
 * @param {(cursor: number) => Promise<Loaded>} load
 */
export async function loadRest(rows, next, load) {
  const observer = new IntersectionObserver(
    single(async (/** @type {IntersectionObserverEntry[]} */ entries) => {
      if (entries.some((entry) => entry.isIntersecting)) await more();
    }),
  );
  const show = lineAt(rows, 'after');
  await watch();

  async function more() {
    const page = await waiting(load(next), show).catch((failure) => {
      addEventListener('online', watch, { once: true });
      throw failure;
    });
    next = page.next;
    rows.append(...page.items);
    await watch();
  }

  async function watch() {
    observer.disconnect();
    if (!next) return;
    const last = rows.lastElementChild;
    if (last) observer.observe(last);
    else await more(); // a page may be empty before the last one
  }
}
