import { signal } from '@preact/signals';

export type TimeZone = 'utc' | 'local';

const KEY = 'market-feed.time-zone';

/** The time zone of all times on the page, as remembered in this browser. Default: UTC. */
export const timeZone = signal<TimeZone>(remembered());

export function toggleTimeZone(): void {
  timeZone.value = timeZone.value === 'utc' ? 'local' : 'utc';
  try {
    localStorage.setItem(KEY, timeZone.value);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
}

/** `UTC`, or the name of the browser's own time zone: `Europe/Berlin`. */
export function timeZoneName(): string {
  return timeZone.value === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function remembered(): TimeZone {
  try {
    return localStorage.getItem(KEY) === 'local' ? 'local' : 'utc';
  } catch {
    return 'utc';
  }
}
