import type { LargeTradeJson, TradeJson } from '../../src/gateway/api/record-schema.ts';

/** Rows of the tape. */
const MOST = 60;

/** Trades newest first, each once, the newest kept. */
export function mergeTrades(known: readonly TradeJson[], more: readonly TradeJson[]): readonly TradeJson[] {
  const seen = new Set(known.map(tradeKey));
  const added: TradeJson[] = [];
  for (const trade of more) {
    if (seen.has(tradeKey(trade))) continue;
    seen.add(tradeKey(trade));
    added.push(trade);
  }
  if (added.length === 0) return known;
  return [...added, ...known].sort((a, b) => b.timestamp - a.timestamp || laterId(b, a)).slice(0, MOST);
}

export function tradeKey({ venue, trade_id }: TradeJson): string {
  return `${venue} ${trade_id}`;
}

/** By how much trades were larger than the mean before them, by key; the latest kept. */
export function mergeLarge(
  known: ReadonlyMap<string, number>,
  more: readonly LargeTradeJson[],
): ReadonlyMap<string, number> {
  if (more.length === 0) return known;
  const merged = [...known, ...more.map((trade) => [tradeKey(trade), trade.multiple] as const)];
  return new Map(merged.slice(-4 * MOST));
}

/** Ids are digits of any length: compared as integers, by length and then by characters. */
function laterId(a: TradeJson, b: TradeJson): number {
  const longer = a.trade_id.length - b.trade_id.length;
  if (longer !== 0) return longer;
  return a.trade_id < b.trade_id ? -1 : a.trade_id > b.trade_id ? 1 : 0;
}
