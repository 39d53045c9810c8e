import type { Decimal } from '../../domain/decimal.ts';

const MINUTE_MS = 60_000;
const CANDLES = 30;
/**
 * Minutes kept before the newest minute: 30 for the candles, and 30 more because `at` may be called with an earlier
 * time.
 */
const KEPT_MINUTES = 2 * CANDLES;

/** Number of rows: the kept minutes, the close before them, and a new minute until the oldest row is removed. */
const ROWS = KEPT_MINUTES + 2;

/** Columns of a row: minute, price, time of the price. */
const SIZE = 3;
const PRICE = 1;
const TIME = 2;

/**
 * Volatility of one symbol: the sample standard deviation (divisor n − 1) of the log returns of the last 30 closed
 * one-minute candles.
 *
 * A return is ln(close / previous close), so 30 candles have 29. It is a one-minute figure: multiply by √525,600 for a
 * year. A minute without trades repeats the last close. Only timestamps matter, not the order of adding; at the same
 * millisecond, the last added counts. Do not add block trades.
 */
export class Volatility {
  /**
   * The minutes with a trade, in order. They are plain numbers to save memory: thousands of symbols keep an hour each.
   */
  readonly #rows = new Float64Array(SIZE * ROWS);
  #count = 0;

  get lastTime(): number {
    return this.#count === 0 ? Number.NEGATIVE_INFINITY : (this.#rows[SIZE * (this.#count - 1) + TIME] ?? 0);
  }

  /** @param timestamp venue's time, milliseconds */
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
    this.#rows[SIZE * at + PRICE] = Number(price);
    this.#rows[SIZE * at + TIME] = timestamp;
    if (!isKnown) this.#forget();
  }

  /**
   * Returns the volatility of the last 30 candles that were closed at `timestamp`; null until 30 are known. `timestamp`
   * may be up to 30 minutes before the newest price.
   */
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

  /** Removes the oldest rows. For each minute that can be asked for, a close at or before it stays. */
  #forget(): void {
    const oldest = this.#minuteAt(this.#count - 1) - KEPT_MINUTES;
    let first = 0;
    while (first + 1 < this.#count && this.#minuteAt(first + 1) <= oldest) first++;
    if (first > 0) this.#move(first, 0);
  }

  /** Moves row `from` and all rows after it to row `to`. */
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
