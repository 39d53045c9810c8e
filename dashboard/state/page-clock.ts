import { signal } from '@preact/signals';

/** This page's monotonic clock, milliseconds, updated twice a second, to show ages. */
export const now = signal(performance.now());

/**
 * The feed's wall clock minus the page's monotonic clock, milliseconds. It comes from the last overview. The browser's
 * own wall clock may be wrong.
 */
let feedAhead = Date.now() - performance.now();

export function startPageClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = performance.now();
  }, 500);
  document.addEventListener('visibilitychange', () => {
    now.value = performance.now();
  });
}

export function setFeedTime(at: number): void {
  feedAhead = at - performance.now();
}

/** The feed's time at a moment of the page's clock, milliseconds since 1970. */
export function feedTime(pageMs: number): number {
  return pageMs + feedAhead;
}
