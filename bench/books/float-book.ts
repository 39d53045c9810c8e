import type { BookLevel } from '../../src/domain/record.ts';

/** The simplest order book: sorted arrays, best level first, with prices from parseFloat. */
export class FloatBook {
  readonly #bids = new FloatSide(-1);
  readonly #asks = new FloatSide(1);

  get bestBid(): number | undefined {
    return this.#bids.best;
  }

  get bestAsk(): number | undefined {
    return this.#asks.best;
  }

  replace(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    this.#bids.clear();
    this.#asks.clear();
    this.apply(bids, asks);
  }

  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): void {
    for (const { price, quantity } of bids) this.#bids.set(parseFloat(price), quantity);
    for (const { price, quantity } of asks) this.#asks.set(parseFloat(price), quantity);
  }
}

class FloatSide {
  readonly #sign: 1 | -1;
  readonly #prices: number[] = [];
  readonly #quantities: string[] = [];

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get best(): number | undefined {
    return this.#prices[0];
  }

  clear(): void {
    this.#prices.length = 0;
    this.#quantities.length = 0;
  }

  set(price: number, quantity: string): void {
    const prices = this.#prices;
    const wanted = this.#sign * price;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sign * (prices[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    const found = prices[low] === price;
    if (quantity === '0') {
      if (!found) return;
      prices.splice(low, 1);
      this.#quantities.splice(low, 1);
    } else if (found) this.#quantities[low] = quantity;
    else {
      prices.splice(low, 0, price);
      this.#quantities.splice(low, 0, quantity);
    }
  }
}
