import { compareDecimals, type Decimal } from '../../src/domain/decimal.ts';
import type { KlineJson } from '../../src/gateway/api/record-schema.ts';

/** The candle that contains a time, milliseconds since 1970; undefined if none does. */
export function candleAt(klines: readonly KlineJson[], at: number | undefined): KlineJson | undefined {
  if (at === undefined) return undefined;
  const found = klines.findLast(({ open_time }) => open_time <= at);
  return found !== undefined && at <= found.close_time ? found : undefined;
}

/** The change from open to close, percent, as canonical text. */
export function changeOf({ open, close }: KlineJson): Decimal {
  return ((Number(close) / Number(open) - 1) * 100).toFixed(4) as Decimal;
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
