import type { Decimal } from '../domain/decimal.ts';

const MINUTE_MS = 60_000;
const CANDLES = 30;
/** Minutes that may be asked about behind the newest: the candles, and as much again for questions that come late. */
const KEPT_MINUTES = 2 * CANDLES;

/** The last price of a minute that had a trade. */
interface Close {
  readonly minute: number;
  price: number;
  /** Of the trade that the price is of. */
  timestamp: number;
}

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
  /** By minute. */
  readonly #closes: Close[] = [];

  /** `timestamp` in milliseconds, by the venue's clock. */
  add(price: Decimal, timestamp: number): void {
    const minute = Math.floor(timestamp / MINUTE_MS);
    let at = this.#closes.length - 1;
    while (at >= 0 && (this.#closes[at] as Close).minute > minute) at--;
    const close = this.#closes[at];
    if (close?.minute === minute) {
      if (timestamp < close.timestamp) return;
      close.price = Number(price);
      close.timestamp = timestamp;
      return;
    }
    this.#closes.splice(at + 1, 0, { minute, price: Number(price), timestamp });
    this.#forget();
  }

  /** The volatility by the candles that are closed at `timestamp`; null until 30 are known. Asks at most 30 minutes back. */
  at(timestamp: number): number | null {
    const last = Math.floor(timestamp / MINUTE_MS) - 1;
    const first = last - CANDLES + 1;
    let next = this.#closes.findLastIndex(({ minute }) => minute <= first);
    if (next === -1) return null;
    const returns: number[] = [];
    let before = this.#closes[next]?.price ?? Number.NaN;
    for (let minute = first + 1; minute <= last; minute++) {
      if (this.#closes[next + 1]?.minute === minute) next++;
      const price = this.#closes[next]?.price ?? Number.NaN;
      returns.push(price === before ? 0 : Math.log(price / before));
      before = price;
    }
    return sampleDeviation(returns);
  }

  /** Keeps one close at or before all that is asked about: from it minutes are carried on. */
  #forget(): void {
    const oldest = (this.#closes.at(-1) as Close).minute - KEPT_MINUTES;
    while (this.#closes.length > 1 && (this.#closes[1] as Close).minute <= oldest) this.#closes.shift();
  }
}

function sampleDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
