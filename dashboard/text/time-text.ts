import { duration, wholeDuration } from '../../src/domain/duration.ts';
import { timeZone } from './time-zone.ts';

/** An age for a display that repaints often: whole seconds. Below two seconds it does not change. */
export function age(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 2000 ? '< 2 s' : wholeDuration(ms);
}

/** An age in its largest unit only, for a narrow column. */
export function shortAge(ms: number | null): string {
  return age(ms).replace(/^(\d+ \w) .*/, '$1');
}

/** A latency with one decimal below 10 ms; negative if the clocks differ. */
export function latency(ms: number): string {
  if (Math.abs(ms) < 9.95) return `${ms.toFixed(1).replace('-0.0', '0.0')} ms`;
  return ms < 0 ? `−${duration(-ms)}` : duration(ms);
}

/** `14:03:07`, in the page's time zone. */
export function clock(ms: number): string {
  return isoText(ms).slice(11, 19);
}

/** `14:03`, in the page's time zone. */
export function shortClock(ms: number): string {
  return isoText(ms).slice(11, 16);
}

/** `2026-11-24`, in the page's time zone. */
export function day(ms: number): string {
  return isoText(ms).slice(0, 10);
}

/** `2026-11-24T14:03:07.000`, in the page's time zone. */
function isoText(ms: number): string {
  const aheadMs = timeZone.value === 'utc' ? 0 : -60_000 * new Date(ms).getTimezoneOffset();
  return new Date(ms + aheadMs).toISOString().slice(0, -1);
}

/** `14:03:07`, or `22 Nov 14:03:07` if it is not the day of `today`; in the page's time zone. */
export function datedClock(ms: number, today: number): string {
  const date = day(ms);
  if (date === day(today)) return clock(ms);
  const month = (Number(date.slice(5, 7)) - 1) * 3;
  return `${Number(date.slice(8))} ${MONTHS.slice(month, month + 3)} ${clock(ms)}`;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
