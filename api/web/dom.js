// What every module does with the page. Words of people become text and never markup: nothing here
// or elsewhere parses HTML, and the page's policy would refuse it.

const TOAST_MS = 3000;
const SURE_MS = 3000;
const toastBox = document.getElementById('toast');
let toastEnds;

/** Copy a template: its element as `root`, and every `data-part` by its name. */
export function make(template) {
  const root = document.getElementById(`t-${template}`).content.firstElementChild.cloneNode(true);
  const parts = { root };
  for (const part of root.querySelectorAll('[data-part]')) parts[part.dataset.part] = part;
  return parts;
}

/** Say something for a moment; in the open dialog, since what is behind one is not read out. */
export function toast(text) {
  (document.querySelector('dialog[open]') ?? document.body).append(toastBox);
  toastBox.textContent = text;
  toastBox.hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => (toastBox.hidden = true), TOAST_MS);
}

/** Write a number as short as people say it. */
export function count(number) {
  return number < 10_000 ? `${number}` : `${(number / 10_000).toFixed(1)}万`;
}

/** Let an action run once at a time: pressing twice is meant once. */
export function single(action) {
  let running = false;
  return async (...given) => {
    if (running) return;
    running = true;
    try {
      await action(...given);
    } finally {
      running = false;
    }
  };
}

/** Run actions one after another, as they were asked for, whether or not earlier ones failed. */
export function inOrder() {
  let last = Promise.resolve();
  return (action) => (last = last.then(action, action));
}

/** Show a choice at once, and take it back should the server refuse it. */
export async function choose(wanted, show, call) {
  show(wanted);
  try {
    await call(wanted);
  } catch (failure) {
    show(!wanted);
    throw failure;
  }
}

/** What cannot be undone is asked for twice, with the same button. */
export function sure(button, action) {
  const label = button.textContent;
  let asked = false;
  button.addEventListener('click', async () => {
    if (asked) return action();
    asked = true;
    button.textContent = '确认删除';
    setTimeout(() => {
      asked = false;
      button.textContent = label;
    }, SURE_MS);
  });
}

/** Whether somebody wants nothing to move that need not. */
export function still() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** Wait, but no longer than the page is there. */
export function pause(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    }
  });
}
