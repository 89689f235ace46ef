// @ts-check
// What this browser keeps for the page: texts in localStorage, or nothing where storage is disabled.

/**
 * @param {string} key
 * @returns {string | null}
 */
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string} text
 */
export function keep(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    // storage is disabled: it lasts until the page is closed
  }
}
