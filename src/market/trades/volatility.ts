import type { Decimal } from '../../domain/decimal.ts';
import { digitsOf, doubleOf } from '../digits.ts';

const MINUTE_MS = 60_000;
const CANDLES = 30;
/** Minutes that may be asked about behind the newest: the candles, and as much again for questions that come late. */
const KEPT_MINUTES = 2 * CANDLES;

/** Those, the close before them, and a new one until the oldest goes. */
const ROWS = KEPT_MINUTES + 2;

/** Of a row: the minute, its price, the time of that. */
const SIZE = 3;
const PRICE = 1;
const TIME = 2;

/**
 * Volatility of one symbol: the sample standard deviation (divisor n − 1) of the log returns of the last 30 closed
 * one-minute candles.
 *
 * A return is the natural logarithm of a candle's close over that of the candle before it, so 30 candles have 29. It is
 * that of one minute, not of a year: multiply by √525,600 for that. A minute without trades carries the last close on
 * (a return of 0). The figure hangs on the trades' timestamps alone, not on the order in which they came, but for those
 * of the same millisecond, of which the last added counts. Block trades do not belong here.
 */
export class Volatility {
  /**
   * The minutes that had a trade, in order; of each its last price, and when that was. No object a minute, as thousands of
   * symbols keep an hour, and all of a minute in one place.
   */
  readonly #rows = new Float64Array(SIZE * ROWS);
  #count = 0;

  /** The latest timestamp that was added; -Infinity before the first. */
  get lastTime(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#rows[SIZE * (this.#count - 1) + TIME] ?? 0);
  }

  /** `timestamp` in milliseconds, by the venue's clock. */
  add(price: Decimal, timestamp: number): void {
    const minute = Math.floor(timestamp / MINUTE_MS);
    let at = this.#count - 1;
    while (at >= 0 && this.#minuteAt(at) > minute) at--;
    const isKnown = at >= 0 && this.#minuteAt(at) === minute;
    if (isKnown && timestamp < (this.#rows[SIZE * at + TIME] ?? 0)) return;
    if (!isKnown) {
      at++;
      this.#move(at, at + 1);
    }
    this.#rows[SIZE * at] = minute;
    this.#rows[SIZE * at + PRICE] = doubleOf(digitsOf(price));
    this.#rows[SIZE * at + TIME] = timestamp;
    if (!isKnown) this.#forget();
  }

  /** The volatility by the candles that are closed at `timestamp`; null until 30 are known. Asks at most 30 minutes back. */
  at(timestamp: number): number | null {
    const last = Math.floor(timestamp / MINUTE_MS) - 1;
    const first = last - CANDLES + 1;
    let next = this.#count - 1;
    while (next >= 0 && this.#minuteAt(next) > first) next--;
    if (next === -1) return null;
    const returns: number[] = [];
    let before = this.#rows[SIZE * next + PRICE] ?? 0;
    for (let minute = first + 1; minute <= last; minute++) {
      if (next + 1 < this.#count && this.#minuteAt(next + 1) === minute) next++;
      const price = this.#rows[SIZE * next + PRICE] ?? 0;
      returns.push(price === before ? 0 : Math.log(price / before));
      before = price;
    }
    return sampleDeviation(returns);
  }

  /** Keeps one close at or before all that is asked about: from it minutes are carried on. */
  #forget(): void {
    const oldest = this.#minuteAt(this.#count - 1) - KEPT_MINUTES;
    let first = 0;
    while (first + 1 < this.#count && this.#minuteAt(first + 1) <= oldest) first++;
    if (first > 0) this.#move(first, 0);
  }

  /** The rows from `from` on are those from `to` on now. */
  #move(from: number, to: number): void {
    this.#rows.copyWithin(SIZE * to, SIZE * from, SIZE * this.#count);
    this.#count += to - from;
  }

  #minuteAt(row: number): number {
    return this.#rows[SIZE * row] ?? 0;
  }
}

function sampleDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
