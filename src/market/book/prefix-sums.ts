import { type Digits, integerAt, numberAt, powerOfTen } from '../digits.ts';

/**
 * A running sum without error that remembers what it was at the last marks, so that the sum of what was added since any
 * of them is one subtraction. As ExactSums, it counts in a number and carries into a bigint.
 */
export class PrefixSums {
  #places = 0;
  #low = 0;
  #high = 0n;
  readonly #lows: Float64Array;
  readonly #highs: bigint[] = [];

  /** `slots`: how many marks there are. */
  constructor(slots: number) {
    this.#lows = new Float64Array(slots);
  }

  /** Places of the unit: the most that a value had so far. */
  get places(): number {
    return this.#places;
  }

  mark(slot: number): void {
    this.#lows[slot] = this.#low;
    this.#highs[slot] = this.#high;
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

  /** What was added since the mark, × 10^`places`, of which there have to be at least as many as the sum has. */
  since(slot: number, places: number): bigint {
    const high = this.#high - (this.#highs[slot] ?? 0n);
    const low = BigInt(this.#low) - BigInt(this.#lows[slot] ?? 0);
    return (high + low) * powerOfTen(places - this.#places);
  }

  /** Happens a few times in a life. */
  #refine(places: number): void {
    const factor = powerOfTen(places - this.#places);
    for (const [slot, high] of this.#highs.entries()) {
      this.#highs[slot] = (high + BigInt(this.#lows[slot] ?? 0)) * factor;
    }
    this.#lows.fill(0);
    this.#high = (this.#high + BigInt(this.#low)) * factor;
    this.#low = 0;
    this.#places = places;
  }
}
