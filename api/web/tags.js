// @ts-check
// Hashtags in titles, as the server finds them (`microkit/terms.py`).

// A sign without a Latin letter or digit before it, and letters, marks, digits or underscores.
const TAG =
  /(?<![A-Za-z0-9\uff21-\uff3a\uff41-\uff5a\uff10-\uff19])[#\uff03]([\p{L}\p{M}\p{N}_\uff3f]+)/gu;
const LONGEST = 32;

/**
 * Split a title into texts and hashtags; a hashtag has its sign.
 * @param {string} title
 * @returns {{text: string, tag: string}[]} `tag` is empty for a text
 */
export function parts(title) {
  const found = [];
  let end = 0;
  for (const match of title.matchAll(TAG)) {
    const tag = match[1]?.normalize('NFKC').toLowerCase() ?? '';
    if ([...tag].length > LONGEST || /^\p{Nd}+$/u.test(tag)) continue;
    if (match.index > end) found.push({ text: title.slice(end, match.index), tag: '' });
    found.push({ text: match[0], tag });
    end = match.index + match[0].length;
  }
  if (end < title.length) found.push({ text: title.slice(end), tag: '' });
  return found;
}

/**
 * Show a title with links to the pages of its hashtags.
 * @param {HTMLElement} element
 * @param {string} title
 */
export function showTitle(element, title) {
  element.replaceChildren(
    ...parts(title).map(({ text, tag }) => {
      if (!tag) return text;
      const link = document.createElement('a');
      link.href = `#/tag/${encodeURIComponent(tag)}`;
      link.textContent = text;
      return link;
    }),
  );
}
