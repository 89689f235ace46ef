// @ts-check
// Dialogs in the history: going back closes the open one, and closing it takes its entry back.

/** @type {Promise<void> | undefined} the removal of an entry, which takes a moment */
let closing;

/** @param {HTMLDialogElement} dialog */
export function openDrawer(dialog) {
  if (dialog.open) return;
  dialog.showModal();
  history.pushState({ drawer: dialog.id }, '');
}

/**
 * Close a dialog, and wait until the history is as before it.
 * @param {HTMLDialogElement} dialog
 */
export async function closeDrawer(dialog) {
  dialog.close();
  leave(dialog);
  await closing;
}

/**
 * Go to an address: in place of an open dialog's entry, and after that of a closed one is gone.
 * @param {string} address
 */
export async function leaveTo(address) {
  await closing;
  if (history.state?.drawer) location.replace(address);
  else location.assign(address);
}

/** Whether an address has to be opened with `leaveTo`. */
export function inDrawer() {
  return Boolean(closing || history.state?.drawer);
}

/** @param {HTMLDialogElement} dialog that was closed */
function leave({ id }) {
  if (closing || history.state?.drawer !== id) return;
  closing = new Promise((done) => {
    const finish = () => {
      closing = undefined;
      done();
    };
    addEventListener('popstate', finish, { once: true });
  });
  history.back();
}

for (const dialog of document.querySelectorAll('dialog'))
  dialog.addEventListener('close', () => leave(dialog));

addEventListener('popstate', () => {
  for (const dialog of document.querySelectorAll('dialog'))
    if (dialog.open && history.state?.drawer !== dialog.id) dialog.close();
});

// After a reload, the entry of a dialog that was open is one of the page below it.
if (history.state?.drawer) history.replaceState(null, '');
