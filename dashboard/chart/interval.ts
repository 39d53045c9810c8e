import type { KlineInterval } from '../../src/domain/instrument.ts';
import { isMadeOf } from '../../src/market/candles/kline-interval.ts';

export const INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

/** True if the gateway has candles of `interval` or can build them from the received intervals. */
export function canBeMade(interval: Interval, received: Iterable<string>): boolean {
  return [...received].some((part) => part === interval || isMadeOf(interval, part as KlineInterval));
}
