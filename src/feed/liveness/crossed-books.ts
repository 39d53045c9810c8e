import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import { getOrCreate } from '../../domain/get-or-create.ts';
import type { BookTicker, TradeEvent } from '../../domain/record.ts';
import type { VenuePrice } from '../../domain/status-snapshot.ts';
import { midOfQuote } from '../../market/book/book-figures.ts';
import type { BookSync } from '../../market/book/book-sync.ts';
import type { MergedEvent } from '../arbitration/merged-event.ts';

/**
 * A book is stale if it must have changed, but has not for this long. Venues push changes at least every 100 ms.
 * Milliseconds.
 */
const UNCHANGED_MS = 2000;
/** A book is wrong if it changes, but the best prices cross it at each check for this long. Milliseconds. */
const WRONG_MS = 5000;
/** The shortest time between two resynchronisations of a book, milliseconds. */
const AGAIN_MS = 30_000;
/** Best prices and book are compared only if they were received within this time, microseconds. */
const SAME_TIME_US = 1_000_000;

/** A symbol's last trade and best prices. Created on first use and never replaced. */
export class BookWitness {
  trade: TradeEvent | undefined;
  quote: BookTicker | undefined;
  /** When the quote came, milliseconds by a monotonic clock. */
  quotedAt = Number.NEGATIVE_INFINITY;
  /** Since when a newer trade or quote crosses the unchanged book, and the book's update id then. */
  unchanged: { readonly since: number; readonly updateId: string } | undefined;
  /** Since when the quote has crossed the book at each check. */
  wrongSince: number | undefined;
  resynchronisedAt = Number.NEGATIVE_INFINITY;

  /** Remembers a live trade or quote. A block or RPI trade says nothing about the book. */
  passed(event: MergedEvent, now: number): void {
    if (event.kind === 'book_ticker') {
      this.quote = event;
      this.quotedAt = now;
    } else if (event.kind === 'trade' && event.source === 'live' && event.conditions.length === 0) this.trade = event;
  }

  /** The newer of the last trade's price and the mid of the best prices; null before the first. */
  get price(): VenuePrice | null {
    const { trade, quote } = this;
    const mid = quote === undefined ? null : midOfQuote(quote);
    if (quote !== undefined && mid !== null && !(trade !== undefined && trade.receivedAt > quote.receivedAt))
      return { price: mid, receivedAt: quote.receivedAt };
    return trade === undefined ? null : { price: trade.price, receivedAt: trade.receivedAt };
  }
}

export interface CrossedBooksOptions {
  /** Returns the symbol's book; undefined if the book lacks updates. */
  readonly inStep: (symbol: string) => BookSync | undefined;
  /** Called when a book should have changed and has not. */
  readonly markStale: (symbol: string, reason: string) => void;
  /** Called when a book is wrong although it changes. It must be synchronised again. */
  readonly resynchronise: (symbol: string, reason: string) => void;
}

/**
 * Finds order books that the venue's own trades or best prices contradict. A newer trade or quote beyond the book's
 * best price shows that the book must change. A sweep or a slower channel looks the same for a moment, so only a
 * lasting contradiction counts.
 */
export class CrossedBooks {
  readonly #options: CrossedBooksOptions;
  readonly #witnesses = new Map<string, BookWitness>();

  constructor(options: CrossedBooksOptions) {
    this.#options = options;
  }

  of(symbol: string): BookWitness {
    return getOrCreate(this.#witnesses, symbol, () => new BookWitness());
  }

  /** Compares all books. Call it every second. `now`: milliseconds by a monotonic clock. */
  sweep(now: number): void {
    for (const [symbol, witness] of this.#witnesses) {
      const book = this.#options.inStep(symbol);
      if (book?.updateId === undefined) {
        witness.unchanged = undefined;
        witness.wrongSince = undefined;
        continue;
      }
      this.#findUnchanged(symbol, witness, book, book.updateId, now);
      this.#findWrong(symbol, witness, book, now);
    }
  }

  #findUnchanged(symbol: string, witness: BookWitness, book: BookSync, updateId: string, now: number): void {
    const { trade, quote, unchanged } = witness;
    const byTrade = trade !== undefined && isNewer(trade, book) && isBeyond(trade.price, book);
    const byQuote = quote !== undefined && isNewer(quote, book) && crosses(quote, book);
    if (!byTrade && !byQuote) witness.unchanged = undefined;
    else if (unchanged?.updateId !== updateId) witness.unchanged = { since: now, updateId };
    else if (now - unchanged.since >= UNCHANGED_MS)
      this.#options.markStale(symbol, byTrade ? 'trades cross the book' : 'the best prices cross the book');
  }

  #findWrong(symbol: string, witness: BookWitness, book: BookSync, now: number): void {
    const { quote } = witness;
    const isComparable = quote !== undefined && Math.abs(quote.receivedAt - book.receivedAt) < SAME_TIME_US;
    if (!isComparable || !crosses(quote, book)) {
      witness.wrongSince = undefined;
      return;
    }
    witness.wrongSince ??= now;
    if (now - witness.wrongSince < WRONG_MS || now - witness.resynchronisedAt < AGAIN_MS) return;
    witness.resynchronisedAt = now;
    this.#options.resynchronise(symbol, 'the best prices cross the book, although it changes');
  }
}

/**
 * True if the venue made the event after the book's last change. Without venue times, the times of receipt are
 * compared.
 */
function isNewer(event: { readonly timestamp: number | null; readonly receivedAt: number }, book: BookSync): boolean {
  if (event.timestamp === null || book.timestamp === null) return event.receivedAt > book.receivedAt;
  return event.timestamp > book.timestamp;
}

/** True if a trade at this price must have emptied a level of the book. */
function isBeyond(price: Decimal, { book: { bestBid, bestAsk } }: BookSync): boolean {
  const isBelowBid = bestBid !== undefined && compareDecimals(price, bestBid.price) < 0;
  const isAboveAsk = bestAsk !== undefined && compareDecimals(price, bestAsk.price) > 0;
  return isBelowBid || isAboveAsk;
}

/** True if a best price meets or passes the book's other side. */
function crosses({ bidPrice, askPrice }: BookTicker, { book: { bestBid, bestAsk } }: BookSync): boolean {
  const byBid = bidPrice !== null && bestAsk !== undefined && compareDecimals(bidPrice, bestAsk.price) >= 0;
  const byAsk = askPrice !== null && bestBid !== undefined && compareDecimals(askPrice, bestBid.price) <= 0;
  return byBid || byAsk;
}
