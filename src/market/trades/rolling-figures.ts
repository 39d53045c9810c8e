import { at } from '../../domain/at.ts';
import type { Decimal } from '../../domain/decimal.ts';
import { PrefixSums } from '../book/prefix-sums.ts';
import { digitsOf, doubleOf, times } from '../digits.ts';
import { SlidingExtreme } from './sliding-extreme.ts';
import { ColumnWriter } from './trade-columns.ts';
import { type MeasuredTrade, type TradeFigures, tradeFigures } from './trade-figures.ts';
import { profileOf, type VolumeProfile, volumeProfile } from './volume-profile.ts';

/** The sums of one side's trades. */
class Side {
  readonly volume: PrefixSums;
  readonly value: PrefixSums;

  constructor(size: number) {
    this.volume = new PrefixSums(size);
    this.value = new PrefixSums(size);
  }

  mark(slot: number): void {
    this.volume.mark(slot);
    this.value.mark(slot);
  }
}

/**
 * Figures over the last trades of a symbol, for any number of them and any span of time at once.
 *
 * With each of the last `size` trades it keeps the exact sums of all before it. So a trade costs constant amortised
 * time, and a question, whatever its window, one subtraction a sum and a few binary searches. The trades are taken in
 * the order in which they are added; one whose timestamp lies before that of its predecessor has its predecessor's.
 */
export class RollingFigures {
  readonly #size: number;
  #count = 0;
  readonly #times: Float64Array;
  readonly #prices: Decimal[] = [];
  readonly #quantities: Decimal[] = [];
  readonly #columns: ColumnWriter;
  readonly #buy: Side;
  readonly #sell: Side;
  #buyTrades = 0;
  readonly #buyTradesBefore: Float64Array;
  readonly #high: SlidingExtreme;
  readonly #low: SlidingExtreme;

  /** Throws RangeError where `size` is no whole number above 0. */
  constructor(size: number) {
    if (!(Number.isSafeInteger(size) && size > 0))
      throw new RangeError(`size must be a whole number above 0, found ${size}`);
    this.#size = size;
    this.#times = new Float64Array(size);
    this.#columns = new ColumnWriter(size);
    this.#buy = new Side(size);
    this.#sell = new Side(size);
    this.#buyTradesBefore = new Float64Array(size);
    this.#high = new SlidingExtreme('highest', size);
    this.#low = new SlidingExtreme('lowest', size);
  }

  /** How many trades are remembered, at most `size`. */
  get trades(): number {
    return Math.min(this.#count, this.#size);
  }

  add({ price, quantity, isBuyerMaker, timestamp }: MeasuredTrade): void {
    const priceDigits = digitsOf(price);
    const volume = digitsOf(quantity);
    const position = this.#count;
    const slot = position % this.#size;

    this.#times[slot] = position === 0 ? timestamp : Math.max(timestamp, this.#timeAt(position - 1));
    this.#prices[slot] = price;
    this.#quantities[slot] = quantity;
    this.#columns.put(slot, priceDigits, volume, isBuyerMaker);

    this.#buy.mark(slot);
    this.#sell.mark(slot);
    this.#buyTradesBefore[slot] = this.#buyTrades;
    const side = isBuyerMaker ? this.#sell : this.#buy;
    side.volume.add(volume);
    side.value.add(times(priceDigits, volume));
    if (!isBuyerMaker) this.#buyTrades++;

    const double = doubleOf(priceDigits);
    this.#high.add(position, price, double);
    this.#low.add(position, price, double);
    this.#count++;
  }

  /** Of the last `count` trades, or of all that are remembered where there are fewer; undefined where there is none. */
  lastTrades(count: number): TradeFigures | undefined {
    return this.#since(Math.max(this.#count - count, this.#oldest));
  }

  /** Of the remembered trades whose timestamp is above `at` − `spanMs`; undefined where there is none. */
  lastMilliseconds(spanMs: number, at: number): TradeFigures | undefined {
    return this.#since(this.#firstAfter(at - spanMs));
  }

  /** False where a trade after `time` may have been dropped for a newer one. */
  reaches(time: number): boolean {
    return this.#count <= this.#size || this.#timeAt(this.#oldest) <= time;
  }

  /** Of all remembered trades; undefined where there is none. */
  volumeProfile(bins?: number): VolumeProfile | undefined {
    const profile = this.#count === 0 ? undefined : profileOf(this.#columns.read(this.trades), bins);
    return profile ?? volumeProfile(this.#measured(), bins);
  }

  get #oldest(): number {
    return Math.max(this.#count - this.#size, 0);
  }

  #since(position: number): TradeFigures | undefined {
    if (position >= this.#count) return undefined;
    const slot = position % this.#size;
    const quantityPlaces = Math.max(this.#buy.volume.places, this.#sell.volume.places);
    const valuePlaces = Math.max(this.#buy.value.places, this.#sell.value.places, quantityPlaces);
    return tradeFigures(
      {
        trades: this.#count - position,
        buyTrades: this.#buyTrades - (this.#buyTradesBefore[slot] ?? 0),
        buyVolume: this.#buy.volume.since(slot, quantityPlaces),
        sellVolume: this.#sell.volume.since(slot, quantityPlaces),
        quantityPlaces,
        buyValue: this.#buy.value.since(slot, valuePlaces),
        sellValue: this.#sell.value.since(slot, valuePlaces),
        valuePlaces,
      },
      {
        open: at(this.#prices, slot),
        high: this.#high.since(position),
        low: this.#low.since(position),
        close: at(this.#prices, (this.#count - 1) % this.#size),
      },
    );
  }

  #firstAfter(time: number): number {
    let low = this.#oldest;
    let high = this.#count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#timeAt(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #timeAt(position: number): number {
    return this.#times[position % this.#size] ?? 0;
  }

  /** By slot: the order does not matter to what asks. */
  #measured(): readonly MeasuredTrade[] {
    const { sold } = this.#columns.read(this.trades);
    return Array.from(sold, (side, slot) => ({
      price: at(this.#prices, slot),
      quantity: at(this.#quantities, slot),
      isBuyerMaker: side === 1,
      timestamp: this.#times[slot] ?? 0,
    }));
  }
}
