import type { Decimal } from '../domain/decimal.ts';
import type { Fault } from '../domain/fault.ts';
import type { BookDepth, Channel, Instrument, InstrumentStatus, KlineInterval, VenueId } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { AggTrade, Environment, InstrumentRecord, Kline, TradeEvent } from '../domain/record.ts';
import type { ConnectionClosing, MarketFrame, RawFrame } from '../domain/venue-event.ts';

// The contract that every venue implements (`Venue`), with its requests, answers and past data.

export type ControlPurpose = 'subscribe' | 'unsubscribe';

/** A request over the WebSocket; its answer has the same id. */
export interface ControlRequest {
  readonly id: string;
  readonly frame: string;
  readonly topics: readonly string[];
}

/** What a decoder needs. `instruments` may grow while the connection lives. */
export interface DecoderContext {
  readonly environment: Environment;
  /** The requested instruments by the venue's symbol in upper case. */
  readonly instruments: ReadonlyMap<string, Instrument>;
}

/** The meaning of a frame. A decoder never throws. */
export type Decoded =
  | MarketFrame
  | { readonly kind: 'ack'; readonly id: string | undefined }
  | { readonly kind: 'pong' }
  /**
   * A control request was refused as a whole. If the answer does not name them, `id` is undefined and `topics` is
   * empty.
   */
  | {
      readonly kind: 'refused';
      readonly id: string | undefined;
      readonly topics: readonly string[];
      readonly fault: Fault;
      /**
       * The named topics are subscribed already, which counts as an `ack`. If none is named, all topics of the request
       * are.
       */
      readonly alreadySubscribed?: true;
    }
  | ConnectionClosing
  /** The frame is well-formed, but was not requested. Such frames are counted by reason. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | {
      readonly kind: 'malformed';
      readonly fault: Fault;
      /** The canonical symbol, if the frame names it. */
      readonly symbol?: string;
    };

export type Decoder = (frame: RawFrame) => Decoded;

/** A GET request of a venue's REST interface; `weight` in the venue's units. */
export interface RestRequest<T> {
  readonly path: string;
  readonly weight: number;
  /** Sent instead if the host does not serve this path (404). */
  readonly otherwise?: RestRequest<T>;
  /** Reads the body of a 200; `onBadRow` is called for each row that is left out. @throws Fault of kind `malformed` */
  parse(body: unknown, onBadRow?: OnBadRow): T;
}

/** Called with an unreadable row of an answer, and a Fault that names its place in the answer. */
export type OnBadRow = (fault: Fault, row: unknown) => void;

/** The rows of an answer, in the answer's order; undefined stands for an unreadable row. */
export type PageRows<T> = readonly (T | undefined)[];

/** The market and the environment of past records. */
export interface PastOrigin {
  readonly instrument: Instrument;
  readonly environment: Environment;
  /** Returns the time of receipt, microseconds since 1970. Called when the answer is read. */
  readonly receivedAt: () => number;
}

/** Asks for the missing trades between two known trades. */
export interface BackfillRequest extends PastOrigin {
  /** The known trade before the gap: its last id, and the venue's time in milliseconds. */
  readonly before: { readonly id: string; readonly timestamp: number };
  /** The first trade after the gap. */
  readonly after: Pick<TradeEvent, 'tradeId'>;
  /** Counts from 0; later attempts may use another request. */
  readonly attempt: number;
}

/** A request for a whole book with at least `levels` levels a side. */
export interface BookRequest extends PastOrigin {
  readonly levels: number;
}

export type PastRecord = TradeEvent | AggTrade | Kline;

/** A past record with its place in the series. */
export interface PlacedRecord {
  readonly place: number;
  readonly record: PastRecord;
}

/** The records of one answer, oldest record first. */
export interface PastPage {
  readonly rows: readonly PlacedRecord[];
  /**
   * The place from which to request the next page, so that unreadable rows are not requested again. At most `from` if
   * the venue has no record there yet.
   */
  readonly next: number;
}

/** A series of past records. Each record has a place that rises along the series: an id, or a candle's open time. */
export interface PastSeries {
  /** True if places step by one, so that a jump proves that records are missing. */
  readonly contiguous: boolean;
  /** Requests the place of the last record. */
  readonly latest: RestRequest<number | undefined>;
  /**
   * Requests the first place at or after a time, milliseconds since 1970; the result is undefined if no record is there
   * yet.
   */
  firstFrom(timeMs: number): RestRequest<number | undefined>;
  /** Returns the place that is `records` records after another place; before it if `records` is negative. */
  step(place: number, records: number): number;
  /**
   * Requests the records from one place to another, both inclusive, as many as one answer has. Candles that end before
   * `nowMs` are closed.
   */
  page(from: number, to: number, nowMs: number): RestRequest<PastPage>;
  /**
   * Returns the place of a fetched record, or a request for it; its result is undefined if the venue no longer has the
   * record.
   */
  placeOf(record: PastRecord): number | RestRequest<number | undefined>;
}

/** The past data that a venue returns without an API key. */
export interface VenueHistory {
  /** Undefined if the venue returns only its last trades (`Venue.recent`), or none. */
  readonly trades?: ((origin: PastOrigin) => PastSeries) | undefined;
  readonly aggTrades?: (origin: PastOrigin) => PastSeries;
  readonly klines: (origin: PastOrigin, interval: KlineInterval) => PastSeries;
  readonly intervals: readonly KlineInterval[];
  /** Number of trades that `Venue.recent` returns. */
  readonly recentTrades: number;
  /** For people: why trades are missing or limited. */
  readonly whyNoTrades: string;
}

/** A row of a venue's instrument list. Steps and minimums are null if the venue does not state them, or states 0. */
export interface ListedInstrument
  extends Pick<
    InstrumentRecord,
    'venueSymbol' | 'quote' | 'tickSize' | 'lotStep' | 'minQuantity' | 'minValue' | 'multiplier'
  > {
  readonly base: string;
  readonly status: InstrumentStatus;
}

export interface DayVolume {
  readonly venueSymbol: string;
  readonly quoteVolume: Decimal;
}

/** The readable rows of an answer. */
export interface Rows<T> {
  readonly rows: readonly T[];
  /** Number of unreadable rows. */
  readonly malformed: number;
}

/** A venue's instruments, and the limit that it states with them. */
export interface InstrumentList extends Rows<ListedInstrument> {
  /** REST weight allowed in a minute; undefined: the venue does not state it. */
  readonly restWeightPerMinute?: number | undefined;
}

export interface VenueLimits {
  readonly topicsPerConnection: number;
  /** Messages per second on one connection, pings and pongs included. */
  readonly messagesPerSecond: number;
  /** Attempts to connect from one address that the venue allows. */
  readonly connectionsPerFiveMinutes: number;
  /** Age at which the venue closes a connection, milliseconds. */
  readonly connectionLifetimeMs?: number;
}

/** A venue's announcements, on a connection of their own with the same protocol. */
export interface VenueNotices {
  /** Returns the address of the announcements for a configured address; undefined if the venue has none for it. */
  url(base: string): string | undefined;
  readonly topics: readonly string[];
  /**
   * Makes a decoder that returns `closing` if connections should be replaced. `details.notice` is the same for repeats
   * of an announcement.
   */
  newDecoder(): Decoder;
}

/** What the feed knows about a venue: values and pure functions, without clock or I/O. */
export interface Venue {
  readonly id: VenueId;
  readonly limits: VenueLimits;
  /** True if a symbol's trade ids step by one, so that a jump proves a gap. */
  readonly contiguousTradeIds: boolean;
  /** Returns the topics of a channel; empty if the venue has no such channel. */
  topics(instrument: Instrument, channel: Channel, books?: BookDepth): readonly string[];
  /** Returns the address for a connection with these topics. Default: the configured address. */
  readonly url?: (configured: string, topics: readonly string[]) => string;
  /** Makes the requests for topics, within the venue's limits. `nextId` counts from 1 in each connection. */
  control(purpose: ControlPurpose, topics: readonly string[], nextId: () => number): readonly ControlRequest[];
  /** The heartbeat that the venue expects as a text frame; undefined if the venue pings us. */
  readonly heartbeat?: { readonly everyMs: number; frame(id: number): string };
  newDecoder(context: DecoderContext): Decoder;
  readonly notices?: VenueNotices;
  readonly instruments: RestRequest<InstrumentList>;
  readonly dayVolumes: RestRequest<Rows<DayVolume>>;
  /** REST weight allowed in a minute, until the instrument list states another. */
  readonly restWeightPerMinute: number;
  /** REST weight allowed at once, if the venue's limit is for less than a minute. */
  readonly restBurst?: number;
  /**
   * Requests trades from a gap's beginning on; trades after the gap may follow. Undefined if trade ids do not show
   * gaps.
   */
  readonly backfill?: (wanted: BackfillRequest) => RestRequest<readonly TradeEvent[]>;
  /** As `backfill`, for aggregated trades. */
  readonly backfillAggTrades?: (wanted: BackfillRequest) => RestRequest<readonly AggTrade[]>;
  /** Requests the last trades, newest first; undefined if gaps are fetched by id. */
  readonly recent?: (origin: PastOrigin) => RestRequest<PageRows<TradeEvent>>;
  /** Requests the whole book; undefined if the venue sends it after each subscription. */
  readonly book?: (wanted: BookRequest) => RestRequest<BookUpdate>;
  readonly history?: VenueHistory;
  /** The server's time, milliseconds since 1970, maybe with fractions. */
  readonly time: RestRequest<number>;
  /** Converts a refused handshake or REST request to a Fault. Header names are in lower case. */
  refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault;
}
