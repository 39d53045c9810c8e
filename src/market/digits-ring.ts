import { Digits } from './digits.ts';

const FIRST_CAPACITY = 16;

/** Greater than the decimal places of a usual value. A value is stored as digits × PLACES + its decimal places. */
const PLACES = 32;
/** The stored number is exact if the value's digits are at most this. */
const MAX_DIGITS = Number.MAX_SAFE_INTEGER / PLACES - 1;

/**
 * Remembers the last `most` values in one array of numbers, because many long-lived objects slow garbage collection.
 */
export class DigitsRing {
  readonly #most: number;
  #column = new Float64Array(FIRST_CAPACITY);
  /** The values that do not fit in a number, by their index in the column. */
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

  /** Adds a value. If the ring is full, removes and returns the oldest value. */
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
