import type { Kline, TradeEvent } from '../../domain/record.ts';
import { PriceRange } from '../book/price-range.ts';
import { digitsOf, times } from '../digits.ts';
import { ExactSums } from '../exact-sum.ts';

const VOLUME = 0;
const QUOTE_VOLUME = 1;

/** What a candle has to know of a trade. */
export type CandleTrade = Pick<
  TradeEvent,
  'price' | 'quantity' | 'timestamp' | 'tradeId' | 'lastTradeId' | 'conditions' | 'source'
>;

/** The fields of a kline that follow from trades alone. */
export type Candle = Pick<
  Kline,
  'interval' | 'openTime' | 'closeTime' | 'open' | 'high' | 'low' | 'close' | 'volume' | 'quoteVolume' | 'closed'
> & { readonly tradeCount: number };

/** Running sums of one candle, exact. */
export class CandleSums {
  /** Inclusive, milliseconds. */
  readonly openTime: number;
  /** Exclusive. */
  readonly endTime: number;
  #tradeCount = 0;
  readonly #sums = new ExactSums(2);
  readonly #range = new PriceRange();

  constructor(openTime: number, endTime: number) {
    this.openTime = openTime;
    this.endTime = endTime;
  }

  /** `count`: how many trades it stands for. */
  add({ price, quantity, timestamp }: CandleTrade, count: number): void {
    const base = digitsOf(quantity);
    this.#sums.add(base, VOLUME);
    this.#sums.add(times(digitsOf(price), base), QUOTE_VOLUME);
    this.#range.add(price, timestamp);
    this.#tradeCount += count;
  }

  /** A whole candle that lies inside, behind those before. */
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

/** How many trades of the venue a trade stands for. Where ids step by one an aggregated trade says so, else it is one. */
export function tradesIn({ tradeId, lastTradeId }: CandleTrade, contiguousIds: boolean): number {
  if (!contiguousIds || lastTradeId === null) return 1;
  return Number(BigInt(lastTradeId) - BigInt(tradeId)) + 1;
}
