import { OrderBook } from 'tardis-dev';
import type { BookLevel } from '../../src/domain/record.ts';

/**
 * The order book of tardis-dev: red-black trees of levels, with prices and amounts as numbers. Its input has the form
 * that the library's own mappers produce.
 */
export class LibraryBook {
  readonly #book = new OrderBook();

  get bestBid(): number | undefined {
    return this.#book.bestBid()?.price;
  }

  get bestAsk(): number | undefined {
    return this.#book.bestAsk()?.price;
  }

  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    this.#update(true, bids, asks);
  }

  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    this.#update(false, bids, asks);
  }

  #update(isSnapshot: boolean, bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    const time = new Date(0);
    const origin = { symbol: '', exchange: 'binance', timestamp: time, localTimestamp: time } as const;
    this.#book.update({ type: 'book_change', ...origin, isSnapshot, bids: bids.map(numbers), asks: asks.map(numbers) });
  }
}

function numbers({ price, quantity }: BookLevel): { price: number; amount: number } {
  return { price: Number(price), amount: Number(quantity) };
}
