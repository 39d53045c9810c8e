import { canonicalDecimal, type Decimal, powerOfTen } from '../../domain/decimal.ts';
import { quotient, ratio } from '../../domain/exact.ts';
import { type Digits, digitsOf, doubleOf, integerAt } from '../digits.ts';
import { DigitsRing } from '../digits-ring.ts';
import { ExactSums } from '../exact-sum.ts';
import type { MeasuredTrade } from './trade-figures.ts';

export interface LargeTradesOptions {
  /** A trade is large if its quantity is at least this multiple of the mean quantity; above 0. */
  readonly threshold: number;
  /** Number of preceding trades in the mean. Default 1000. */
  readonly most?: number;
  /** With fewer preceding trades, no trade is large. Default 100. */
  readonly least?: number;
}

export interface LargeTradeFigures {
  /** Mean quantity of the preceding trades, rounded half-even at 18 places. */
  readonly averageQuantity: Decimal;
  /** The trade's quantity / `averageQuantity`, as the nearest double. */
  readonly multiple: number;
}

/** Relative margin of the quick comparison, far above the rounding error of doubles. */
const MARGIN = 1e-9;

/**
 * Finds trades whose quantity is far above the mean of the preceding trades. Comparisons are exact. Do not add block
 * trades.
 */
export class LargeTrades {
  readonly #threshold: number;
  readonly #exactThreshold: Digits;
  readonly #least: number;
  readonly #quantities: DigitsRing;
  readonly #sum = new ExactSums();

  /**
   * @throws RangeError unless `threshold` is above 0 with at most 18 places, and 1 ≤ `least` ≤ `most` are whole
   * numbers
   */
  constructor({ threshold, most = 1000, least = 100 }: LargeTradesOptions) {
    const decimal = canonicalDecimal(String(threshold));
    if (decimal === undefined || !(threshold > 0))
      throw new RangeError(`threshold must be above 0 with at most 18 places, found ${threshold}`);
    if (!(Number.isSafeInteger(most) && Number.isSafeInteger(least) && least >= 1 && least <= most))
      throw new RangeError(`least and most must be whole numbers, 1 ≤ least ≤ most, found ${least} and ${most}`);
    this.#threshold = threshold;
    this.#exactThreshold = digitsOf(decimal);
    this.#quantities = new DigitsRing(most);
    this.#least = least;
  }

  /** Compares a trade with the trades before it, and remembers it. Returns undefined if the trade is not large. */
  next(trade: Pick<MeasuredTrade, 'quantity'>): LargeTradeFigures | undefined {
    const quantity = digitsOf(trade.quantity);
    const figures = this.#quantities.length < this.#least ? undefined : this.#judge(quantity);
    this.#remember(quantity);
    return figures;
  }

  #judge(quantity: Digits): LargeTradeFigures | undefined {
    const size = doubleOf(quantity);
    const limit = this.#threshold * this.#sum.toNumber();
    if (size * this.#quantities.length < limit * (1 - MARGIN)) return undefined;

    const places = Math.max(quantity.places, this.#sum.places());
    const sum = this.#sum.total(places);
    const count = BigInt(this.#quantities.length);
    const scaled = integerAt(quantity, places) * count;
    const { digits, places: thresholdPlaces } = this.#exactThreshold;
    if (sum === 0n || scaled * powerOfTen(thresholdPlaces) < BigInt(digits) * sum) return undefined;
    return { averageQuantity: quotient(sum, count * powerOfTen(places)), multiple: ratio(scaled, sum) };
  }

  #remember(quantity: Digits): void {
    this.#sum.add(quantity);
    const left = this.#quantities.push(quantity);
    if (left !== undefined) this.#sum.subtract(left);
  }
}
