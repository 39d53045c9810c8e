import type { KlineJson } from '../../src/gateway/api/record-schema.ts';

/** Number of kept candles: a week of one-minute candles. */
export const MOST_CANDLES = 10_000;

/**
 * Merges candles, oldest first: REST and the stream may overlap, so each candle appears once, in its last state. Only
 * the newest are kept. Known candles of another interval or epoch than the new ones are dropped.
 */
export function mergeCandles(known: readonly KlineJson[], more: readonly KlineJson[]): readonly KlineJson[] {
  const last = more.at(-1);
  if (last === undefined) return known;
  const kept = known.filter((kline) => isOfSeries(kline, last));
  // The candles before the first new one stay as they are: there may be thousands.
  const first = Math.min(...more.map(({ open_time }) => open_time));
  const before = kept.findLastIndex(({ open_time }) => open_time < first) + 1;
  const byOpenTime = new Map(kept.slice(before).map((kline) => [kline.open_time, kline]));
  let changed = kept.length < known.length;
  for (const kline of more) {
    const present = byOpenTime.get(kline.open_time);
    if (!isOfSeries(kline, last) || (present !== undefined && !isNewer(kline, present))) continue;
    byOpenTime.set(kline.open_time, kline);
    changed = true;
  }
  if (!changed) return known;
  const merged = [...byOpenTime.values()].sort((a, b) => a.open_time - b.open_time);
  return [...kept.slice(0, before), ...merged].slice(-MOST_CANDLES);
}

/** The candles that turn a chart of `drawn` into a chart of `next`, oldest first; undefined: draw the chart anew. */
export function candlesToDraw(
  drawn: readonly KlineJson[],
  next: readonly KlineJson[],
): readonly KlineJson[] | undefined {
  if (isOtherSeries(drawn, next)) return undefined;
  if (drawn.some(({ open_time }, at) => open_time !== next[at]?.open_time)) return undefined;
  return next.filter((kline, at) => kline !== drawn[at]);
}

/** True if `next` belongs to another series than `drawn`, or one of them is empty. */
export function isOtherSeries([drawn]: readonly KlineJson[], [next]: readonly KlineJson[]): boolean {
  return drawn === undefined || next === undefined || !isOfSeries(drawn, next);
}

/**
 * Finds the newest place before the last candle where candles are missing or one is not closed. Returns the open time
 * of the candle after it; undefined if there is none.
 */
export function newestLack(klines: readonly KlineJson[]): number | undefined {
  for (let at = klines.length - 2; at >= 0; at--) {
    const [kline, next] = klines.slice(at, at + 2);
    if (kline === undefined || next === undefined) continue;
    if (next.open_time > kline.close_time + 1 || !kline.closed) return next.open_time;
  }
  return undefined;
}

function isOfSeries(a: KlineJson, b: KlineJson): boolean {
  return a.epoch === b.epoch && a.venue === b.venue && a.symbol === b.symbol && a.interval === b.interval;
}

function isNewer(kline: KlineJson, than: KlineJson): boolean {
  if (kline.closed !== than.closed) return kline.closed;
  const same = kline.close === than.close && kline.volume === than.volume;
  return kline.timestamp >= than.timestamp && !same;
}
