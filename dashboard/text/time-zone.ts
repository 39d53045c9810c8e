import { signal } from '@preact/signals';
import { remember, remembered } from '../page/storage.ts';

export type TimeZone = 'utc' | 'local';

const KEY = 'market-feed.time-zone';

/** The time zone of all times on the page, as remembered in this browser. Default: UTC. */
export const timeZone = signal<TimeZone>(remembered(KEY) === 'local' ? 'local' : 'utc');

export function toggleTimeZone(): void {
  timeZone.value = timeZone.value === 'utc' ? 'local' : 'utc';
  remember(KEY, timeZone.value);
}

/** `UTC`, or the name of the browser's own time zone: `Europe/Berlin`. */
export function timeZoneName(): string {
  return timeZone.value === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
}
