import type { Decimal } from './decimal.ts';
import type { AggTrade, BookLevel, BookTicker, Kline, MarketFields, TradeEvent } from './record.ts';

/** The 24-hour figures of a symbol. Price ticks are made from it; it is no record of its own. */
export interface Ticker extends MarketFields {
  readonly kind: 'ticker';
  readonly price: Decimal;
  /** When the venue published it, milliseconds. */
  readonly timestamp: number;
  readonly volume24h: Decimal | null;
  readonly quoteVolume24h: Decimal | null;
  /** Price change over 24 hours, percent. */
  readonly change24h: Decimal | null;
}

/** A whole book or the changes of one. Books are made from it; it is no record of its own. */
export interface BookUpdate extends MarketFields {
  readonly kind: 'book_update';
  /** First and last update id, as digits; equal in a snapshot. */
  readonly firstUpdateId: string;
  readonly lastUpdateId: string;
  /** True: the levels are the whole book, best first. False: set them; quantity 0 removes a level. */
  readonly snapshot: boolean;
  /** Levels a side that a fetched book has at most. A side with as many may have more. */
  readonly limit?: number;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  /** When the book changed, by the venue's clock, milliseconds; null if the venue does not say. */
  readonly timestamp: number | null;
}

/** A decoded piece of market data. Decoders leave `epoch` 0; the feed numbers it. */
export type MarketEvent = TradeEvent | AggTrade | BookTicker | BookUpdate | Kline | Ticker;

/** A warning about data that is passed on, or of `no_price_yet` left out; counted. */
export type DataWarning = 'inverted_spread' | 'equal_spread' | 'no_price_yet';
