// @ts-check
// What a wheel and the scrolling keys mean in a feed: one turn is one video, unless a long caption scrolls.

const TURN_PX = 8;
const TURN_GAP_MS = 150;
const TURN_MS = 1000;
/** @type {Record<string, number>} the direction of the keys that scroll */
const KEYS = { ArrowDown: 1, PageDown: 1, ArrowUp: -1, PageUp: -1 };

export class Wheel {
  #first = 0; // times of the current turn
  #last = 0;

  /**
   * Take an event: a turn is one step, scroll snapping alone would undo a small one.
   * @param {WheelEvent} event
   * @returns {number} the step, -1, 0 or 1
   */
  step(event) {
    const { deltaY, timeStamp: now, target } = event;
    if (event.ctrlKey) return 0; // zooms
    if (scrollsCaption(/** @type {Element} */ (target), deltaY)) return 0;
    event.preventDefault();
    if (Math.abs(deltaY) < TURN_PX) return 0; // the inertia of a touchpad
    const same = now - this.#last < TURN_GAP_MS && now - this.#first < TURN_MS;
    if (!same) this.#first = now;
    this.#last = now;
    return same ? 0 : Math.sign(deltaY);
  }
}

/**
 * Whether a key scrolls the caption that has the focus.
 * @param {KeyboardEvent} event
 */
export function keyScrollsCaption({ key, target }) {
  const direction = KEYS[key];
  return Boolean(direction && scrollsCaption(/** @type {Element} */ (target), direction));
}

/**
 * Whether a caption is longer than its box and not yet at its end.
 * @param {Element} target
 * @param {number} deltaY above 0: down
 */
function scrollsCaption(target, deltaY) {
  const caption = target.closest('.caption');
  if (!caption) return false;
  const below = caption.scrollHeight - caption.clientHeight - caption.scrollTop;
  return deltaY > 0 ? below >= 1 : caption.scrollTop > 0;
}
