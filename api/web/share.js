// @ts-check
// The link of a video, to send to others.

import { toast } from './dom.js';
import { t } from './i18n.js';

/**
 * Copy the link of a video, or show it where the page may not write to the clipboard.
 * @param {number} id of the video
 */
export async function share(id) {
  const link = `${location.origin}/v/${id}`;
  try {
    await navigator.clipboard.writeText(link);
    toast(t.linkCopied);
  } catch {
    toast(link); // an address without https has no clipboard
  }
}
