// @ts-check
// The service worker keeps the files of the page, as one version, and shows them without asking the
// network. Everything else goes to the network as if there were no worker: answers of the API, videos
// and pictures are never kept. api/shell.py writes the version and the list of files before this text.

const worker = /** @type {any} */ (self); // its types exclude those of the page
/** @type {{version: string, files: string[]}} */
const shell = worker.SHELL;
const PREFIX = 'shell-';
const NAME = PREFIX + shell.version;
/** @type {Promise<Cache> | undefined} */
let opened;

// Browsers that know routes answer by them without starting the worker, which takes longer than a
// request: files from the cache, everything else from the network.
const ROUTES = [
  { condition: { urlPattern: { pathname: '/' } }, source: { cacheName: NAME } },
  { condition: { urlPattern: { pathname: '/web/*' } }, source: { cacheName: NAME } },
  { condition: { urlPattern: { pathname: '/*' } }, source: 'network' },
];

worker.addEventListener('install', (/** @type {any} */ event) => {
  event.waitUntil(fill().then(() => worker.skipWaiting()));
  event.addRoutes?.(ROUTES);
});
worker.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(clean().then(() => worker.clients.claim()));
});
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method === 'GET' && origin === location.origin && shell.files.includes(pathname))
    event.respondWith(answer(event.request, pathname));
});

/** Load every file; what the browser has is revalidated by its ETag. */
async function fill() {
  const cache = await caches.open(NAME);
  await cache.addAll(shell.files.map((path) => new Request(path, { cache: 'no-cache' })));
}

/** Remove the other versions. */
async function clean() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/**
 * @param {Request} request
 * @param {string} path
 */
async function answer(request, path) {
  opened ??= caches.open(NAME);
  const kept = await (await opened).match(path, { ignoreVary: true });
  return kept ?? fetch(request);
}
