import { at } from '../../domain/at.ts';
import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import { KLINE_INTERVALS, type KlineInterval } from '../../domain/instrument.ts';
import type { Kline } from '../../domain/record.ts';
import { CandleSums } from '../../market/candles/candle.ts';
import { isMadeOf, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import { type Order, putInOrder } from './put-in-order.ts';

/** Each subscribed interval keeps 1000 candles. */
const ORDER: Order<Kline> = { timeOf: ({ openTime }) => openTime, most: 1000, replaces: isNewer };

/** The candles of one series: the venue's candles, and longer ones made of them. */
export class CandleSeries {
  readonly #byInterval = new Map<string, Kline[]>();

  /** Adds a state of a candle; an older state changes nothing. */
  add(kline: Kline): void {
    const known = getOrCreate(this.#byInterval, kline.interval, () => []);
    putInOrder(known, kline, ORDER);
  }

  /** The newest candle of each subscribed interval. */
  get current(): readonly Kline[] {
    return [...this.#byInterval.values()].flatMap((known) => known.slice(-1));
  }

  /**
   * The last candles that open before `beforeMs`, oldest first; the newest may be open. Undefined if no subscribed
   * interval gives them.
   */
  latest(interval: KlineInterval, limit: number, beforeMs?: number): readonly Kline[] | undefined {
    const own = this.#byInterval.get(interval) ?? this.#made(interval);
    const end = beforeMs === undefined ? undefined : own?.findIndex(({ openTime }) => openTime >= beforeMs);
    return (end === undefined || end === -1 ? own : own?.slice(0, end))?.slice(-limit);
  }

  #made(interval: KlineInterval): readonly Kline[] | undefined {
    const part = KLINE_INTERVALS.findLast((other) => this.#byInterval.has(other) && isMadeOf(interval, other));
    return part === undefined ? undefined : merged(this.#byInterval.get(part) ?? [], interval);
  }
}

function isNewer(kline: Kline, than: Kline): boolean {
  if (kline.closed !== than.closed) return kline.closed;
  return kline.timestamp >= than.timestamp;
}

/** Merges shorter candles into longer ones. A longer one without all parts is left out; the last may lack its end. */
function merged(parts: readonly Kline[], interval: KlineInterval): readonly Kline[] {
  const byOpenTime = [...Map.groupBy(parts, ({ openTime }) => openTimeOf(interval, openTime))];
  return byOpenTime.flatMap(([openTime, own], index) => {
    const endTime = index === byOpenTime.length - 1 ? undefined : nextOpenTime(interval, openTime);
    return isWhole(own, openTime, endTime) ? [mergedOne(own, interval, openTime)] : [];
  });
}

function isWhole(parts: readonly Kline[], openTime: number, endTime: number | undefined): boolean {
  let next = openTime;
  for (const part of parts) {
    if (part.openTime !== next) return false;
    next = part.closeTime + 1;
  }
  return endTime === undefined || next === endTime;
}

function mergedOne(parts: readonly Kline[], interval: KlineInterval, openTime: number): Kline {
  const last = at(parts, parts.length - 1);
  const endTime = nextOpenTime(interval, openTime);
  const sums = new CandleSums(openTime, endTime);
  for (const part of parts) sums.addCandle({ ...part, tradeCount: part.tradeCount ?? 0 });
  return {
    ...last,
    ...sums.toCandle(interval, last.closed && last.closeTime + 1 >= endTime),
    takerBuyVolume: sumOrNull(parts, ({ takerBuyVolume }) => takerBuyVolume),
    takerBuyQuoteVolume: sumOrNull(parts, ({ takerBuyQuoteVolume }) => takerBuyQuoteVolume),
    tradeCount: parts.every(({ tradeCount }) => tradeCount !== null)
      ? parts.reduce((sum, { tradeCount }) => sum + (tradeCount ?? 0), 0)
      : null,
  };
}

/** Returns the sum of one value over all parts; null if a part does not have the value. */
function sumOrNull(parts: readonly Kline[], of: (part: Kline) => Decimal | null): Decimal | null {
  const values = parts.map(of);
  return values.every((value) => value !== null)
    ? fromUnscaled(values.reduce((sum, value) => sum + unscaled(value), 0n))
    : null;
}
