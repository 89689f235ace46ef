// The page: which part of it is shown, by the address; and every failure that nobody caught.

import { openAccount } from './account.js';
import * as api from './api.js';
import { chatPage } from './chat.js';
import { make, toast } from './dom.js';
import { Failure, UNAUTHORIZED } from './failure.js';
import { Feed } from './feed.js';
import { friendsPage } from './people.js';
import { userPage } from './profile.js';
import { publishPage } from './publish.js';
import { required, session } from './session.js';

const NAME = '极简抖音';
const PAGES = { user: userPage, chat: chatPage, friends: friendsPage, publish: publishPage, me: ownPage };
const homeBox = document.getElementById('home');
const pageBox = document.getElementById('page');
const home = new Feed(async (next) => {
  const { video_list: videos, next_time } = await api.feed(next ?? 0);
  return { videos, next: next_time };
});
let shown = new AbortController(); // ends what belongs to the page that is shown

/** Show what the address says. The feed stays below, so that coming back finds it as it was. */
async function show() {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const [name, ...given] = location.hash.replace(/^#\//, '').split('/');
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : null;
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  mark(name, given);
  homeBox.inert = Boolean(page);
  if (!page) return showHome();
  home.stop();
  await showPage(page, given, signal);
}

function showHome() {
  pageBox.replaceChildren();
  document.title = NAME;
  home.start();
  if (!homeBox.contains(document.activeElement)) home.focus();
  return home.refresh();
}

async function showPage(page, given, signal) {
  try {
    const content = await page(given, signal);
    if (signal.aborted) return;
    pageBox.replaceChildren(content);
    document.title = `${content.querySelector('h1').textContent} · ${NAME}`;
    pageBox.focus(); // so that reading and tabbing go on here
    content.dispatchEvent(new Event('shown'));
  } catch (failure) {
    if (signal.aborted) return;
    pageBox.replaceChildren(problem(failure));
    throw failure;
  }
}

function problem(failure) {
  const { root, title } = make('page');
  title.textContent = failure.message;
  const again = document.createElement('button');
  const login = failure.code === UNAUTHORIZED;
  again.className = 'pill primary again';
  again.textContent = login ? '登录' : '重试';
  again.addEventListener('click', login ? openAccount : show);
  root.append(again);
  return root;
}

async function ownPage() {
  required();
  location.replace(`#/user/${session.id}`);
  return make('page').root; // for the moment until the address has changed
}

function mark(name, [id]) {
  const own = name === 'me' || (name === 'user' && Number(id) === session.id);
  const here = own ? 'me' : { '': 'home', chat: 'friends' }[name] ?? name;
  for (const link of document.querySelectorAll('[data-nav]')) {
    if (link.dataset.nav === here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.getElementById('me').textContent = session.id ? '我' : '登录';
}

/** Go back within the page, or to its beginning for who came here from elsewhere. */
function back() {
  if (globalThis.navigation?.canGoBack ?? history.length > 1) history.back();
  else location.replace('#/');
}

addEventListener('hashchange', show);
document.addEventListener('session', show);

document.addEventListener('click', ({ target }) => {
  const dialog = target.closest('dialog');
  if (target === dialog || target.closest('[data-close]')) dialog.close(); // beside it, or its cross
  if (target.closest('[data-back]')) back();
  // The address of where one is already: for the feed, start over; for a dialog, leave it.
  const link = target.closest('a[href]');
  if (link?.hash !== (location.hash || '#/')) return;
  dialog?.close();
  if (link.hash === '#/') home.startOver();
});

addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof Failure)) return; // a fault of this page: the console has it
  event.preventDefault();
  if (event.reason.code === UNAUTHORIZED) openAccount();
  toast(event.reason.message);
});

homeBox.append(home.root);
show();
home.more();
