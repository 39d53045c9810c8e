import type { KlineInterval } from '../../domain/instrument.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** 1970-01-05: weeks begin on Mondays. */
const FIRST_MONDAY = 4 * DAY;

const LENGTHS: Readonly<Record<Exclude<KlineInterval, '1w' | '1M'>, number>> = {
  '1s': SECOND,
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
};

/** Returns the start of the candle that contains `time`, milliseconds since 1970. Weeks begin on Mondays. */
export function openTimeOf(interval: KlineInterval, time: number): number {
  if (interval === '1M') {
    const date = new Date(time);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
  if (interval === '1w') return Math.floor((time - FIRST_MONDAY) / WEEK) * WEEK + FIRST_MONDAY;
  return Math.floor(time / LENGTHS[interval]) * LENGTHS[interval];
}

/**
 * Returns the open time `count` intervals after the candle that opens at `openTime`; before it if `count` is negative.
 */
export function addIntervals(openTime: number, interval: KlineInterval, count: number): number {
  if (interval === '1M') {
    const date = new Date(openTime);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
  }
  return openTime + count * (interval === '1w' ? WEEK : LENGTHS[interval]);
}

/** Returns the open time of the next candle. */
export function nextOpenTime(interval: KlineInterval, openTime: number): number {
  return addIntervals(openTime, interval, 1);
}

/** Returns true if each candle of `interval` consists of several whole candles of `part`. */
export function isMadeOf(interval: KlineInterval, part: KlineInterval): boolean {
  if (interval === part || part === '1w' || part === '1M') return false;
  const length = interval === '1w' || interval === '1M' ? DAY : LENGTHS[interval];
  return length % LENGTHS[part] === 0;
}
