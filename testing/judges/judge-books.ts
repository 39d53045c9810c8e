import type { BookDelta, BookLevel, FeedRecord, OrderBookSnapshot } from '../../src/domain/record.ts';
import { exactValue } from './journal.ts';

/**
 * Best bid and ask of a venue's book at an update id. `placeOf` makes the keys, `topOf` the values. If the venue
 * restarted its ids, a key has several values.
 */
export type MadeTops = ReadonlyMap<string, ReadonlySet<string>>;

export interface JudgeBooksOptions {
  /** True if changes may have been dropped. */
  readonly mayMiss?: boolean;
}

/** Time within which a book is fetched again after its price ran past the fetched levels, milliseconds. */
const BOOK_BACK_MS = 3000;
/** The default of `order_books.levels`. */
const LEVELS = 50;

/** A book as a consumer of the deltas keeps it. */
interface Kept {
  readonly epoch: number;
  readonly id: string;
  readonly bids: Map<string, string>;
  readonly asks: Map<string, string>;
}

export function placeOf(venue: string, symbol: string, updateId: string): string {
  return `${venue} ${symbol} ${updateId}`;
}

export function topOf(bid: string | undefined, ask: string | undefined): string {
  return `${exactValue(bid ?? 'none')} ${exactValue(ask ?? 'none')}`;
}

/**
 * Finds problems of books, at most 20, as text for people. Records must be in their order. A book that is not stale
 * must equal its venue's book, and follow from the changes before it. At the end, the last book of a symbol must not be
 * stale. The changes of a symbol must follow each other, unless some may be missing.
 */
export function bookProblems(
  records: readonly FeedRecord[],
  made: MadeTops,
  { mayMiss = false }: JudgeBooksOptions = {},
): string[] {
  const kept = new Map<string, Kept>();
  const problems: string[] = [];
  for (const record of records) {
    if (record.kind === 'book_delta') {
      const key = `${record.venue} ${record.symbol}`;
      const { book, problem } = applyChange(kept.get(key), record);
      if (problem !== undefined && !mayMiss) problems.push(problem);
      if (book === undefined) kept.delete(key);
      else kept.set(key, book);
    }
    if (record.kind === 'order_book' && !record.stale)
      problems.push(...snapshotProblems(record, kept.get(`${record.venue} ${record.symbol}`), made));
  }
  for (const record of longStaleBooks(records)) problems.push(`${nameOf(record)}: stale in the end`);
  return problems.slice(0, 20);
}

/** The last book of each symbol if it is stale, except books that have just become stale: the feed is fetching them. */
function longStaleBooks(records: readonly FeedRecord[]): readonly OrderBookSnapshot[] {
  const last = new Map<string, OrderBookSnapshot>();
  let endMicros = 0;
  for (const record of records) {
    if ('receivedAt' in record) endMicros = Math.max(endMicros, record.receivedAt);
    if (record.kind === 'order_book') last.set(record.symbol, record);
  }
  return [...last.values()].filter(({ stale, receivedAt }) => stale && endMicros - receivedAt > BOOK_BACK_MS * 1000);
}

function nameOf({ venue, symbol, epoch }: BookDelta | OrderBookSnapshot): string {
  return `${venue} ${symbol} ${epoch}`;
}

/** Applies a change to a book by the rules of docs/order-books.md. */
function applyChange(
  previous: Kept | undefined,
  delta: BookDelta,
): { readonly book: Kept | undefined; readonly problem?: string } {
  const { epoch, lastUpdateId: id, previousUpdateId, snapshot, bids, asks } = delta;
  const book = previous?.epoch === epoch ? previous : undefined;
  if (snapshot) return { book: { epoch, id, bids: sideOf(bids), asks: sideOf(asks) } };
  if (book === undefined) return { book, problem: `${nameOf(delta)}: the change ${id} comes before a whole book` };
  if (BigInt(id) <= BigInt(book.id)) return { book };
  if (previousUpdateId !== book.id)
    return { book: undefined, problem: `${nameOf(delta)}: ${id} follows ${previousUpdateId}, not ${book.id}` };
  set(book.bids, bids);
  set(book.asks, asks);
  return { book: { ...book, id } };
}

function sideOf(levels: readonly BookLevel[]): Map<string, string> {
  return new Map(levels.map(({ price, quantity }) => [price, quantity]));
}

function set(side: Map<string, string>, levels: readonly BookLevel[]): void {
  for (const { price, quantity } of levels) {
    if (quantity === '0') side.delete(price);
    else side.set(price, quantity);
  }
}

function snapshotProblems(record: OrderBookSnapshot, book: Kept | undefined, made: MadeTops): string[] {
  const { venue, symbol, epoch, updateId, bids, asks } = record;
  const name = `${nameOf(record)} at ${updateId}`;
  const top = topOf(bids[0]?.price, asks[0]?.price);
  const tops = made.get(placeOf(venue, symbol, updateId));
  if (tops !== undefined && !tops.has(top)) return [`${name}: the best is ${top}, the venue's was ${[...tops]}`];
  if (book?.epoch !== epoch || book.id !== updateId) return [];
  const isSame = sameLevels(bids, best(book.bids, -1)) && sameLevels(asks, best(book.asks, 1));
  return isSame ? [] : [`${name}: other levels than the changes before it make`];
}

/** Returns the levels, the best price first. Prices are far enough apart to be compared as floats. */
function best(side: Kept['bids'], direction: 1 | -1): [price: string, quantity: string][] {
  return [...side].sort(([a], [b]) => direction * (Number(a) - Number(b)));
}

function sameLevels(published: readonly BookLevel[], kept: readonly (readonly [string, string])[]): boolean {
  const isSame = published.every(({ price, quantity }, at) => kept[at]?.[0] === price && kept[at]?.[1] === quantity);
  return isSame && published.length === Math.min(kept.length, LEVELS);
}
