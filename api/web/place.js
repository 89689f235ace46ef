// @ts-check
// Where the feed was, kept in this tab for a reload: its videos, and the one in view.

/** @import { Place } from './feed.js' */

const KEY = 'douyin.place';

/**
 * Keep the place whenever the page is left.
 * @param {() => Place | undefined} current
 */
export function keepPlace(current) {
  addEventListener('pagehide', () => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(current() ?? null));
    } catch {
      // storage is disabled or full: the feed begins at its start
    }
  });
}

/**
 * The place before this page was reloaded or returned to; none for a new visit.
 * @returns {Place | undefined}
 */
export function lastPlace() {
  const [visit] = performance.getEntriesByType('navigation');
  const again = visit instanceof PerformanceNavigationTiming && visit.type !== 'navigate';
  try {
    return (again && JSON.parse(sessionStorage.getItem(KEY) ?? 'null')) || undefined;
  } catch {
    return undefined;
  }
}
