import type { Decimal } from '../../domain/decimal.ts';
import { duration } from '../../domain/duration.ts';
import type { OrderBook } from '../../market/book/order-book.ts';

/** A venue sends book changes only once an interval, so book and ticker may differ for a moment. Milliseconds. */
const APART_AT_MOST_MS = 3000;

/** Measures how long the best prices of a book and of the book ticker differ. Times are monotonic milliseconds. */
export class TopPrices {
  #book: string | undefined;
  #ticker: string | undefined;
  /** When the prices of book and ticker were last equal, or when both became known. */
  #equalAt = 0;
  #longestMs = 0;
  /** True if the prices of book and ticker were ever known at the same time. */
  isCompared = false;

  /** Sets the book's best prices. Undefined: there is no book, or it is stale. */
  book(book: OrderBook | undefined, at: number): void {
    const prices = book && pricesOf(book.bestBid?.price ?? null, book.bestAsk?.price ?? null);
    if (prices === this.#book) return;
    this.#before(at);
    this.#book = prices;
    this.#after(at);
  }

  ticker(bid: Decimal | null, ask: Decimal | null, at: number): void {
    const prices = pricesOf(bid, ask);
    if (prices === this.#ticker) return;
    this.#before(at);
    this.#ticker = prices;
    this.#after(at);
  }

  longestMs(endAt: number): number {
    return this.#differ ? Math.max(this.#longestMs, endAt - this.#equalAt) : this.#longestMs;
  }

  problem(name: string, endAt: number): readonly string[] {
    const longestMs = this.longestMs(endAt);
    if (longestMs <= APART_AT_MOST_MS) return [];
    return [`${name}: best prices differed for ${duration(longestMs)} (book ${this.#book}, ticker ${this.#ticker})`];
  }

  get #areKnown(): boolean {
    return this.#book !== undefined && this.#ticker !== undefined;
  }

  get #differ(): boolean {
    return this.#areKnown && this.#book !== this.#ticker;
  }

  /** Notes whether the prices of book and ticker differed until now. Call it before a price changes. */
  #before(at: number): void {
    if (this.#differ) this.#longestMs = Math.max(this.#longestMs, at - this.#equalAt);
    else this.#equalAt = at;
  }

  #after(at: number): void {
    if (!this.#areKnown) return;
    this.isCompared = true;
    if (!this.#differ) this.#equalAt = at;
  }
}

function pricesOf(bid: Decimal | null, ask: Decimal | null): string {
  return `${bid ?? 'none'}/${ask ?? 'none'}`;
}
