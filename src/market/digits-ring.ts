import { Digits } from './digits.ts';

const FIRST_CAPACITY = 16;

/** Greater than any number of decimal places. A value is stored as digits × PLACES + its decimal places. */
const PLACES = 32;
/** Up to this size the stored number is exact. */
const MAX_DIGITS = Number.MAX_SAFE_INTEGER / PLACES - 1;

/** Remembers the last `most` values in one column, because long-lived objects are slow to collect. */
export class DigitsRing {
  readonly #most: number;
  #column = new Float64Array(FIRST_CAPACITY);
  /** The values that do not fit a number, by slot. */
  #long: Map<number, Digits> | undefined;
  #length = 0;
  #oldest = 0;

  /** @param most at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a value; returns the oldest if it had to go. */
  push(value: Digits): Digits | undefined {
    if (this.#length < this.#most) {
      if (this.#length === this.#column.length) this.#grow();
      this.#set(this.#length++, value);
      return undefined;
    }
    const slot = this.#oldest;
    const left = this.#long?.get(slot) ?? this.#at(slot);
    this.#set(slot, value);
    this.#oldest = slot + 1 === this.#most ? 0 : slot + 1;
    return left;
  }

  #at(slot: number): Digits {
    const packed = this.#column[slot] ?? 0;
    const digits = Math.floor(packed / PLACES);
    return new Digits(digits, packed - digits * PLACES);
  }

  #set(slot: number, value: Digits): void {
    this.#long?.delete(slot);
    const { digits, places } = value;
    if (typeof digits === 'number' && Math.abs(digits) <= MAX_DIGITS && places < PLACES) {
      this.#column[slot] = digits * PLACES + places;
    } else {
      this.#long ??= new Map();
      this.#long.set(slot, value);
    }
  }

  #grow(): void {
    const column = new Float64Array(Math.min(this.#most, this.#column.length * 2));
    column.set(this.#column);
    this.#column = column;
  }
}
