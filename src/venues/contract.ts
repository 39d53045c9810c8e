import type { Decimal } from '../domain/decimal.ts';
import type { Fault } from '../domain/fault.ts';
import type { BookWish, Channel, Instrument, KlineInterval, VenueId } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { AggTrade, Environment, Kline, TradeEvent } from '../domain/record.ts';
import type { ConnectionClosing, MarketFrame, RawFrame } from '../domain/venue-event.ts';

export type ControlPurpose = 'subscribe' | 'unsubscribe';

/** A request over the socket: the frame to send, the id that its answer carries, the topics it is about. */
export interface ControlRequest {
  readonly id: string;
  readonly frame: string;
  readonly topics: readonly string[];
}

/** What a decoder has to know beside the frame. Fixed for one connection, but `instruments` may grow while it lives. */
export interface DecoderContext {
  readonly environment: Environment;
  /** By the venue's symbol, upper case. A symbol that is not in it was not asked for. */
  readonly instruments: ReadonlyMap<string, Instrument>;
}

/** What a frame means. A decoder never throws. */
export type Decoded =
  | MarketFrame
  | { readonly kind: 'ack'; readonly id: string | undefined }
  | { readonly kind: 'pong' }
  /** A control request was refused. `id` and `topics` as far as the answer names them; the whole request is refused. */
  | {
      readonly kind: 'refused';
      readonly id: string | undefined;
      readonly topics: readonly string[];
      readonly fault: Fault;
      /** Refused because the topics named (all of the request, where it names none) are subscribed: as good as an `ack`. */
      readonly alreadySubscribed?: true;
    }
  | ConnectionClosing
  /** Well-formed, but nothing that was asked for; counted by reason. */
  | { readonly kind: 'ignored'; readonly reason: string }
  | {
      readonly kind: 'malformed';
      readonly fault: Fault;
      /** The canonical symbol that it was about, if the frame says so. */
      readonly symbol?: string;
    };

export type Decoder = (frame: RawFrame) => Decoded;

/** A GET request of a venue's REST interface, without host; `weight` in the venue's own units. */
export interface RestRequest<T> {
  readonly path: string;
  readonly weight: number;
  /** The meaning of a 200 body; throws a Fault (malformed, naming the field) where it is not as documented. */
  parse(body: unknown): T;
}

/** What is asked for, and what is said of where it comes from. */
export interface PastOrigin {
  readonly instrument: Instrument;
  readonly environment: Environment;
  /** Microseconds since 1970, asked when the answer is read. */
  readonly receivedAt: () => number;
}

/** Trades that are missing between two others, both exclusive. */
export interface BackfillRequest extends PastOrigin {
  /** Of the last trade before them: its last id, and its time by the venue's clock, milliseconds. */
  readonly before: { readonly id: string; readonly timestamp: number };
  readonly after: TradeEvent | AggTrade;
  /** From 0: which try it is; later ones may ask elsewhere. */
  readonly attempt: number;
}

/** A book is to be begun: at least so many of its best levels a side, more where they cost nothing. */
export interface BookRequest extends PastOrigin {
  readonly levels: number;
}

export type PastRecord = TradeEvent | AggTrade | Kline;

/** A record of the past and its place in its series. */
export interface PlacedRecord {
  readonly place: number;
  readonly record: PastRecord;
}

/** One answer out of a series, oldest first. */
export interface PastPage {
  readonly rows: readonly PlacedRecord[];
  /** The place that the next answer is to begin at; not behind `from` where nothing is there yet. */
  readonly next: number;
}

/** Records of a venue's past. Each has a place that rises along the series: its id, or a candle's open time. */
export interface PastSeries {
  /** Places step by exactly one, so that a jump proves that something is missing. */
  readonly contiguous: boolean;
  /** The place of the last record; undefined where there is none. */
  readonly latest: RestRequest<number | undefined>;
  /** The first place at or after a time, milliseconds since 1970; undefined where there is none yet. */
  firstFrom(timeMs: number): RestRequest<number | undefined>;
  /** The place so many records behind another; before it, where `records` is below zero. */
  step(place: number, records: number): number;
  /** As many records of a span, both ends inclusive, as one answer carries. Candles that end before `nowMs` are closed. */
  page(from: number, to: number, nowMs: number): RestRequest<PastPage>;
  /** The place of a record that was fetched before; undefined where the venue does not have it any more. */
  placeOf(record: PastRecord): number | RestRequest<number | undefined>;
}

/** What of its past a venue returns without a key. */
export interface VenueHistory {
  /** Undefined where there are but the last ones (`Venue.recent`), or none. */
  readonly trades?: ((of: PastOrigin) => PastSeries) | undefined;
  readonly aggTrades?: (of: PastOrigin) => PastSeries;
  readonly klines: (of: PastOrigin, interval: KlineInterval) => PastSeries;
  readonly intervals: readonly KlineInterval[];
  /** How many trades `Venue.recent` returns. */
  readonly recentTrades: number;
  /** For people: why there are no trades, or but the last ones. */
  readonly whyNoTrades: string;
}

/** A row of the venue's instrument list. */
export interface ListedInstrument {
  readonly venueSymbol: string;
  readonly base: string;
  readonly quote: string;
  /** Open for trading now. */
  readonly trading: boolean;
}

/** What a symbol traded in 24 hours. */
export interface DayVolume {
  readonly venueSymbol: string;
  /** In the quote asset. */
  readonly quoteVolume: Decimal;
}

/** What can be read of an answer about many symbols. */
export interface Rows<T> {
  readonly rows: readonly T[];
  /** Rows that cannot be read, and are left out. */
  readonly malformed: number;
}

export interface VenueLimits {
  readonly topicsPerConnection: number;
  /** Messages that we may send per second on one connection, pings and pongs included. */
  readonly messagesPerSecond: number;
  /** Attempts to connect that it takes from one address in five minutes. */
  readonly connectionsPerFiveMinutes: number;
  /** Age at which the venue closes a connection, milliseconds; undefined: no such rule. */
  readonly connectionLifetimeMs?: number;
}

/** Announcements that a venue makes on a connection of their own, which speaks as its others do. */
export interface VenueNotices {
  /** The address that belongs to a configured base; undefined where that is not known. */
  url(base: string): string | undefined;
  readonly topics: readonly string[];
  /** `rotate` where the venue's connections had better be replaced; its `details.notice` names the state of affairs, the same however often it is sent. */
  newDecoder(): Decoder;
}

/** All that the feed knows of one venue: a value made of pure functions (no clock, no I/O). */
export interface Venue {
  readonly id: VenueId;
  readonly limits: VenueLimits;
  /** True where trade ids of a symbol step by exactly one, so that a jump proves a loss. */
  readonly contiguousTradeIds: boolean;
  /** The topics of a channel of an instrument; empty if the venue has no such channel. `books`: how much of a book. */
  topics(instrument: Instrument, channel: Channel, books?: BookWish): readonly string[];
  /** Requests about the topics, each within the venue's limits. `nextId` numbers requests within a connection, from 1. */
  control(purpose: ControlPurpose, topics: readonly string[], nextId: () => number): readonly ControlRequest[];
  /** A heartbeat of ours that the venue wants, sent as a text frame; undefined where it pings us instead. */
  readonly heartbeat?: { readonly everyMs: number; frame(id: number): string };
  newDecoder(context: DecoderContext): Decoder;
  /** Undefined where it makes none. */
  readonly notices?: VenueNotices;
  readonly instruments: RestRequest<Rows<ListedInstrument>>;
  /** Of all its symbols, in one answer. */
  readonly dayVolumes: RestRequest<Rows<DayVolume>>;
  /** Weight that REST requests may cost in a minute, all together. */
  readonly restWeightPerMinute: number;
  /** Weight that they may cost at once, where the venue counts by less than a minute. */
  readonly restBurst?: number;
  /** Fetches missing trades from the beginning of a gap; the answer may have others too. Undefined if ids do not show gaps. */
  readonly backfill?: (wanted: BackfillRequest) => RestRequest<readonly TradeEvent[]>;
  /** The same of aggregated trades; undefined where the venue has none. */
  readonly backfillAggTrades?: (wanted: BackfillRequest) => RestRequest<readonly AggTrade[]>;
  /** The last trades of an instrument, as many as one answer carries; undefined if a gap is fetched by its ids. */
  readonly recent?: (of: PastOrigin) => RestRequest<readonly TradeEvent[]>;
  /** The whole book for the changes of channel `depth`. Undefined if the venue sends it after each subscription. */
  readonly book?: (wanted: BookRequest) => RestRequest<BookUpdate>;
  /** The past, for those who ask for it at any time; undefined where none can be asked for. */
  readonly history?: VenueHistory;
  /** Server time, milliseconds since 1970 (fractions if the venue has them). */
  readonly time: RestRequest<number>;
  /** What a refusal (handshake or REST: status, headers in lower case, body as text) means. */
  refusal(status: number, headers: Readonly<Record<string, string | undefined>>, body: string): Fault;
}
