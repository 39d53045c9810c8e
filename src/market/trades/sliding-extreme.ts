import { at } from '../../domain/at.ts';
import { compareDecimals, type Decimal } from '../../domain/decimal.ts';

/**
 * Highest (or lowest) price since any position, of the last `size` positions.
 *
 * It keeps the positions whose price nothing later reaches, so their prices fall (rise) from first to last: the first of
 * them from a position on is the answer. A price costs constant amortised time, a question a binary search.
 */
export class SlidingExtreme {
  readonly #sign: 1 | -1;
  readonly #size: number;
  readonly #positions: Float64Array;
  readonly #prices: Decimal[] = [];
  /** The nearest doubles: where two differ, so do the prices, and the same way. */
  readonly #doubles: Float64Array;
  #head = 0;
  #count = 0;

  constructor(which: 'highest' | 'lowest', size: number) {
    this.#sign = which === 'highest' ? 1 : -1;
    this.#size = size;
    this.#positions = new Float64Array(size);
    this.#doubles = new Float64Array(size);
  }

  /** Positions step by one; `double` is `Number(price)`. */
  add(position: number, price: Decimal, double: number): void {
    if (this.#count > 0 && this.#positions[this.#head] === position - this.#size) {
      this.#head = this.#slot(1);
      this.#count--;
    }
    while (this.#count > 0 && this.#reaches(this.#count - 1, price, double)) this.#count--;
    const slot = this.#slot(this.#count);
    this.#positions[slot] = position;
    this.#prices[slot] = price;
    this.#doubles[slot] = double;
    this.#count++;
  }

  /** The extreme from `position`, one of the last `size`, to the newest. */
  since(position: number): Decimal {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#positions[this.#slot(middle)] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return this.#priceAt(low);
  }

  #reaches(index: number, price: Decimal, double: number): boolean {
    const difference = double - (this.#doubles[this.#slot(index)] ?? 0);
    return this.#sign * (difference === 0 ? compareDecimals(price, this.#priceAt(index)) : difference) >= 0;
  }

  #priceAt(index: number): Decimal {
    return at(this.#prices, this.#slot(index));
  }

  #slot(index: number): number {
    const slot = this.#head + index;
    return slot < this.#size ? slot : slot - this.#size;
  }
}
