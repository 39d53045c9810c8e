import type { Observable, OperatorFunction, SchedulerLike } from 'rxjs';
import type { BooksWanted, VenueConfig } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import type { Channel, Instrument, KlineInterval } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { DeadLetter, Environment, InstrumentRecord, Kline, TradeEvent } from '../domain/record.ts';
import type { ClockState } from '../domain/status-snapshot.ts';
import type { MalformedData, RawFrame, VenueEvent } from '../domain/venue-event.ts';
import type { ConnectionCommand } from '../venues/connection/control-channel.ts';
import type { ConnectionBudget } from '../venues/connection/rate-limit.ts';
import type { ListedInstrument, PageRows, Venue } from '../venues/contract.ts';
import type { ArbitratedEvents, SequencedTrade, TradeGap } from './arbitration/merged-event.ts';
import type { VenueLatency } from './latency/latencies.ts';
import type { Activity } from './liveness/activity.ts';
import type { StatusNote } from './status/status-numbering.ts';

/** The events of one venue: market data merged from its lines, its state, and what happened to it. */
export type VenueFeedEvent =
  | ArbitratedEvents
  | { readonly kind: 'status'; readonly note: StatusNote }
  | { readonly kind: 'instruments'; readonly instruments: readonly Instrument[] }
  | { readonly kind: 'dead_letter'; readonly record: DeadLetter }
  | { readonly kind: 'instrument'; readonly record: InstrumentRecord }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** The whole venue is stale, and its market is not idle. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'serves'; readonly symbol: string; readonly serves: boolean }
  /** The venue no longer lists the symbol, so it is not followed. */
  | { readonly kind: 'delisted'; readonly symbol: string };

/** An event of a REST request or of the REST hosts. */
export type RestEvent =
  /** A row of an answer could not be read; the other rows are used. */
  | MalformedData
  /** `refusal`: why no REST host of the venue serves us any more. Undefined if a host serves us again. */
  | { readonly kind: 'rest_hosts'; readonly refusal: Fault | undefined };

export interface ConnectArguments {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly url: string;
  readonly topics: () => readonly string[];
  readonly commands$: Observable<ConnectionCommand>;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The age at which the connection asks to be replaced, milliseconds. Undefined if it never does. */
  readonly closingAfterMs: number | undefined;
  readonly onFrame: (frame: RawFrame) => void;
}

/** Follows every instrument that a venue lists against a quote. */
export interface ListFollowing {
  readonly quote: string;
  /** Filters the rows that trade against the quote. Default: all. */
  readonly ours?: OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]>;
}

export interface BookQuestion {
  /** How many sizes larger than the first size the book should be. */
  readonly larger: number;
  /**
   * True if the price left the book's levels. The request may then use the part of the budget that other book requests
   * must leave free.
   */
  readonly isUrgent: boolean;
  /** Called when the request is sent; the budget may delay it. */
  readonly onSent: () => void;
}

/** The last `count` closed one-minute candles, or the candles of any interval from one open time to another. */
export type CandlesWanted =
  | { readonly count: number }
  | {
      readonly interval: KlineInterval;
      /** Open times of the first and the last candle, milliseconds since 1970. */
      readonly from: number;
      readonly to: number;
    };

export interface VenueFeedOptions {
  readonly venue: Venue;
  readonly settings: VenueConfig;
  /** Limits attempts to connect for all runs with the same IP address. Default: a budget of this run alone. */
  readonly connectionBudget?: ConnectionBudget;
  /** The environment of market records. */
  readonly environment: Environment;
  /** The configured environment, for the feed's own records. */
  readonly feedEnvironment: Environment;
  /** The named instruments to follow; empty with `all`. */
  readonly instruments: readonly Instrument[];
  /** Follows every instrument that the venue lists, instead of named ones. */
  readonly all: ListFollowing | null;
  readonly channels: readonly Channel[];
  readonly staleAfterMs: number;
  readonly coinStaleAfterMs: number;
  /** Data is late if it is older than this at its receipt, corrected by the clock offset. Milliseconds. */
  readonly maxEventLagMs: number;
  readonly failBackAfterMs: number;
  readonly activity: Activity;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly connect: (args: ConnectArguments) => Observable<VenueEvent>;
  /** The venue's announcements; each subscription opens a connection. Undefined if the venue makes none. */
  readonly notices$?: Observable<VenueEvent> | undefined;
  /** The age at which the venue closes a connection, milliseconds. Default: the venue's limit. */
  readonly lifetimeMs?: number | undefined;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: (() => number) | undefined;
  readonly listed$: Observable<readonly ListedInstrument[]>;
  /** How often to fetch the instrument list, milliseconds. Default: five minutes. */
  readonly listEveryMs?: number | undefined;
  /** Fetches missing trades by REST. Undefined: the venue cannot return them, or backfill is off. */
  readonly fetchMissing:
    | ((instrument: Instrument, gap: TradeGap, attempt: number) => Observable<readonly SequencedTrade[]>)
    | undefined;
  /** Fetches a symbol's last trades, if ids are sparse. Undefined: the venue cannot return them, or backfill is off. */
  readonly fetchRecent: ((instrument: Instrument) => Observable<PageRows<TradeEvent>>) | undefined;
  /** Fetches past candles, at most as many as one answer has. */
  readonly fetchCandles?: ((instrument: Instrument, wanted: CandlesWanted) => Observable<readonly Kline[]>) | undefined;
  /** How much of the books is published, if a depth channel is subscribed. */
  readonly books?: BooksWanted | undefined;
  /** Fetches a whole book. Undefined: the venue sends it after each subscription. */
  readonly fetchBook?: ((instrument: Instrument, how: BookQuestion) => Observable<BookUpdate>) | undefined;
  readonly onFrame?: ((frame: RawFrame, line: number) => void) | undefined;
  readonly restWeight?: () => number;
  readonly restEvents$?: Observable<RestEvent>;
  /**
   * Measures latencies; undefined if nothing is timed. `busyMs` returns how long this thread has computed so far,
   * milliseconds. Without `busyMs`, the thread never counts as busy.
   */
  readonly timing?: {
    readonly latency: VenueLatency;
    readonly clock$: Observable<ClockState>;
    readonly busyMs?: (() => number) | undefined;
  };
}
