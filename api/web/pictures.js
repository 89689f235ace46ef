// @ts-check
// The pictures of one's own profile: a preview of a chosen file, uploaded when the form is sent.

/** @import { EditParts, User } from './types.js' */

import * as api from './api.js';
import { single, toast } from './dom.js';
import { t } from './i18n.js';

const MAX_BYTES = 10 << 20;
const DEFAULTS = '/default/'; // a part of the addresses of drawn pictures

/**
 * @typedef {object} Picture
 * @property {number} kind of the API
 * @property {HTMLImageElement} image
 * @property {HTMLInputElement} file
 * @property {HTMLButtonElement} remove
 * @property {string} shown the address of the picture that is stored
 */

/**
 * Let a person choose and remove pictures.
 * @param {EditParts} page
 * @param {User} user
 * @param {AbortSignal} signal aborts when the page is left
 * @returns {() => Promise<unknown>} uploads the chosen ones
 */
export function pictures(page, user, signal) {
  /** @type {Picture[]} */
  const all = [
    {
      kind: 1,
      image: page.avatar,
      file: page.avatarFile,
      remove: page.avatarRemove,
      shown: user.avatar,
    },
    {
      kind: 2,
      image: page.banner,
      file: page.bannerFile,
      remove: page.bannerRemove,
      shown: user.background_image,
    },
  ];
  for (const each of all) {
    show(each, each.shown);
    each.file.addEventListener('change', () => preview(each));
    each.image.addEventListener('error', () => refuse(each, t.pictureUnknown));
    each.remove.addEventListener(
      'click',
      single(() => remove(each)),
    );
    signal.addEventListener('abort', () => URL.revokeObjectURL(each.image.src));
  }
  return () => Promise.all(all.map(upload));
}

/**
 * @param {Picture} picture
 * @param {string} address
 */
function show(picture, address) {
  URL.revokeObjectURL(picture.image.src);
  picture.image.src = picture.shown = address;
  picture.remove.hidden = address.includes(DEFAULTS);
}

/** @param {Picture} picture */
function preview(picture) {
  const { file, image, remove, shown } = picture;
  const chosen = file.files?.[0];
  if (!chosen) return show(picture, shown);
  if (chosen.size > MAX_BYTES) return refuse(picture, t.pictureTooLarge);
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(chosen);
  remove.hidden = false;
}

/**
 * Take back a chosen file, and say why.
 * @param {Picture} picture
 * @param {string} why
 */
function refuse(picture, why) {
  if (!picture.file.value) return; // the picture that is stored cannot be loaded
  picture.file.value = '';
  show(picture, picture.shown);
  toast(why);
}

/**
 * Take back what was chosen, or else remove what is stored.
 * @param {Picture} picture
 */
async function remove(picture) {
  const { file, kind, remove, shown } = picture;
  if (file.value) {
    file.value = '';
    return show(picture, shown);
  }
  remove.disabled = true;
  try {
    show(picture, (await api.removePicture(kind)).url);
    toast(t.pictureRemoved);
  } finally {
    remove.disabled = false;
  }
}

/** @param {Picture} picture */
async function upload(picture) {
  const chosen = picture.file.files?.[0];
  if (!chosen) return;
  const { url } = await api.setPicture(picture.kind, chosen);
  picture.file.value = '';
  show(picture, url);
}
