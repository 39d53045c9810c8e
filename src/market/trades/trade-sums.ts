import { PriceRange } from '../book/price-range.ts';
import { digitsOf, times } from '../digits.ts';
import { ExactSums } from '../exact-sum.ts';
import { type MeasuredTrade, type TradeFigures, tradeFigures } from './trade-figures.ts';

const BUY_VOLUME = 0;
const SELL_VOLUME = 1;
const BUY_VALUE = 2;
const SELL_VALUE = 3;

/** Keeps exact figures of a set of trades, such as a window's. Do not add block trades. */
export class TradeSums {
  #trades = 0;
  #buyTrades = 0;
  readonly #sums = new ExactSums(4);
  readonly #range = new PriceRange();

  /** Number of added trades; an aggregated trade counts as one. */
  get trades(): number {
    return this.#trades;
  }

  add(trade: MeasuredTrade): void {
    const { price, timestamp } = trade;
    const quantity = digitsOf(trade.quantity);
    const value = times(digitsOf(price), quantity);
    if (!trade.isBuyerMaker) this.#buyTrades++;
    this.#sums.add(quantity, trade.isBuyerMaker ? SELL_VOLUME : BUY_VOLUME);
    this.#sums.add(value, trade.isBuyerMaker ? SELL_VALUE : BUY_VALUE);
    this.#range.add(price, timestamp);
    this.#trades++;
  }

  /** Returns the figures so far; undefined if nothing was traded. */
  figures(): TradeFigures | undefined {
    const sums = this.#sums;
    const quantityPlaces = Math.max(sums.places(BUY_VOLUME), sums.places(SELL_VOLUME));
    const valuePlaces = Math.max(sums.places(BUY_VALUE), sums.places(SELL_VALUE), quantityPlaces);
    return tradeFigures(
      {
        trades: this.#trades,
        buyTrades: this.#buyTrades,
        buyVolume: sums.total(quantityPlaces, BUY_VOLUME),
        sellVolume: sums.total(quantityPlaces, SELL_VOLUME),
        quantityPlaces,
        buyValue: sums.total(valuePlaces, BUY_VALUE),
        sellValue: sums.total(valuePlaces, SELL_VALUE),
        valuePlaces,
      },
      this.#range.prices,
    );
  }
}
