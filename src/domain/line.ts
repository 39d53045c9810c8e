import type { Decimal } from './decimal.ts';
import type { Fault } from './fault.ts';
import type { AggTrade, BookLevel, BookTicker, Kline, TradeEvent } from './record.ts';

/** One message as it came from a socket, before anybody looked into it. */
export interface RawFrame {
  readonly data: Uint8Array;
  /** True for a binary frame; venues send text. */
  readonly binary: boolean;
  /** Microseconds since 1970, wall clock, taken in the socket's message event. */
  readonly receivedAt: number;
}

/** The 24-hour figures of a symbol; no record of its own, price ticks are made of it. */
export interface Ticker {
  readonly kind: 'ticker';
  readonly venue: string;
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly coin: string;
  readonly environment: TradeEvent['environment'];
  readonly epoch: number;
  readonly receivedAt: number;
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
export interface BookUpdate {
  readonly kind: 'book_update';
  readonly venue: string;
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly coin: string;
  readonly environment: TradeEvent['environment'];
  readonly epoch: number;
  readonly receivedAt: number;
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

/** The market data of one frame, all of one symbol; `value` is empty when the frame only repeats what the connection sent before. */
export interface MarketFrame {
  readonly kind: 'value';
  /** The canonical symbol. */
  readonly key: string;
  /** When the frame was received, microseconds since 1970. */
  readonly at: number;
  readonly value: readonly MarketEvent[];
  readonly warning?: DataWarning;
}

export type RotationReason = 'server_shutdown' | 'maintenance' | 'lifetime';

export interface RotationNotice {
  readonly kind: 'rotate';
  readonly reason: RotationReason;
  /** What the venue says of it. */
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * What one connection (a line) tells, in order. That it ended is told by the Observable's error, always a Fault:
 * a line never completes of itself.
 */
export type LineEvent =
  /** The socket is open; nothing is subscribed yet. */
  | { readonly kind: 'opened'; readonly url: string }
  | MarketFrame
  /** The socket answers: acknowledgement or pong. Not data. */
  | { readonly kind: 'answered'; readonly what: 'ack' | 'pong' }
  | { readonly kind: 'subscribed'; readonly topics: readonly string[] }
  | { readonly kind: 'refused'; readonly topics: readonly string[]; readonly fault: Fault }
  /** A frame that could not be used: goes to dead letters, disturbs nothing. */
  | {
      readonly kind: 'malformed';
      readonly frame: RawFrame;
      readonly fault: Fault;
      /** What it was about, where it tells that much. */
      readonly symbol?: string;
    }
  /** A well-formed frame that nobody asked for; counted by reason. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** The venue will close this connection, or is expected to: open another first. */
  | RotationNotice;

/** Something odd in data that is passed on all the same; counted. */
export type DataWarning = 'inverted_spread' | 'equal_spread';
