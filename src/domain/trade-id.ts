import type { AggTrade, Gap, TradeEvent } from './record.ts';

export type AnyTrade = TradeEvent | AggTrade;

/** Kind of trade. Each kind has its own ids for a venue and symbol. */
export type TradeKind = AnyTrade['kind'];

export function isTrade(record: { readonly kind: string }): record is AnyTrade {
  return record.kind === 'trade' || record.kind === 'agg_trade';
}

/** Returns the last id that a trade stands for; an aggregate stands for several. */
export function lastIdOf({ lastTradeId, tradeId }: Pick<AnyTrade, 'lastTradeId' | 'tradeId'>): string {
  return lastTradeId ?? tradeId;
}

/** Compares two ids as integers of any length: Bybit's have 19 digits, more than a number holds. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Returns true for 1 to 39 digits without leading zeros. */
export function isTradeId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,38})$/.test(text);
}

/** Returns true if trades of a gap with this outcome are missing, or may be. An outcome that is not known counts, too. */
export function isMissing(outcome: string): boolean {
  return outcome !== 'repaired' && outcome !== 'healed';
}

/** Names a gap, whatever its outcome: all records of the gap have this name. */
export function nameOfGap({ venue, symbol, epoch, channel, fromId, toId, fromTime, toTime }: Gap): string {
  return `${venue} ${symbol} ${epoch} ${channel} ${fromId ?? ''} ${toId ?? ''} ${fromTime} ${toTime}`;
}
