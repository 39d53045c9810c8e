/**
 * Frames of Binance's spot market streams, after binance-spot-api-docs `web-socket-streams.md`;
 * Binance US and the testnet speak the same. Fields that nothing reads are left out.
 * Prices and quantities are decimal text, times milliseconds, ids integers.
 */

/** Envelope of the combined endpoint (`/stream`); on `/ws` the payload comes bare. */
export interface BinanceCombinedFrame {
  readonly stream: string;
  readonly data: unknown;
}

export interface BinanceTradeFrame {
  readonly e: 'trade';
  /** Event time: when it was published. */
  readonly E: number;
  readonly s: string;
  readonly t: number;
  readonly p: string;
  readonly q: string;
  /** Trade time. */
  readonly T: number;
  /** True where the buyer was the maker: the taker sold. */
  readonly m: boolean;
}

export interface BinanceAggTradeFrame {
  readonly e: 'aggTrade';
  readonly E: number;
  readonly s: string;
  readonly p: string;
  readonly q: string;
  /** First and last trade id. */
  readonly f: number;
  readonly l: number;
  readonly T: number;
  readonly m: boolean;
}

/** Stream `@ticker`, and without `P` stream `@miniTicker`. */
export interface BinanceTickerFrame {
  readonly e: '24hrTicker' | '24hrMiniTicker';
  readonly E: number;
  readonly s: string;
  /** Last price. */
  readonly c: string;
  /** Volume of 24 hours, base asset. */
  readonly v: string;
  /** Volume of 24 hours, quote asset. */
  readonly q: string;
  /** Price change of 24 hours in percent. */
  readonly P: string;
}

/** Has neither event type nor time. A side without orders has price and quantity zero. */
export interface BinanceBookTickerFrame {
  readonly u: number;
  readonly s: string;
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

export interface BinanceKlineFrame {
  readonly e: 'kline';
  readonly E: number;
  readonly s: string;
  readonly k: BinanceKline;
}

export interface BinanceKline {
  readonly t: number;
  /** Close time, inclusive. */
  readonly T: number;
  readonly s: string;
  readonly i: string;
  readonly o: string;
  readonly h: string;
  readonly l: string;
  readonly c: string;
  readonly v: string;
  /** Quote volume. */
  readonly q: string;
  /** Number of trades. */
  readonly n: number;
  /** Closed. */
  readonly x: boolean;
}

/** Stream `@depth`. */
export interface BinanceDepthUpdateFrame {
  readonly e: 'depthUpdate';
  readonly E: number;
  readonly s: string;
  /** First and last update id. */
  readonly U: number;
  readonly u: number;
  readonly b: readonly BinanceLevel[];
  readonly a: readonly BinanceLevel[];
}

/** Streams `@depth5`, `@depth10`, `@depth20`, and the body of `depth` by REST. */
export interface BinanceBook {
  readonly lastUpdateId: number;
  readonly bids: readonly BinanceLevel[];
  readonly asks: readonly BinanceLevel[];
}

/** Price and quantity. */
export type BinanceLevel = readonly [string, string];

/** Answer to a control message; bare on `/stream` too. */
export interface BinanceAnswerFrame {
  readonly result: unknown;
  readonly id: number | string | null;
}

/** Refusal of a control message, flat or (seen in the field) nested in `error`. */
export interface BinanceErrorFrame {
  readonly code: number;
  readonly msg: string;
  readonly id: number | string | null;
  readonly error: { readonly code: number; readonly msg: string };
}

export interface BinanceExchangeInfo {
  readonly symbols: readonly BinanceSymbol[];
}

export interface BinanceSymbol {
  readonly symbol: string;
  readonly status: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
}

export interface BinanceDayTicker {
  readonly symbol: string;
  readonly quoteVolume: string;
}

export interface BinanceTime {
  readonly serverTime: number;
}

/** A row of `trades` and `historicalTrades`. */
export interface BinanceTradeRow {
  readonly id: number;
  readonly price: string;
  readonly qty: string;
  readonly time: number;
  readonly isBuyerMaker: boolean;
}

/** A row of `aggTrades`. */
export interface BinanceAggTradeRow {
  readonly p: string;
  readonly q: string;
  /** First and last trade id. */
  readonly f: number;
  readonly l: number;
  readonly T: number;
  readonly m: boolean;
}
