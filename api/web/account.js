// Signing up and logging in.

import * as api from './api.js';
import { single, toast } from './dom.js';
import { start } from './session.js';

const dialog = document.getElementById('account');
const form = dialog.querySelector('form');

export function openAccount() {
  if (dialog.open) return;
  form.reset();
  dialog.showModal();
}

form.addEventListener('submit', (event) => {
  event.preventDefault(); // always, also while an earlier one is under way
  enter(event.submitter?.value === 'register');
});

const enter = single(async (isNew) => {
  const call = isNew ? api.register : api.login;
  const { username, password } = form.elements;
  start(await call(username.value, password.value));
  dialog.close();
  toast(isNew ? '注册成功，欢迎' : '登录成功');
});
