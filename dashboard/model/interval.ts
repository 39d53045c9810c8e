import type { KlineInterval } from '../../src/domain/instrument.ts';
import { isMadeOf } from '../../src/market/candles/kline-interval.ts';

export const INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

/** True where candles of these intervals are heard, and the gateway thus has some of `interval` or can make them. */
export function canBeMade(interval: Interval, heard: Iterable<string>): boolean {
  return [...heard].some((part) => part === interval || isMadeOf(interval, part as KlineInterval));
}
