import type { Kline, TradeEvent } from '../../domain/record.ts';
import { PriceRange } from '../book/price-range.ts';
import { digitsOf, times } from '../digits.ts';
import { ExactSums } from '../exact-sum.ts';

const VOLUME = 0;
const QUOTE_VOLUME = 1;

/** The part of a trade that candles need. */
export type CandleTrade = Pick<
  TradeEvent,
  'price' | 'quantity' | 'timestamp' | 'tradeId' | 'lastTradeId' | 'conditions' | 'source'
>;

/** The fields of a kline that trades determine. */
export type Candle = Pick<
  Kline,
  'interval' | 'openTime' | 'closeTime' | 'open' | 'high' | 'low' | 'close' | 'volume' | 'quoteVolume' | 'closed'
> & { readonly tradeCount: number };

/** Exact running sums of one candle. */
export class CandleSums {
  /** First millisecond of the candle, since 1970. */
  readonly openTime: number;
  /** First millisecond after the candle. */
  readonly endTime: number;
  #tradeCount = 0;
  readonly #sums = new ExactSums(2);
  readonly #range = new PriceRange();

  constructor(openTime: number, endTime: number) {
    this.openTime = openTime;
    this.endTime = endTime;
  }

  /** @param count the number of the venue's trades for which this trade stands */
  add({ price, quantity, timestamp }: CandleTrade, count: number): void {
    const base = digitsOf(quantity);
    this.#sums.add(base, VOLUME);
    this.#sums.add(times(digitsOf(price), base), QUOTE_VOLUME);
    this.#range.add(price, timestamp);
    this.#tradeCount += count;
  }

  /** Adds a shorter candle, such as 1m into 1h. It must be later than everything added before. */
  addCandle({ openTime, closeTime, open, high, low, close, volume, quoteVolume, tradeCount }: Candle): void {
    this.#sums.add(digitsOf(volume), VOLUME);
    this.#sums.add(digitsOf(quoteVolume), QUOTE_VOLUME);
    for (const price of [open, high, low]) this.#range.add(price, openTime);
    this.#range.add(close, closeTime);
    this.#tradeCount += tradeCount;
  }

  toCandle(interval: string, closed: boolean): Candle {
    return {
      interval,
      openTime: this.openTime,
      closeTime: this.endTime - 1,
      ...this.#range.prices,
      volume: this.#sums.toDecimal(VOLUME),
      quoteVolume: this.#sums.toDecimal(QUOTE_VOLUME),
      tradeCount: this.#tradeCount,
      closed,
    };
  }
}

/**
 * Returns for how many of the venue's trades a trade stands. For an aggregate, only contiguous ids show the number;
 * otherwise it counts as 1.
 */
export function tradesIn(
  { tradeId, lastTradeId }: Pick<CandleTrade, 'tradeId' | 'lastTradeId'>,
  contiguousIds: boolean,
): number {
  if (!contiguousIds || lastTradeId === null) return 1;
  return Number(BigInt(lastTradeId) - BigInt(tradeId)) + 1;
}
