import { digitsOf, times } from './digits.ts';
import { ExactSum } from './exact-sum.ts';
import { PriceRange } from './price-range.ts';
import { type MeasuredTrade, type TradeFigures, tradeFigures } from './trade-figures.ts';

/**
 * Running figures of a set of trades, such as those of one window. A trade costs constant time, and the sums are exact
 * however many there are.
 *
 * Block trades do not belong here: see `isBlockTrade`.
 */
export class TradeSums {
  #trades = 0;
  #buyTrades = 0;
  readonly #buyVolume = new ExactSum();
  readonly #sellVolume = new ExactSum();
  readonly #buyValue = new ExactSum();
  readonly #sellValue = new ExactSum();
  readonly #range = new PriceRange();

  /** How many were added; an aggregated trade is one. */
  get trades(): number {
    return this.#trades;
  }

  add(trade: MeasuredTrade): void {
    const { price, timestamp } = trade;
    const quantity = digitsOf(trade.quantity);
    const value = times(digitsOf(price), quantity);
    if (trade.isBuyerMaker) {
      this.#sellVolume.add(quantity);
      this.#sellValue.add(value);
    } else {
      this.#buyTrades++;
      this.#buyVolume.add(quantity);
      this.#buyValue.add(value);
    }
    this.#range.add(price, timestamp);
    this.#trades++;
  }

  /** The figures so far; undefined where nothing was traded. */
  figures(): TradeFigures | undefined {
    const quantityPlaces = Math.max(this.#buyVolume.places, this.#sellVolume.places);
    const valuePlaces = Math.max(this.#buyValue.places, this.#sellValue.places, quantityPlaces);
    return tradeFigures(
      {
        trades: this.#trades,
        buyTrades: this.#buyTrades,
        buyVolume: this.#buyVolume.total(quantityPlaces),
        sellVolume: this.#sellVolume.total(quantityPlaces),
        quantityPlaces,
        buyValue: this.#buyValue.total(valuePlaces),
        sellValue: this.#sellValue.total(valuePlaces),
        valuePlaces,
      },
      this.#range.prices,
    );
  }
}
