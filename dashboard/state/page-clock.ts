import { signal } from '@preact/signals';

/** This page's monotonic clock, milliseconds, painted twice a second: for ages. */
export const now = signal(performance.now());

/** The feed's wall clock minus this page's monotonic one, by the last overview; the browser's own clock may be wrong. */
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

/** Milliseconds since 1970 by the feed's clock, at a moment of the page's. */
export function feedTime(pageMs: number): number {
  return pageMs + feedAhead;
}
