import { compareDecimals } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';
import { BookSide } from './book-side.ts';

/** The exact book of one symbol: prices are compared by their digits, never as floats. */
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

  /** True if the best bid is not below the best ask; false if a side is empty. */
  get crossed(): boolean {
    const { bestBid, bestAsk } = this;
    return bestBid !== undefined && bestAsk !== undefined && compareDecimals(bestBid.price, bestAsk.price) >= 0;
  }

  /** Returns the n-th best bid, from 1. */
  bidAt(n: number): BookLevel | undefined {
    return this.#bids.at(n);
  }

  /** Returns the n-th best ask, from 1. */
  askAt(n: number): BookLevel | undefined {
    return this.#asks.at(n);
  }

  /** Returns the best `limit` bids (default: all), best first, in a new array. */
  bids(limit = Number.POSITIVE_INFINITY): BookLevel[] {
    return this.#bids.top(limit);
  }

  /** Returns the best `limit` asks (default: all), best first, in a new array. */
  asks(limit = Number.POSITIVE_INFINITY): BookLevel[] {
    return this.#asks.top(limit);
  }

  /** Returns true if the book has each level. For a level with quantity 0, it must have no level at the price. */
  has(bids: readonly BookLevel[], asks: readonly BookLevel[]): boolean {
    return bids.every((level) => this.#bids.has(level)) && asks.every((level) => this.#asks.has(level));
  }

  /** Replaces all levels; they may come in any order. */
  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    this.#bids.replace(bids);
    this.#asks.replace(asks);
  }

  /** Sets levels in the given order; quantity 0 removes the level at its price. */
  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    for (const level of bids) this.#bids.set(level);
    for (const level of asks) this.#asks.set(level);
  }

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
  }
}
