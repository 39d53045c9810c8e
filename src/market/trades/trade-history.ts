import { at } from '../../domain/at.ts';
import type { TradeEvent } from '../../domain/record.ts';
import { digitsOf } from '../digits.ts';
import { isBlockTrade } from './block-trade.ts';
import { TradeColumns } from './trade-columns.ts';
import { type MeasuredTrade, type TradeFigures, tradeFigures } from './trade-figures.ts';
import { TradeSums } from './trade-sums.ts';
import { profileOf, type VolumeProfile, volumeProfile } from './volume-profile.ts';

/** The part of a trade that a history needs. */
export type HistoricTrade = MeasuredTrade & Pick<TradeEvent, 'conditions'>;

/**
 * Remembers the last trades of one symbol. `latest` includes block trades. Figures and volume profile leave them out
 * and cover the last `size` other trades, in the order of adding.
 */
export class TradeHistory<T extends HistoricTrade = TradeEvent> {
  readonly #size: number;
  readonly #ring: T[] = [];
  /** The index in the ring for the next trade. */
  #slot = 0;
  #blockTrades = 0;
  /**
   * Number of trades other than block trades, ever. The last `size` of them are in the columns: number n, counted from
   * 0, is at index n modulo `size`.
   */
  #count = 0;
  readonly #counted: T[] = [];
  readonly #columns: TradeColumns;

  /** @throws RangeError unless `size` is a whole number above 0. */
  constructor({ size = 1000 }: { readonly size?: number } = {}) {
    if (!(Number.isSafeInteger(size) && size > 0))
      throw new RangeError(`size must be a whole number above 0, found ${size}`);
    this.#size = size;
    this.#columns = new TradeColumns(size);
  }

  /** Number of block trades added, ever. */
  get blockTrades(): number {
    return this.#blockTrades;
  }

  add(trade: T): void {
    this.#ring[this.#slot] = trade;
    this.#slot = this.#slot + 1 === this.#size ? 0 : this.#slot + 1;
    if (isBlockTrade(trade)) {
      this.#blockTrades++;
      return;
    }
    const { price, quantity, isBuyerMaker } = trade;
    const slot = this.#count % this.#size;
    this.#counted[slot] = trade;
    this.#columns.put(slot, digitsOf(price), digitsOf(quantity), isBuyerMaker);
    this.#count++;
  }

  /** Time and sales: the last `limit` trades, newest first. */
  latest(limit = this.#size): readonly T[] {
    const count = Math.max(Math.min(limit, this.#ring.length), 0);
    const newestFirst = [...this.#ring.slice(0, this.#slot).reverse(), ...this.#ring.slice(this.#slot).reverse()];
    return newestFirst.slice(0, count);
  }

  /**
   * Returns the figures of the last `count` remembered trades (default: all), without block trades; undefined if there
   * are no trades.
   */
  lastTrades(count = this.#size): TradeFigures | undefined {
    return this.#figuresSince(Math.max(this.#count - count, this.#oldest));
  }

  /**
   * Returns the volume by price, without block trades; undefined if there are no trades. @throws RangeError unless
   * `bins` is a whole number above 0
   */
  volumeProfile(bins?: number): VolumeProfile | undefined {
    return profileOf(this.#columns, this.#counted.length, bins) ?? volumeProfile(this.#counted, bins);
  }

  get #oldest(): number {
    return Math.max(this.#count - this.#size, 0);
  }

  #figuresSince(first: number): TradeFigures | undefined {
    return first >= this.#count ? undefined : (this.#quickFigures(first) ?? this.#exactFigures(first));
  }

  /** Computes the figures with numbers instead of bigints; undefined if a number would not be exact. */
  #quickFigures(first: number): TradeFigures | undefined {
    const { prices, quantities, sold, pricePlaces, quantityPlaces } = this.#columns;
    const buy = { trades: 0, volume: new WholeSum(), value: new WholeSum() };
    const sell = { trades: 0, volume: new WholeSum(), value: new WholeSum() };
    const open = first % this.#size;
    let high = open;
    let low = open;
    let slot = open;
    for (let left = this.#count - first; left > 0; left--) {
      const price = prices[slot] ?? 0;
      const quantity = quantities[slot] ?? 0;
      const value = price * quantity;
      if (!Number.isSafeInteger(value)) return undefined;
      const side = sold[slot] === 1 ? sell : buy;
      side.trades++;
      side.volume.add(quantity);
      side.value.add(value);
      if (price > (prices[high] ?? 0)) high = slot;
      if (price < (prices[low] ?? 0)) low = slot;
      slot = slot + 1 === this.#size ? 0 : slot + 1;
    }
    const last = (this.#count - 1) % this.#size;
    const priceAt = (slot: number) => at(this.#counted, slot).price;
    return tradeFigures(
      {
        trades: buy.trades + sell.trades,
        buyTrades: buy.trades,
        buyVolume: buy.volume.total,
        sellVolume: sell.volume.total,
        quantityPlaces,
        buyValue: buy.value.total,
        sellValue: sell.value.total,
        valuePlaces: pricePlaces + quantityPlaces,
      },
      { open: priceAt(open), high: priceAt(high), low: priceAt(low), close: priceAt(last) },
    );
  }

  #exactFigures(first: number): TradeFigures | undefined {
    const sums = new TradeSums();
    for (let number = first; number < this.#count; number++)
      sums.add({ ...at(this.#counted, number % this.#size), timestamp: number });
    return sums.figures();
  }
}

class WholeSum {
  #low = 0;
  #high = 0n;

  add(value: number): void {
    const low = this.#low + value;
    if (Number.isSafeInteger(low)) {
      this.#low = low;
    } else {
      this.#high += BigInt(this.#low);
      this.#low = value;
    }
  }

  get total(): bigint {
    return this.#high + BigInt(this.#low);
  }
}
