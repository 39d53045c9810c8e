/**
 * Frames of Bybit's v5 public spot WebSocket and bodies of its REST interface, after the v5 documents
 * (websocket/public, market). Fields that nothing reads are left out.
 * Prices and quantities are decimal text, times milliseconds, trade ids 19 digits as text.
 */

/** Envelope of every data frame; key order differs between topics. */
export interface BybitDataFrame {
  readonly topic: string;
  /** When it was published. */
  readonly ts: number;
  readonly type: 'snapshot' | 'delta';
  readonly data: unknown;
  /** Order books only: time of the matching engine. */
  readonly cts: number;
}

/** An element of `data` of `publicTrade.SYMBOL`, in the order of matching. */
export interface BybitTrade {
  readonly i: string;
  /** When it was matched. */
  readonly T: number;
  readonly p: string;
  readonly v: string;
  /** Side of the taker. */
  readonly S: 'Buy' | 'Sell';
  readonly s: string;
  /** Block trade. */
  readonly BT: boolean;
  /** Retail price improvement; absent in recordings from before 2025. */
  readonly RPI: boolean;
}

/** `data` of `tickers.SYMBOL`: always whole on spot. Figures can be empty text. */
export interface BybitTicker {
  readonly symbol: string;
  readonly lastPrice: string;
  readonly volume24h: string;
  readonly turnover24h: string;
  /** Change of 24 hours as a fraction: 0.0068 is 0.68 percent. */
  readonly price24hPcnt: string;
}

/**
 * `data` of `orderbook.LEVELS.SYMBOL`: rows of price and quantity. One level comes whole each time, and again after 3 s
 * without change; more come whole first, then as changes.
 */
export interface BybitBook {
  readonly s: string;
  readonly b: readonly (readonly [string, string])[];
  readonly a: readonly (readonly [string, string])[];
  readonly u: number;
}

/** An element of `data` of `kline.INTERVAL.SYMBOL`. */
export interface BybitKline {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
  readonly interval: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly turnover: string;
  readonly confirm: boolean;
}

/** An element of `data` of `system.status`. */
export interface BybitSystemStatus {
  readonly id: string;
  readonly title: string;
  /** `scheduled`, `ongoing`, `completed`, `canceled`. */
  readonly state: string;
  /** Milliseconds since 1970, as text. */
  readonly begin: string;
  readonly end: string;
  /** 1 futures, 2 spot, 3 options, 4 spreads. */
  readonly product: readonly number[];
  /** 1 production, 2 demo trading; documented as text, sent as a number. */
  readonly env: number | string;
}

/** Answer to a request, pongs included (whose `op` is `ping` on spot). */
export interface BybitAnswerFrame {
  readonly success: boolean;
  readonly ret_msg: string;
  readonly op: string;
  /** Absent or empty where the request had none, and in some refusals. */
  readonly req_id: string;
}

/** Envelope of every REST body. */
export interface BybitBody {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: unknown;
}

export interface BybitInstruments {
  readonly list: readonly BybitInstrument[];
}

export interface BybitInstrument {
  readonly symbol: string;
  readonly baseCoin: string;
  readonly quoteCoin: string;
  readonly status: string;
}

export interface BybitTickers {
  readonly list: readonly BybitDayTicker[];
}

export interface BybitDayTicker {
  readonly symbol: string;
  readonly turnover24h: string;
}

export interface BybitTime {
  readonly timeNano: string;
}

export interface BybitRecentTrades {
  /** Newest first. */
  readonly list: readonly BybitRecentTrade[];
}

export interface BybitRecentTrade {
  readonly execId: string;
  readonly symbol: string;
  readonly price: string;
  readonly size: string;
  /** Side of the taker. */
  readonly side: 'Buy' | 'Sell';
  /** Milliseconds as text. */
  readonly time: string;
  readonly isBlockTrade: boolean;
  /** Absent in bodies from before 2025. */
  readonly isRPITrade: boolean;
}
