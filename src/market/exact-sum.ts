import { DECIMAL_SCALE, type Decimal, fromUnscaled, powerOfTen } from '../domain/decimal.ts';
import { roundHalfEven } from '../domain/exact.ts';
import { Digits, doubleOf, integerAt, numberAt } from './digits.ts';

/**
 * Keeps exact running sums, in units of their finest decimal place. Parts that do not fit a number exactly are bigints.
 */
export class ExactSums {
  /** Filled with −0 instead of 0, so that V8 stores doubles from the start. */
  readonly #low: number[];
  readonly #places: number[];
  #high: bigint[] | undefined;

  /** @param count number of sums, which are selected by the index 0 to `count` − 1 */
  constructor(count = 1) {
    this.#low = new Array(count).fill(-0);
    this.#places = new Array(count).fill(0);
  }

  /** Returns the decimal places of a sum's unit: the most of any value so far. */
  places(sum = 0): number {
    return this.#places[sum] ?? 0;
  }

  /** Adds digits / 10^`places`. The digits are a safe integer. */
  addNumber(digits: number, places: number, sum = 0): void {
    const low = (this.#low[sum] ?? 0) + digits;
    if (places === this.#places[sum] && Number.isSafeInteger(low)) this.#low[sum] = low;
    else this.add(new Digits(digits, places), sum);
  }

  add(value: Digits, sum = 0): void {
    if (value.places > this.places(sum)) this.#refine(value.places, sum);
    const places = this.places(sum);
    const units = numberAt(value, places);
    const before = this.#low[sum] ?? 0;
    const low = before + units;
    if (Number.isSafeInteger(low)) {
      this.#low[sum] = low;
    } else if (Number.isNaN(units)) {
      this.#carry(integerAt(value, places), sum);
    } else {
      this.#carry(BigInt(before), sum);
      this.#low[sum] = units;
    }
  }

  subtract({ digits, places }: Digits, sum = 0): void {
    this.add(new Digits(-digits, places), sum);
  }

  /** Returns the sum × 10^`places`; `places` must not be less than the sum's own. */
  total(places = this.places(), sum = 0): bigint {
    const total = (this.#high?.[sum] ?? 0n) + BigInt(this.#low[sum] ?? 0);
    const own = this.places(sum);
    return places === own ? total : total * powerOfTen(places - own);
  }

  /** Returns the sum as a double, which is rounded at most three times. */
  toNumber(sum = 0): number {
    const high = this.#high?.[sum] ?? 0n;
    const digits = high === 0n ? (this.#low[sum] ?? 0) : Number(this.total(this.places(sum), sum));
    return doubleOf(new Digits(digits, this.places(sum)));
  }

  /** Returns the sum, exact up to 18 decimal places, rounded half-even beyond. */
  toDecimal(sum = 0): Decimal {
    return decimalOf(this.total(this.places(sum), sum), this.places(sum));
  }

  #carry(units: bigint, sum: number): void {
    this.#high ??= new Array(this.#low.length).fill(0n);
    this.#high[sum] = (this.#high[sum] ?? 0n) + units;
  }

  #refine(places: number, sum: number): void {
    const total = this.total(places, sum);
    if (this.#high !== undefined) this.#high[sum] = 0n;
    this.#low[sum] = 0;
    this.#places[sum] = places;
    if (total !== 0n) this.#carry(total, sum);
  }
}

/**
 * Returns `total` / 10^`places` as a decimal, rounded half-even at 18 places. If `total` is a number, it must be a safe
 * integer.
 */
export function decimalOf(total: number | bigint, places: number): Decimal {
  if (places <= DECIMAL_SCALE) return fromUnscaled(total, places);
  return fromUnscaled(roundHalfEven(BigInt(total), powerOfTen(places - DECIMAL_SCALE)));
}
