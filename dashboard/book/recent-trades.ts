import type { LargeTradeJson, TradeJson } from '../../src/gateway/api/record-schema.ts';

/** Trades that are kept, so that a filter still finds some. */
export const MAX_TRADES = 1000;
const MAX_LARGE = 240;

/** Merges two lists of trades: newest first, without repeats, at most 1,000. */
export function mergeTrades(known: readonly TradeJson[], more: readonly TradeJson[]): readonly TradeJson[] {
  const seen = new Set(known.map(tradeKey));
  const added: TradeJson[] = [];
  for (const trade of more) {
    if (seen.has(tradeKey(trade))) continue;
    seen.add(tradeKey(trade));
    added.push(trade);
  }
  if (added.length === 0) return known;
  return [...added, ...known].sort((a, b) => b.timestamp - a.timestamp || laterId(b, a)).slice(0, MAX_TRADES);
}

export function tradeKey({ venue, trade_id }: TradeJson): string {
  return `${venue} ${trade_id}`;
}

/** Merges large trades by `tradeKey`. Keeps the latest 240. */
export function mergeLarge(
  known: ReadonlyMap<string, LargeTradeJson>,
  more: readonly LargeTradeJson[],
): ReadonlyMap<string, LargeTradeJson> {
  if (more.length === 0) return known;
  const merged = [...known, ...more.map((trade) => [tradeKey(trade), trade] as const)];
  return new Map(merged.slice(-MAX_LARGE));
}

/** Compares ids of any length as integers: by length, then by characters. */
function laterId(a: TradeJson, b: TradeJson): number {
  const longer = a.trade_id.length - b.trade_id.length;
  if (longer !== 0) return longer;
  return a.trade_id < b.trade_id ? -1 : a.trade_id > b.trade_id ? 1 : 0;
}
