import type { KlineInterval } from '../domain/instrument.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** 1970-01-05 was the first Monday. */
const FIRST_MONDAY = 4 * DAY;

/** Milliseconds of the intervals whose length is always the same. */
const LENGTHS: Readonly<Record<Exclude<KlineInterval, '1M'>, number>> = {
  '1s': 1000,
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '8h': 8 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
  '1w': 7 * DAY,
};

/** The open time of the candle so many intervals behind the one that opens at `openTime`; before it, where `count` is below zero. */
export function addIntervals(openTime: number, interval: KlineInterval, count: number): number {
  if (interval !== '1M') return openTime + count * LENGTHS[interval];
  const date = new Date(openTime);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
}

/** The open time of the candle that a time lies in: whole units of UTC, weeks from Monday. */
export function openTimeAt(timeMs: number, interval: KlineInterval): number {
  if (interval === '1M') return addIntervals(timeMs, interval, 0);
  const shift = interval === '1w' ? FIRST_MONDAY : 0;
  const length = LENGTHS[interval];
  return Math.floor((timeMs - shift) / length) * length + shift;
}
