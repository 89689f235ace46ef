// @ts-check
// Signs that something is under way: shown after 300 ms, since faster answers would only flicker.

import { t } from './i18n.js';

const PATIENCE_MS = 300;

/**
 * Wait for an answer, with a sign if it takes long.
 * @template Answer
 * @param {Promise<Answer>} answer
 * @param {(yes: boolean) => void} show shows and, at the end, removes the sign
 * @returns {Promise<Answer>}
 */
export async function waiting(answer, show) {
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    show(true);
  }, PATIENCE_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    if (shown) show(false);
  }
}

/**
 * Make the sign of a list: a line before or after its rows.
 * @param {HTMLElement} rows
 * @param {'before' | 'after'} place
 */
export function lineAt(rows, place) {
  const line = document.createElement('p');
  line.className = 'notice slow';
  line.textContent = t.loading;
  return (/** @type {boolean} */ yes) => {
    if (yes) rows[place](line);
    else line.remove();
  };
}

/**
 * Make the sign of a form that was sent.
 * @param {HTMLFormElement} form
 */
export function busy(form) {
  return (/** @type {boolean} */ yes) => form.setAttribute('aria-busy', `${yes}`);
}
