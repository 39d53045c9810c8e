import type { Decimal } from './decimal.ts';
import type { AggTrade, BookLevel, BookTicker, Kline, MarketFields, PriceTick, TradeEvent } from './record.ts';

/** The figures of the last 24 hours. */
export type DayFigures = Pick<
  PriceTick,
  'volume24h' | 'quoteVolume24h' | 'change24h' | 'open24h' | 'high24h' | 'low24h' | 'vwap24h' | 'tradeCount24h'
>;

/** The 24-hour figures of a symbol. Price ticks are made from it; it is not published as a record. */
export interface Ticker extends MarketFields, DayFigures {
  readonly kind: 'ticker';
  readonly price: Decimal;
  /** When the venue published it, milliseconds since 1970. */
  readonly timestamp: number;
}

/** A whole book, or changes of one. Book records are made from it; it is not published itself. */
export interface BookUpdate extends MarketFields {
  readonly kind: 'book_update';
  /** First and last update id, as digits; equal in a snapshot. */
  readonly firstUpdateId: string;
  readonly lastUpdateId: string;
  /** True: the levels are the whole book, best first. False: set them; quantity 0 removes a level. */
  readonly snapshot: boolean;
  /**
   * Maximum levels of each side in the answer to the request. A side with as many levels may have more at the venue.
   */
  readonly limit?: number;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  /** When the book changed, by the venue's clock, milliseconds since 1970; null if the venue does not say. */
  readonly timestamp: number | null;
  /** The venue's matching sequence, digits, equal on all its connections; null if the venue does not send it. */
  readonly sequence: string | null;
}

/** A decoded piece of market data. Decoders set `epoch` to 0; the feed sets the real one. */
export type MarketEvent = TradeEvent | AggTrade | BookTicker | BookUpdate | Kline | Ticker;

/** A warning about decoded data; warnings are counted. The data is passed on, except with `no_price_yet`. */
export type DataWarning = 'inverted_spread' | 'equal_spread' | 'no_price_yet';
