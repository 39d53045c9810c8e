import { signal } from '@preact/signals';

const TICK_MS = 500;
/** If the clocks move by more than this between two ticks, the page slept or was in the background. Milliseconds. */
const JUMP_MS = 3000;

/** This page's monotonic clock, milliseconds, updated twice a second, to show ages. */
export const now = signal(performance.now());

/**
 * The feed's wall clock minus the page's monotonic clock, milliseconds. It comes from the last overview. The browser's
 * own wall clock may be wrong.
 */
let feedAhead = Date.now() - performance.now();

let jumped: () => void = () => {};
let tickedAt = { page: performance.now(), wall: Date.now() };
let hiddenAt: number | undefined;

export function startPageClock(): void {
  setInterval(() => {
    noticeJump();
    if (!document.hidden) now.value = performance.now();
  }, TICK_MS);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hiddenAt = performance.now();
    else if (performance.now() - (hiddenAt ?? 0) > JUMP_MS) jumped();
    now.value = performance.now();
  });
}

/** Calls `listener` when the page shows old data because it did not run: after a sleep, or time in the background. */
export function onClockJump(listener: () => void): void {
  jumped = listener;
}

/** The monotonic clock of some systems stands still during a sleep; then only the wall clock shows it. */
function noticeJump(): void {
  const at = { page: performance.now(), wall: Date.now() };
  if (at.page - tickedAt.page > JUMP_MS || Math.abs(at.wall - tickedAt.wall) > JUMP_MS) jumped();
  tickedAt = at;
}

export function setFeedTime(at: number): void {
  feedAhead = at - performance.now();
}

/** The feed's time at a moment of the page's clock, milliseconds since 1970. */
export function feedTime(pageMs: number): number {
  return pageMs + feedAhead;
}

/** The page's clock at a time of the feed, milliseconds. */
export function pageTime(feedMs: number): number {
  return feedMs - feedAhead;
}
