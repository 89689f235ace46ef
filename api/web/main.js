// @ts-check
// The router: shows the page that the address names, and every unhandled `Failure`.

/** @import { Page } from './types.js' */

import { openAccount } from './account.js';
import { chatPage } from './chat.js';
import { element, make, toast } from './dom.js';
import { inDrawer, leaveTo } from './drawers.js';
import { editPage } from './edit.js';
import { Failure, FINAL, NOT_FOUND, UNAUTHORIZED } from './failure.js';
import { home, homeTabs, refreshHome } from './home.js';
import { t } from './i18n.js';
import { inboxPage } from './inbox.js';
import { changed, connect } from './live.js';
import { blockedPage } from './moderation.js';
import { keepShell } from './offline.js';
import { friendsPage } from './people.js';
import { keepPlace, lastPlace } from './place.js';
import { videoPage } from './player.js';
import { userPage } from './profile.js';
import { publishPage } from './publish.js';
import { searchPage, tagPage } from './search.js';
import { required, session } from './session.js';
import { waiting } from './waiting.js';
import { watchSession } from './watch.js';

/** @type {Map<string, Page>} */
const PAGES = new Map([
  ['user', userPage],
  ['chat', chatPage],
  ['edit', editPage],
  ['friends', friendsPage],
  ['inbox', inboxPage],
  ['search', searchPage],
  ['blocked', blockedPage],
  ['tag', tagPage],
  ['v', videoPage],
  ['publish', publishPage],
  ['me', ownPage],
]);
const homeBox = element('home', HTMLElement);
const pageBox = element('page', HTMLElement);
const me = element('me', HTMLElement);
const busy = element('busy', HTMLElement);
let shown = new AbortController(); // aborts when the page that is shown is left

/** Show what the address names. The feed stays below, so that going back finds it as it was. */
async function show() {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const [name = '', ...given] = location.hash.replace(/^#\//, '').split('/');
  const page = name ? (PAGES.get(name) ?? lost) : undefined;
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  mark(name, given);
  homeBox.inert = Boolean(page);
  if (!page) return showHome();
  home.stop();
  await showPage(page, given, signal);
}

function showHome() {
  const back = pageBox.hasChildNodes();
  pageBox.replaceChildren();
  document.title = t.brand;
  home.start();
  if (back) home.focus(); // what had the focus is gone
  return refreshHome();
}

/**
 * @param {Page} page
 * @param {string[]} given
 * @param {AbortSignal} signal
 */
async function showPage(page, given, signal) {
  try {
    const content = await waiting(page(given, signal), (yes) => {
      if (!signal.aborted || !yes) busy.hidden = !yes;
    });
    if (signal.aborted) return;
    pageBox.replaceChildren(content);
    document.title = `${content.querySelector('h1')?.textContent} · ${t.brand}`;
    pageBox.focus(); // reading and tabbing continue here
    content.dispatchEvent(new Event('shown'));
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    pageBox.replaceChildren(problem(failure));
    if (!failure.code) addEventListener('online', show, { once: true, signal });
    document.title = `${failure.message} · ${t.brand}`;
    pageBox.focus();
    if (failure.code === UNAUTHORIZED) openAccount();
  }
}

/** @param {Failure} failure */
function problem(failure) {
  const { root, title } = make('page');
  title.textContent = failure.message;
  root.append(wayOut(failure));
  return root;
}

/**
 * What helps: to log in, to go home where asking again gives the same answer, or to try again.
 * @param {Failure} failure
 */
function wayOut({ code }) {
  const way = document.createElement(FINAL.has(code) ? 'a' : 'button');
  way.className = 'pill primary again';
  if (way instanceof HTMLAnchorElement) {
    way.href = '#/';
    way.textContent = t.goHome;
    return way;
  }
  const login = code === UNAUTHORIZED;
  way.type = 'button';
  way.textContent = login ? t.login : t.retry;
  way.addEventListener('click', login ? openAccount : show);
  return way;
}

/**
 * An address that names no page.
 * @type {Page}
 */
async function lost() {
  throw new Failure(t.noSuchPage, NOT_FOUND);
}

/**
 * `#/me`
 * @type {Page}
 */
async function ownPage() {
  required();
  location.replace(`#/user/${session.id}`);
  return make('page').root; // shown until the address has changed
}

/**
 * Mark the current place in the navigation.
 * @param {string} name
 * @param {string[]} given
 */
function mark(name, [id]) {
  const own = name === 'me' || (name === 'user' && Number(id) === session.id);
  /** @type {Record<string, string>} */
  const places = { '': 'home', chat: 'inbox', edit: 'me' };
  const here = own ? 'me' : (places[name] ?? name);
  for (const link of document.querySelectorAll('[data-nav]')) {
    if (link.getAttribute('data-nav') === here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  me.textContent = session.id ? t.me : t.login;
}

/** Go back within the page, or to the feed if the visit began here. */
function back() {
  if (globalThis.navigation?.canGoBack ?? history.length > 1) history.back();
  else location.replace('#/');
}

addEventListener('hashchange', show);
document.addEventListener('session', show);
document.addEventListener('published', () => home.startOver()); // the newest is on top

document.addEventListener('click', (event) => {
  const { target } = event;
  if (!(target instanceof Element)) return;
  const dialog = target.closest('dialog');
  if (target === dialog || target.closest('[data-close]')) dialog?.close(); // beside it, or its cross
  if (target.closest('[data-back]')) back();
  // A link to the current address: the feed starts over; a dialog is closed.
  const link = target.closest('a');
  if (!link?.hash) return;
  if (link.hash !== (location.hash || '#/')) {
    if (!inDrawer()) return;
    event.preventDefault(); // the address takes the place of the dialog's
    leaveTo(link.href);
    return;
  }
  dialog?.close();
  if (link.hash === '#/') home.startOver();
});

addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof Failure)) return; // a bug of this page: the console shows it
  event.preventDefault();
  if (event.reason.code === UNAUTHORIZED) openAccount();
  toast(event.reason.message);
});

homeBox.append(homeTabs, home.root);
show();
const place = lastPlace();
if (place) home.restore(place);
else home.more();
keepPlace(() => home.place());
watchSession();
connect();
if (session.id) changed();
addEventListener('load', () => keepShell()); // after what the page itself needs
