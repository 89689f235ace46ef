// @ts-check
// The dialog with the settings: the language, and the single-letter keys, which can be turned off
// (WCAG 2.1.4).

import { element, within } from './dom.js';
import { language, speak } from './i18n.js';

const KEY = 'douyin.letters';
const dialog = element('settings', HTMLDialogElement);
const letters = within(dialog, '[name=letters]', HTMLInputElement);
const languages = within(dialog, '[name=language]', HTMLSelectElement);

languages.value = language;
languages.addEventListener('change', () => speak(languages.value === 'zh' ? 'zh' : 'en'));
letters.checked = stored() !== 'off';
letters.addEventListener('change', () => {
  try {
    localStorage.setItem(KEY, letters.checked ? 'on' : 'off');
  } catch {
    // storage is disabled: the choice lasts until the page is closed
  }
});
element('open-settings', HTMLButtonElement).addEventListener('click', () => dialog.showModal());

/** Whether a letter alone is a shortcut. */
export function lettersAllowed() {
  return letters.checked;
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
