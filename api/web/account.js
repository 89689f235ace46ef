// @ts-check
// The dialog for signing up and logging in.

import * as api from './api.js';
import { element, single, toast, within } from './dom.js';
import { closeDrawer, openDrawer } from './drawers.js';
import { t } from './i18n.js';
import { start } from './session.js';
import { busy, waiting } from './waiting.js';

const dialog = element('account', HTMLDialogElement);
const form = within(dialog, 'form', HTMLFormElement);
const username = within(form, '[name=username]', HTMLInputElement);
const password = within(form, '[name=password]', HTMLInputElement);

export function openAccount() {
  if (dialog.open) return;
  form.reset();
  openDrawer(dialog);
}

form.addEventListener('submit', (event) => {
  event.preventDefault(); // always, also while an earlier submit is under way
  const button = event.submitter;
  enter(button instanceof HTMLButtonElement && button.value === 'register');
});

const enter = single(async (/** @type {boolean} */ isNew) => {
  const call = isNew ? api.register : api.login;
  const answer = await waiting(call(username.value, password.value), busy(form));
  await closeDrawer(dialog);
  start(answer);
  toast(isNew ? t.registered : t.loggedIn);
});
