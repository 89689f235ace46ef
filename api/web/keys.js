// @ts-check
// The dialog that lists the keys, and the setting that turns the single-letter ones off (WCAG 2.1.4).

import { element, within } from './dom.js';

const KEY = 'douyin.letters';
const dialog = element('keys', HTMLDialogElement);
const choice = within(dialog, '[name=letters]', HTMLInputElement);

choice.checked = stored() !== 'off';
choice.addEventListener('change', () => {
  try {
    localStorage.setItem(KEY, choice.checked ? 'on' : 'off');
  } catch {
    // storage is disabled: the choice lasts until the page is closed
  }
});
element('open-keys', HTMLButtonElement).addEventListener('click', () => dialog.showModal());

/** Whether a letter alone is a shortcut. */
export function lettersAllowed() {
  return choice.checked;
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
