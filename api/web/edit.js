// @ts-check
// The page on which people change their name, signature, pictures and password, and log out everywhere.

/** @import { Page } from './types.js' */

import * as api from './api.js';
import { make, single, toast } from './dom.js';
import { t } from './i18n.js';
import { titled } from './people.js';
import { pictures } from './pictures.js';
import { end, required, session, start } from './session.js';

/**
 * `#/edit`
 * @type {Page}
 */
export async function editPage(_, signal) {
  required();
  const { user } = await api.user(session.id);
  const page = make('edit');
  const { root, profile, name, signature, secret, username, before, after, everywhere } = page;
  name.value = username.value = user.name;
  signature.value = user.signature;
  const upload = pictures(page, user, signal);
  submits(profile, async () => {
    await Promise.all([upload(), api.edit(name.value, signature.value)]);
    toast(t.saved);
    location.hash = `#/user/${user.id}`;
  });
  submits(secret, async () => {
    const { token } = await api.changePassword(before.value, after.value);
    start({ user_id: user.id, token });
    toast(t.passwordChanged);
  });
  submits(everywhere, async () => {
    await api.logout();
    location.hash = '#/';
    end();
    toast(t.loggedOut);
  });
  return titled(t.edit, root);
}

/**
 * Run an action when a form is sent; its controls are off meanwhile.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} action
 */
function submits(form, action) {
  const fields = /** @type {HTMLFieldSetElement} */ (form.firstElementChild);
  const run = single(async () => {
    fields.disabled = true;
    form.setAttribute('aria-busy', 'true');
    try {
      await action();
    } finally {
      fields.disabled = false;
      form.removeAttribute('aria-busy');
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
}
