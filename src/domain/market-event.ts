import type { Decimal } from './decimal.ts';
import type { AggTrade, BookLevel, BookTicker, Kline, MarketFields, TradeEvent } from './record.ts';

/** The 24-hour figures of a symbol; no record of its own, price ticks are made of it. */
export interface Ticker extends MarketFields {
  readonly kind: 'ticker';
  /** Last price, quote asset. */
  readonly price: Decimal;
  /** Milliseconds, the venue's clock: when it published the ticker. */
  readonly timestamp: number;
  readonly volume24h: Decimal | null;
  readonly quoteVolume24h: Decimal | null;
  /** Percent. */
  readonly change24h: Decimal | null;
}

/** What a venue says of a symbol's book: all of it, or what changed. No record of its own, books are made of it. */
export interface BookUpdate extends MarketFields {
  readonly kind: 'book_update';
  /** First and last of the venue's update ids that it covers, digits; of a snapshot both are the same. */
  readonly firstUpdateId: string;
  readonly lastUpdateId: string;
  /** The levels are the whole book, best first, as far as the venue tells it; otherwise they are to be set, quantity 0 removes. */
  readonly snapshot: boolean;
  /** Of a whole book that was asked for: levels a side at most. A side that has as many may have more. */
  readonly limit?: number;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
  /** Milliseconds, the venue's clock: when the book changed, where it says so. */
  readonly timestamp: number | null;
}

/** What a venue's market frame is decoded to. Decoders leave `epoch` 0; the router numbers it. */
export type MarketEvent = TradeEvent | AggTrade | BookTicker | BookUpdate | Kline | Ticker;

/** Something odd in data that is passed on all the same; counted. */
export type DataWarning = 'inverted_spread' | 'equal_spread';
