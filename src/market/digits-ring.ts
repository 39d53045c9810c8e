import type { Digits } from './digits.ts';

const FIRST_CAPACITY = 16;

/**
 * The last so many values, in columns: nine bytes each and no object, as thousands of symbols keep a thousand each, and
 * objects that live for so long are what a garbage collector is slowest with.
 */
export class DigitsRing {
  readonly #most: number;
  #digits = new Float64Array(FIRST_CAPACITY);
  #places = new Uint8Array(FIRST_CAPACITY);
  /** By slot: those that a number does not hold. */
  readonly #long = new Map<number, Digits>();
  #length = 0;
  #oldest = 0;

  /** @param most at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes a value; returns the oldest where it has to leave for it. */
  push(value: Digits): Digits | undefined {
    if (this.#length < this.#most) {
      if (this.#length === this.#digits.length) this.#grow();
      this.#set(this.#length++, value);
      return undefined;
    }
    const slot = this.#oldest;
    const left = this.#long.get(slot) ?? { digits: this.#digits[slot] as number, places: this.#places[slot] as number };
    this.#set(slot, value);
    this.#oldest = slot + 1 === this.#most ? 0 : slot + 1;
    return left;
  }

  #set(slot: number, value: Digits): void {
    if (this.#long.size > 0) this.#long.delete(slot);
    if (typeof value.digits === 'number') {
      this.#digits[slot] = value.digits;
      this.#places[slot] = value.places;
    } else {
      this.#long.set(slot, value);
    }
  }

  #grow(): void {
    const capacity = Math.min(this.#most, this.#digits.length * 2);
    const digits = new Float64Array(capacity);
    const places = new Uint8Array(capacity);
    digits.set(this.#digits);
    places.set(this.#places);
    this.#digits = digits;
    this.#places = places;
  }
}
