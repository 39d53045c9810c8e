import { compareDecimals } from '../../src/domain/decimal.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { BookUpdate } from '../../src/domain/market-event.ts';
import type { BookLevel, BookTicker } from '../../src/domain/record.ts';
import { compareIds } from '../../src/domain/trade-id.ts';
import { BookSync } from '../../src/market/book/book-sync.ts';
import { venues } from '../../src/venues/registry.ts';
import { type CheckResult, differences } from './check-result.ts';
import { Decoding } from './decoding.ts';
import { jsonOf, type Recording, rowsOf, textOf, venueInName } from './recordings.ts';

const TOP = 20;

/**
 * Numbers of levels that a client may request from Binance. A body with exactly as many on a side may be a part of the
 * book.
 */
const LIMITS: readonly number[] = [5, 10, 20, 50, 100, 500, 1000, 5000];

/** Runs a recorded stream of changes, and the snapshot taken during it, through the order book. */
export function checkBook({ name, file, beside }: Extract<Recording, { kind: 'book' }>): CheckResult {
  const venue = venueInName(name) ?? 'binance';
  const decoding = new Decoding(venue);
  const updates = rowsOf(file).flatMap((row) => decoding.events(row).filter((event) => event.kind === 'book_update'));
  const tickers = beside.bookTickers === undefined ? [] : tickersOf(venue, beside.bookTickers);
  const snapshot = beside.snapshot === undefined ? undefined : snapshotOf(venue, updates[0], textOf(beside.snapshot));
  const meta = beside.meta === undefined ? {} : jsonOf(beside.meta);
  const before = Number(meta.depthFramesReceivedBeforeRestResponse ?? 0);
  const found = rebuild(updates, snapshot, before, tickers);
  const wrong = [...decoding.wrong, ...problemsOf(found)];
  if (beside.expected !== undefined) wrong.push(...differences(expectedOf(jsonOf(beside.expected)), found));
  const part = snapshot === undefined ? undefined : partialSnapshot(snapshot);
  const known = part === undefined ? undefined : rebuild(updates, part, before, tickers);
  if (known !== undefined) wrong.push(...problemsOf(known).map((problem) => `of the fetched levels: ${problem}`));
  const { applied, ignored, gaps, finalUpdateId, bookTickerChecks } = found;
  const notes = [`${applied} applied, ${ignored} ignored, ${gaps} gaps, id ${finalUpdateId}`];
  if (beside.expected !== undefined)
    notes.push(`as ${beside.expected.slice(beside.expected.lastIndexOf('/') + 1)} expects`);
  if (tickers.length > 0) notes.push(`best bid and ask as ${bookTickerChecks} book tickers say`);
  if (known?.needsDeeperLevels === true) notes.push(`needs deeper levels after ${known.applied} changes`);
  return { notes, wrong };
}

function problemsOf({ gaps, crossedAfterApply, bookTickerMismatches }: Found): string[] {
  return [
    ...(gaps > 0 ? [`${gaps} gaps`] : []),
    ...(crossedAfterApply > 0 ? [`crossed ${crossedAfterApply} times`] : []),
    ...(bookTickerMismatches > 0 ? [`${bookTickerMismatches} book tickers differ`] : []),
  ];
}

/**
 * The snapshot as the feed uses it: levels beyond its last ones are unknown. undefined: the snapshot is the whole book.
 */
function partialSnapshot(snapshot: BookUpdate): BookUpdate | undefined {
  const limit = Math.max(snapshot.bids.length, snapshot.asks.length);
  return LIMITS.includes(limit) ? { ...snapshot, limit } : undefined;
}

type Found = Readonly<Record<string, unknown>> & {
  readonly applied: number;
  readonly ignored: number;
  readonly gaps: number;
  readonly crossedAfterApply: number;
  /**
   * True if the price has moved past the fetched levels. The feed then fetches deeper ones, which a recording does not
   * have.
   */
  readonly needsDeeperLevels: boolean;
  readonly finalUpdateId: string | undefined;
  readonly bookTickerChecks: number;
  readonly bookTickerMismatches: number;
};

function rebuild(
  updates: readonly BookUpdate[],
  snapshot: BookUpdate | undefined,
  before: number,
  tickers: readonly BookTicker[],
): Found {
  const sync = new BookSync({ mode: snapshot === undefined ? 'sent' : 'fetched' });
  sync.joined(1);
  const compared = new TickerComparison(tickers);
  let [gaps, crossed] = [0, 0];
  const step = (steps: ReturnType<BookSync['update']>): void => {
    for (const { kind } of steps) {
      if (kind === 'stale' && !sync.isShort) gaps++;
      else if (kind === 'changed') compared.at(sync);
    }
    if (sync.state === 'in_step' && sync.book.crossed) crossed++;
  };
  updates.forEach((update, index) => {
    if (index === before && snapshot !== undefined) step(sync.snapshot(snapshot, 0));
    step(sync.update(1, update, 0));
  });
  const { book, updateId, applied, ignored } = sync;
  return {
    applied,
    ignored,
    gaps,
    crossedAfterApply: crossed,
    needsDeeperLevels: sync.isShort,
    finalUpdateId: updateId,
    bidLevels: book.bidCount,
    askLevels: book.askCount,
    bids: book.bids(TOP).map(pairOf),
    asks: book.asks(TOP).map(pairOf),
    bookTickerChecks: compared.checks,
    bookTickerMismatches: compared.mismatches,
  };
}

/** Compares the best levels with the last book ticker at or before the update id of the book. */
class TickerComparison {
  checks = 0;
  mismatches = 0;
  readonly #tickers: readonly BookTicker[];
  #next = 0;

  constructor(tickers: readonly BookTicker[]) {
    this.#tickers = tickers;
  }

  at({ book, updateId = '0' }: BookSync): void {
    let ticker = this.#tickers[this.#next];
    while (ticker !== undefined && compareIds(ticker.updateId ?? '0', updateId) <= 0)
      ticker = this.#tickers[++this.#next];
    const last = this.#tickers[this.#next - 1];
    if (last === undefined) return;
    this.checks++;
    const { bestBid, bestAsk } = book;
    const same =
      last.bidPrice === (bestBid?.price ?? null) &&
      last.bidQuantity === (bestBid?.quantity ?? null) &&
      last.askPrice === (bestAsk?.price ?? null) &&
      last.askQuantity === (bestAsk?.quantity ?? null);
    if (!same) this.mismatches++;
  }
}

function tickersOf(venue: VenueId, file: string): BookTicker[] {
  const decoding = new Decoding(venue);
  return rowsOf(file).flatMap((row) => decoding.events(row).filter((event) => event.kind === 'book_ticker'));
}

function snapshotOf(venue: VenueId, first: BookUpdate | undefined, body: string): BookUpdate | undefined {
  const { book } = venues[venue];
  if (book === undefined || first === undefined) return undefined;
  const { coin, symbol, venueSymbol, receivedAt } = first;
  const instrument = { coin, symbol, venueSymbol };
  return wholeBook(
    book({ instrument, levels: TOP, environment: 'replay', receivedAt: () => receivedAt }).parse(JSON.parse(body)),
  );
}

/**
 * The body as a whole book, as the documented algorithm uses it. A recording does not show how many levels were
 * requested.
 */
export function wholeBook({ limit: _, ...book }: BookUpdate): BookUpdate {
  return book;
}

/** The expected values with our names and in canonical decimals. */
function expectedOf(expected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const canonical = (levels: unknown) =>
    Array.isArray(levels)
      ? (levels as [string, string][]).map(([price, quantity]) => [plain(price), plain(quantity)])
      : levels;
  // The number of comparisons is not compared, because it depends on the method: ours uses the last ticker at or before
  // each id.
  const { bids, asks, bookTickerChecks: _, ...others } = expected;
  return {
    ...others,
    ...(bids === undefined ? {} : { bids: canonical(bids) }),
    ...(asks === undefined ? {} : { asks: canonical(asks) }),
  };
}

function plain(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

function pairOf({ price, quantity }: BookLevel): readonly [string, string] {
  return [price, quantity];
}

/** Problems of a side of a book: the wrong number of levels, or not best first. */
export function sideProblems(side: readonly BookLevel[], levels: number, best: 'highest' | 'lowest'): string[] {
  const sign = best === 'highest' ? -1 : 1;
  const ordered = side.every(({ price }, index) => {
    const before = side[index - 1];
    return before === undefined || sign * compareDecimals(before.price, price) < 0;
  });
  return [
    ...(side.length === levels ? [] : [`${side.length} levels, not ${levels}`]),
    ...(ordered ? [] : ['levels out of order']),
  ];
}
