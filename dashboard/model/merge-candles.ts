import type { KlineJson } from '../../src/gateway/api/record-schema.ts';

/** Number of kept candles: about 17 hours of one-minute candles. */
const MOST = 1000;

/**
 * Merges candles, oldest first: REST and the stream may overlap, so each candle appears once, in its last state. Only
 * the newest are kept. Known candles of another interval or epoch than the new ones are dropped.
 */
export function mergeCandles(known: readonly KlineJson[], more: readonly KlineJson[]): readonly KlineJson[] {
  const last = more.at(-1);
  if (last === undefined) return known;
  const kept = known.filter((kline) => isOfSeries(kline, last));
  const byOpenTime = new Map(kept.map((kline) => [kline.open_time, kline]));
  let changed = kept.length < known.length;
  for (const kline of more) {
    const before = byOpenTime.get(kline.open_time);
    if (!isOfSeries(kline, last) || (before !== undefined && !isNewer(kline, before))) continue;
    byOpenTime.set(kline.open_time, kline);
    changed = true;
  }
  return changed ? [...byOpenTime.values()].sort((a, b) => a.open_time - b.open_time).slice(-MOST) : known;
}

/** The candles that turn a chart of `drawn` into a chart of `next`, oldest first; undefined: draw the chart anew. */
export function candlesToDraw(
  drawn: readonly KlineJson[],
  next: readonly KlineJson[],
): readonly KlineJson[] | undefined {
  if (isOtherPast(drawn, next)) return undefined;
  if (drawn.some(({ open_time }, at) => open_time !== next[at]?.open_time)) return undefined;
  return next.filter((kline, at) => kline !== drawn[at]);
}

/** True if `next` goes further back than `drawn`, or belongs to another series. */
export function isOtherPast([drawn]: readonly KlineJson[], [next]: readonly KlineJson[]): boolean {
  return drawn === undefined || next === undefined || next.open_time < drawn.open_time || !isOfSeries(drawn, next);
}

/**
 * Finds the newest place before the last candle where candles are missing or one is not closed. Returns the open time
 * of the first such candle; undefined if there is none.
 */
export function newestLack(klines: readonly KlineJson[]): number | undefined {
  for (let at = klines.length - 2; at >= 0; at--) {
    const [kline, next] = klines.slice(at, at + 2);
    if (kline === undefined || next === undefined) continue;
    if (next.open_time > kline.close_time + 1) return kline.close_time + 1;
    if (!kline.closed) return kline.open_time;
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
