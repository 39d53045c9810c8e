import { compareDecimals, type Decimal, unscaled } from '../../src/domain/decimal.ts';
import { quotient } from '../../src/domain/exact.ts';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';

/** The candle that contains a time, milliseconds since 1970; undefined if none does. */
export function candleAt(klines: readonly KlineJson[], at: number | undefined): KlineJson | undefined {
  if (at === undefined) return undefined;
  const found = klines.findLast(({ open_time }) => open_time <= at);
  return found !== undefined && at <= found.close_time ? found : undefined;
}

/** The change from open to close, percent; null if the candle opened at 0. */
export function changeOf({ open, close }: KlineJson): Decimal | null {
  return unscaled(open) === 0n ? null : quotient(100n * (unscaled(close) - unscaled(open)), unscaled(open));
}

/**
 * The newest candle moved on by a shorter one that came later, so that the chart shows the present price. The volume is
 * that of the last answer, because a part of the shorter candle may be in it.
 */
export function withLive(klines: readonly KlineJson[], live: KlineJson | undefined): readonly KlineJson[] {
  const last = klines.at(-1);
  if (live === undefined || last === undefined || last.closed || last.interval === live.interval) return klines;
  const isPart = live.open_time >= last.open_time && live.close_time <= last.close_time;
  const isSame = live.venue === last.venue && live.epoch === last.epoch && live.symbol === last.symbol;
  if (!isPart || !isSame) return klines;
  const high = compareDecimals(live.high, last.high) > 0 ? live.high : last.high;
  const low = compareDecimals(live.low, last.low) < 0 ? live.low : last.low;
  if (live.close === last.close && high === last.high && low === last.low) return klines;
  return [...klines.slice(0, -1), { ...last, high, low, close: live.close }];
}
