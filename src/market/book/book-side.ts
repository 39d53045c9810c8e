import { at } from '../../domain/at.ts';
import { compareDecimals, type Decimal, integerDigits } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';

/** Maximum digits of a key. A number holds every integer with this many digits exactly. */
const KEY_DIGITS = 15;
/** A price with at most this many integer digits more than the side's first price gets an ordinary key. */
const HEADROOM = 2;
/** The key of all prices with still more integer digits. Prices with equal keys are compared as decimals. */
const BEYOND = 10 ** KEY_DIGITS;
const POWERS: readonly number[] = Array.from({ length: KEY_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

const POINT = 46;
const ZERO = 48;

/**
 * One side of an order book. The levels are sorted by an integer key, best last. The key is the price in units of
 * 10^-scale, rounded down.
 */
export class BookSide {
  /** 1: the highest price is best (bids); -1: the lowest (asks). Keys have this sign. */
  readonly #sign: 1 | -1;
  readonly #keys: number[] = [];
  readonly #levels: BookLevel[] = [];
  #scale = 0;

  constructor(best: 'highest' | 'lowest') {
    this.#sign = best === 'highest' ? 1 : -1;
  }

  get count(): number {
    return this.#levels.length;
  }

  get best(): BookLevel | undefined {
    return this.at(1);
  }

  /** Returns the n-th best level, from 1. */
  at(n: number): BookLevel | undefined {
    return this.#levels[this.#levels.length - n];
  }

  /** Returns the best `limit` levels, best first. */
  top(limit: number): BookLevel[] {
    return this.#levels.slice(Math.max(0, this.#levels.length - limit)).reverse();
  }

  clear(): void {
    this.#keys.length = 0;
    this.#levels.length = 0;
  }

  /** Replaces all levels: quickly if they come best first, as venues send them, otherwise one by one. */
  replace(levels: readonly BookLevel[]): void {
    this.clear();
    if (levels.toReversed().every((level) => this.#append(level))) return;
    this.clear();
    for (const level of levels) this.set(level);
  }

  /**
   * Returns true if the side has this quantity at this price. With quantity 0, true if it has no level at the price.
   */
  has({ price, quantity }: BookLevel): boolean {
    const index = this.#find(this.#sign * scaledPrice(price, this.#scale), price);
    return quantity === (this.#levels[index]?.quantity ?? '0');
  }

  /** Sets the quantity at a price; quantity 0 removes the level. */
  set(level: BookLevel): void {
    const { price, quantity } = level;
    if (this.#levels.length === 0) this.#scale = scaleFor(price);
    const key = this.#sign * scaledPrice(price, this.#scale);
    const at = this.#find(key, price);
    if (quantity === '0') {
      if (at < 0) return;
      this.#keys.splice(at, 1);
      this.#levels.splice(at, 1);
    } else if (at >= 0) this.#levels[at] = level;
    else {
      this.#keys.splice(~at, 0, key);
      this.#levels.splice(~at, 0, level);
    }
  }

  /** Appends a level that is better than all others; returns false for any other level. */
  #append(level: BookLevel): boolean {
    if (this.#levels.length === 0) this.#scale = scaleFor(level.price);
    const key = this.#sign * scaledPrice(level.price, this.#scale);
    if (level.quantity === '0' || this.#find(key, level.price) !== ~this.#levels.length) return false;
    this.#keys.push(key);
    this.#levels.push(level);
    return true;
  }

  /** Returns the index of a price, or ~(the index where it belongs). */
  #find(key: number, price: Decimal): number {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = (keys[middle] ?? 0) - key || this.#textOrder(middle, price);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return ~low;
  }

  #textOrder(index: number, price: Decimal): number {
    return this.#sign * compareDecimals(at(this.#levels, index).price, price);
  }
}

/** Returns how many decimal places fit in a key beside the price's integer digits. */
function scaleFor(price: Decimal): number {
  return Math.max(0, KEY_DIGITS - HEADROOM - integerDigits(price));
}

/** Returns the price in units of 10^-scale, rounded down: a lower price never has a higher key. */
function scaledPrice(price: Decimal, scale: number): number {
  const length = price.length;
  let key = 0;
  let at = 0;
  for (; at < length; at++) {
    const code = price.charCodeAt(at);
    if (code === POINT) break;
    key = key * 10 + (code - ZERO);
  }
  if (at + scale > KEY_DIGITS) return BEYOND;
  const end = Math.min(length, at + 1 + scale);
  const places = Math.max(0, end - at - 1);
  for (at++; at < end; at++) key = key * 10 + (price.charCodeAt(at) - ZERO);
  return key * (POWERS[scale - places] ?? 0);
}
