// @ts-check
// The dialog with the settings: language, theme, and the single-letter keys, which can be turned off
// (WCAG 2.1.4).

import { element, within } from './dom.js';
import { openDrawer } from './drawers.js';
import { language, speak } from './i18n.js';
import { keep, kept } from './storage.js';

const LETTERS = 'douyin.letters';
const THEME = 'douyin.theme'; // theme.js reads it
const dialog = element('settings', HTMLDialogElement);
const letters = within(dialog, '[name=letters]', HTMLInputElement);
const languages = within(dialog, '[name=language]', HTMLSelectElement);
const themes = within(dialog, '[name=theme]', HTMLSelectElement);

languages.value = language;
languages.addEventListener('change', () => speak(languages.value === 'zh' ? 'zh' : 'en'));

themes.value = document.documentElement.dataset.theme ?? '';
themes.addEventListener('change', () => {
  keep(THEME, themes.value);
  if (themes.value) document.documentElement.dataset.theme = themes.value;
  else delete document.documentElement.dataset.theme;
});

letters.checked = kept(LETTERS) !== 'off';
letters.addEventListener('change', () => keep(LETTERS, letters.checked ? 'on' : 'off'));

element('open-settings', HTMLButtonElement).addEventListener('click', () => openDrawer(dialog));

/** Whether a letter alone is a shortcut. */
export function lettersAllowed() {
  return letters.checked;
}
