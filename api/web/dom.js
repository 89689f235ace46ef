// @ts-check
// Functions on the document that all modules share. Text of users is set only as textContent: no
// module parses HTML, and the page's Content-Security-Policy forbids it.

/** @import { Templates } from './types.js' */

import { t } from './i18n.js';

const TOAST_MS = 3000;
const CONFIRM_MS = 3000;
const toastBox = element('toast', HTMLElement);
let toastEnds = 0;

/**
 * Find an element of index.html.
 * @template {Element} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 * @throws {TypeError} it is missing or of another kind
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`#${id} is no ${kind.name}`);
  return found;
}

/**
 * Find an element below another.
 * @template {Element} Kind
 * @param {Element} parent
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 * @throws {TypeError} it is missing or of another kind
 */
export function within(parent, selector, kind) {
  const found = parent.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`${selector} is no ${kind.name}`);
  return found;
}

/**
 * Copy a template: its element as `root`, and every `data-part` by its name.
 * @template {keyof Templates} Name
 * @param {Name} name
 * @returns {Templates[Name]}
 */
export function make(name) {
  const template = element(`t-${name}`, HTMLTemplateElement);
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  /** @type {Record<string, Element>} */
  const parts = { root };
  for (const part of root.querySelectorAll('[data-part]'))
    parts[part.getAttribute('data-part') ?? ''] = part;
  return /** @type {any} */ (parts); // types.js mirrors the templates; a test compares them
}

/**
 * Show a message for a moment, in the open dialog if there is one: what is behind it is inert.
 * @param {string} text
 */
export function toast(text) {
  (document.querySelector('dialog[open]') ?? document.body).append(toastBox);
  toastBox.textContent = text;
  toastBox.hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => {
    toastBox.hidden = true;
  }, TOAST_MS);
}

/**
 * Format a count: in a larger unit from 10,000 on.
 * @param {number} number
 */
export function count(number) {
  return number < 10_000 ? `${number}` : t.tenThousands(number);
}

/**
 * Wrap an action so that calls while it runs are ignored.
 * @template {unknown[]} Given
 * @param {(...given: Given) => Promise<void>} action
 */
export function single(action) {
  let running = false;
  return async (/** @type {Given} */ ...given) => {
    if (running) return;
    running = true;
    try {
      await action(...given);
    } finally {
      running = false;
    }
  };
}

/** Make a queue: actions run one after another, whether or not earlier ones failed. */
export function inOrder() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (/** @type {() => Promise<unknown>} */ action) => {
    last = last.then(action, action);
    return last;
  };
}

/**
 * Show a choice at once, and undo it if the call fails.
 * @param {boolean} wanted
 * @param {(yes: boolean) => void} show
 * @param {(yes: boolean) => Promise<unknown>} call
 */
export async function choose(wanted, show, call) {
  show(wanted);
  try {
    await call(wanted);
  } catch (failure) {
    show(!wanted);
    throw failure;
  }
}

/**
 * Make a button run an action that cannot be undone: it asks for a second press first.
 * @param {HTMLButtonElement} button
 * @param {() => void} action
 */
export function confirmed(button, action) {
  const label = button.textContent;
  let asked = false;
  button.addEventListener('click', () => {
    if (asked) return action();
    asked = true;
    button.textContent = t.confirmRemove;
    setTimeout(() => {
      asked = false;
      button.textContent = label;
    }, CONFIRM_MS);
  });
}

/** Whether the user asked the system for reduced motion. */
export function reducedMotion() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/**
 * Wait, at most until the signal aborts.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    }
  });
}
