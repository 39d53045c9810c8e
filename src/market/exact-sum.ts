import { DECIMAL_SCALE, type Decimal, fromUnscaled } from '../domain/decimal.ts';
import { roundHalfEven } from '../domain/exact.ts';
import { type Digits, integerAt, numberAt, powerOfTen } from './digits.ts';

/**
 * A running sum without error, of values of any size and places.
 *
 * It counts in units of its finest place so far: in a number as long as that is exact, and what a number does not hold
 * goes on to a bigint. So a value costs a few nanoseconds and nothing is ever rounded.
 */
export class ExactSum {
  #places = 0;
  #low = 0;
  #high = 0n;

  /** Places of the unit: the most that a value had so far. */
  get places(): number {
    return this.#places;
  }

  add(value: Digits): void {
    if (value.places > this.#places) this.#refine(value.places);
    const units = numberAt(value, this.#places);
    const low = this.#low + units;
    if (Number.isSafeInteger(low)) {
      this.#low = low;
    } else if (Number.isNaN(units)) {
      this.#high += integerAt(value, this.#places);
    } else {
      this.#high += BigInt(this.#low);
      this.#low = units;
    }
  }

  subtract({ digits, places }: Digits): void {
    this.add({ digits: -digits, places });
  }

  /** The sum × 10^`places`, of which there have to be at least as many as the sum has. */
  total(places = this.#places): bigint {
    const sum = this.#high + BigInt(this.#low);
    return places === this.#places ? sum : sum * powerOfTen(places - this.#places);
  }

  /** About the sum, as near as a double comes in three steps. */
  toNumber(): number {
    const sum = this.#high === 0n ? this.#low : Number(this.total());
    return sum / 10 ** this.#places;
  }

  /** Exact up to 18 places, rounded half-even beyond. */
  toDecimal(): Decimal {
    return decimalOf(this.total(), this.#places);
  }

  #refine(places: number): void {
    if (this.#low !== 0 || this.#high !== 0n) {
      this.#high = this.total(places);
      this.#low = 0;
    }
    this.#places = places;
  }
}

const ZERO = 48;

/** The decimal of `total` / 10^`places`: exact up to 18 places, rounded half-even beyond. A number has to be a safe integer. */
export function decimalOf(total: number | bigint, places: number): Decimal {
  if (places > DECIMAL_SCALE) return fromUnscaled(roundHalfEven(BigInt(total), powerOfTen(places - DECIMAL_SCALE)));
  if (total < 0) return `-${decimalOf(-total, places)}`;
  let digits = total.toString();
  if (digits === '0') return digits;
  if (digits.length <= places) digits = digits.padStart(places + 1, '0');
  const point = digits.length - places;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO) end--;
  return end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
}
