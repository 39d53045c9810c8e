import { compareDecimals } from '../../domain/decimal.ts';
import type { BookUpdate } from '../../domain/market-event.ts';
import type { BookLevel, MarketFields } from '../../domain/record.ts';
import { malformed, readArray, readEach, readNotNegative, readPositive } from './fields.ts';

export function bookUpdate(
  market: MarketFields,
  book: Omit<BookUpdate, keyof MarketFields | 'kind' | 'limit'>,
): BookUpdate {
  return {
    kind: 'book_update',
    venue: market.venue,
    symbol: market.symbol,
    venueSymbol: market.venueSymbol,
    coin: market.coin,
    environment: market.environment,
    epoch: market.epoch,
    receivedAt: market.receivedAt,
    firstUpdateId: book.firstUpdateId,
    lastUpdateId: book.lastUpdateId,
    snapshot: book.snapshot,
    bids: book.bids,
    asks: book.asks,
    timestamp: book.timestamp,
    sequence: book.sequence,
  };
}

export type Side = 'bids' | 'asks';

/**
 * Reads rows of price and quantity, in the venue's order. @throws Fault of kind `malformed` that names the place:
 * `b[3][0]`
 */
export function readChanges(value: unknown, field: string): readonly BookLevel[] {
  return readEach(value, field, readLevel);
}

/** Reads a side of a whole book and sorts it, best first. Drops levels of quantity 0; a repeated price is malformed. */
export function readSide(value: unknown, field: string, side: Side): readonly BookLevel[] {
  const all = readChanges(value, field);
  const levels = all.some(isEmpty) ? all.filter((level) => !isEmpty(level)) : all;
  if (isSorted(levels, side)) return levels;
  const sorted = levels.toSorted((a, b) => betterFirst(a, b, side));
  const twice = sorted.find((level, at) => level.price === sorted[at - 1]?.price);
  if (twice !== undefined) throw malformed(field, `has the price ${twice.price} twice`);
  return sorted;
}

function readLevel(row: unknown): BookLevel {
  const level = readArray(row, '');
  if (level.length !== 2) throw malformed('', `has ${level.length} elements, not price and quantity`);
  return { price: readPositive(level[0], '[0]'), quantity: readNotNegative(level[1], '[1]') };
}

function isSorted(levels: readonly BookLevel[], side: Side): boolean {
  let best: BookLevel | undefined;
  for (const level of levels) {
    if (best !== undefined && betterFirst(best, level, side) >= 0) return false;
    best = level;
  }
  return true;
}

function betterFirst(a: BookLevel, b: BookLevel, side: Side): number {
  const order = compareDecimals(a.price, b.price);
  return side === 'bids' ? -order : order;
}

function isEmpty({ quantity }: BookLevel): boolean {
  return quantity === '0';
}
