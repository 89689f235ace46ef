// @ts-check
// The language of the page: the one chosen in the settings, or else the browser's. A change reloads
// the page, so that every text is of one language.

import { keep, kept } from './storage.js';
import { en } from './texts.en.js';
import { zh } from './texts.zh.js';

/** @typedef {'zh' | 'en'} Language */

const KEY = 'douyin.language';
/** @type {Record<Language, typeof zh>} */
const TEXTS = { zh, en };
const ATTRIBUTES = { label: 'aria-label', placeholder: 'placeholder' };

/** @type {Language} */
export const language = stored() ?? preferred();
/** The locale for dates. */
export const locale = language === 'zh' ? 'zh-CN' : 'en';
/** The texts in the language of the page. */
export const t = TEXTS[language];

/**
 * Keep a language, and show the page in it.
 * @param {Language} chosen
 */
export function speak(chosen) {
  keep(KEY, chosen);
  location.reload(); // where storage is disabled the browser's language stays
}

/** @returns {Language | undefined} */
function stored() {
  const chosen = kept(KEY);
  return chosen === 'zh' || chosen === 'en' ? chosen : undefined;
}

/**
 * The first language of the browser that the client has; English for a browser with neither.
 * @returns {Language}
 */
function preferred() {
  const known = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return known.find((tag) => tag === 'zh' || tag === 'en') === 'zh' ? 'zh' : 'en';
}

/**
 * Fill in the texts that index.html names: `data-t` is a text, `data-t-label` and
 * `data-t-placeholder` are attributes.
 * @param {Document | DocumentFragment} part
 */
function translate(part) {
  for (const each of part.querySelectorAll('[data-t]'))
    each.textContent = text(each.getAttribute('data-t'));
  for (const [name, attribute] of Object.entries(ATTRIBUTES))
    for (const each of part.querySelectorAll(`[data-t-${name}]`))
      each.setAttribute(attribute, text(each.getAttribute(`data-t-${name}`)));
}

/**
 * @param {string | null} key
 * @returns {string}
 */
function text(key) {
  const found = t[/** @type {keyof typeof t} */ (key)];
  if (typeof found !== 'string') throw new TypeError(`no text ${key}`);
  return found;
}

document.documentElement.lang = locale;
translate(document);
for (const template of document.querySelectorAll('template')) translate(template.content);
