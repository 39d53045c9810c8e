import { compareDecimals } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';
import { BookSide } from './book-side.ts';

/** The book of one symbol, exact: prices are ordered as the integers that their digits are, never as floats. */
export class OrderBook {
  readonly #bids = new BookSide('highest');
  readonly #asks = new BookSide('lowest');

  get bidCount(): number {
    return this.#bids.count;
  }

  get askCount(): number {
    return this.#asks.count;
  }

  get bestBid(): BookLevel | undefined {
    return this.#bids.best;
  }

  get bestAsk(): BookLevel | undefined {
    return this.#asks.best;
  }

  /** True when the best bid is not below the best ask; false when a side is empty. */
  get crossed(): boolean {
    const { bestBid, bestAsk } = this;
    return bestBid !== undefined && bestAsk !== undefined && compareDecimals(bestBid.price, bestAsk.price) >= 0;
  }

  /** The n-th best bid, from 1; undefined where there are fewer. */
  bidAt(n: number): BookLevel | undefined {
    return this.#bids.at(n);
  }

  /** The n-th best ask, from 1; undefined where there are fewer. */
  askAt(n: number): BookLevel | undefined {
    return this.#asks.at(n);
  }

  /** The best `limit` bids (by default all), best first, in an array of the caller's own. */
  bids(limit = Number.POSITIVE_INFINITY): BookLevel[] {
    return this.#bids.top(limit);
  }

  /** The best `limit` asks (by default all), best first, in an array of the caller's own. */
  asks(limit = Number.POSITIVE_INFINITY): BookLevel[] {
    return this.#asks.top(limit);
  }

  /** Puts these levels, in whatever order, in the place of all. */
  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    this.#bids.replace(bids);
    this.#asks.replace(asks);
  }

  /** Sets levels in the order given; quantity 0 removes one, or does nothing where there is none. */
  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    for (const level of bids) this.#bids.set(level);
    for (const level of asks) this.#asks.set(level);
  }

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
  }
}
