import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import { digitsOf, doubleOf } from '../digits.ts';

/**
 * Keeps open, high, low and close, ordered by timestamp. In one millisecond, the first added price opens and the last
 * added closes.
 */
export class PriceRange {
  #open: Decimal = '0';
  #high: Decimal = '0';
  #low: Decimal = '0';
  #close: Decimal = '0';
  #openedAt = Number.POSITIVE_INFINITY;
  #closedAt = Number.NEGATIVE_INFINITY;
  /** The doubles nearest to high and low. Decimals are compared digit by digit only if their doubles are equal. */
  #nearHigh = Number.NEGATIVE_INFINITY;
  #nearLow = Number.POSITIVE_INFINITY;

  add(price: Decimal, timestamp: number): void {
    const near = doubleOf(digitsOf(price));
    if (near > this.#nearHigh || (near === this.#nearHigh && compareDecimals(price, this.#high) > 0)) {
      this.#high = price;
      this.#nearHigh = near;
    }
    if (near < this.#nearLow || (near === this.#nearLow && compareDecimals(price, this.#low) < 0)) {
      this.#low = price;
      this.#nearLow = near;
    }
    if (timestamp < this.#openedAt) {
      this.#open = price;
      this.#openedAt = timestamp;
    }
    if (timestamp >= this.#closedAt) {
      this.#close = price;
      this.#closedAt = timestamp;
    }
  }

  /** All four are '0' before the first price. */
  get prices(): Ohlc {
    return { open: this.#open, high: this.#high, low: this.#low, close: this.#close };
  }
}

export interface Ohlc {
  readonly open: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly close: Decimal;
}
