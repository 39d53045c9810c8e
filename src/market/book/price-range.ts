import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import { digitsOf, doubleOf } from '../digits.ts';

/** Milliseconds of the open and the close, and the doubles nearest to high and low. */
const OPENED_AT = 0;
const CLOSED_AT = 1;
const HIGH = 2;
const LOW = 3;

/**
 * Open, high, low and close of a set of trades. The open is the price of the earliest and the close that of the latest by
 * timestamp; of trades of the same millisecond the first added opens and the last added closes. So it does not matter
 * when a late trade comes in.
 */
export class PriceRange {
  #open: Decimal = '0';
  #high: Decimal = '0';
  #low: Decimal = '0';
  #close: Decimal = '0';
  /** Numbers side by side: the texts of high and low are looked at only where the doubles are the same. */
  readonly #row: [number, number, number, number] = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ];

  add(price: Decimal, timestamp: number): void {
    const row = this.#row;
    const near = doubleOf(digitsOf(price));
    const high = row[HIGH];
    if (near > high || (near === high && compareDecimals(price, this.#high) > 0)) {
      this.#high = price;
      row[HIGH] = near;
    }
    const low = row[LOW];
    if (near < low || (near === low && compareDecimals(price, this.#low) < 0)) {
      this.#low = price;
      row[LOW] = near;
    }
    if (timestamp < row[OPENED_AT]) {
      this.#open = price;
      row[OPENED_AT] = timestamp;
    }
    if (timestamp >= row[CLOSED_AT]) {
      this.#close = price;
      row[CLOSED_AT] = timestamp;
    }
  }

  /** All four '0' before the first trade. */
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
