import type { Observable, OperatorFunction, SchedulerLike } from 'rxjs';
import type { BooksWanted, VenueConfig } from '../config/config.ts';
import type { Channel, Instrument } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { DeadLetter, Environment, Kline, TradeEvent } from '../domain/record.ts';
import type { ClockState } from '../domain/status-snapshot.ts';
import type { RawFrame, VenueEvent } from '../domain/venue-event.ts';
import type { ConnectionCommand } from '../venues/connection/control-channel.ts';
import type { ConnectionBudget } from '../venues/connection/rate-limit.ts';
import type { ListedInstrument, Venue } from '../venues/contract.ts';
import type { ArbitratedEvents, SequencedTrade, TradeGap } from './arbitration/merged-event.ts';
import type { VenueLatency } from './latency/latencies.ts';
import type { Activity } from './liveness/activity.ts';
import type { StatusNote } from './status/status-log.ts';

/** What one venue tells: its events merged from all its lines, how it is, and what happened to it. */
export type VenueSignal =
  | ArbitratedEvents
  | { readonly kind: 'status'; readonly note: StatusNote }
  /** These are subscribed now. */
  | { readonly kind: 'instruments'; readonly instruments: readonly Instrument[] }
  | { readonly kind: 'dead_letter'; readonly record: DeadLetter }
  /** The first line is up; or none is any more, or an attempt failed while none was. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** Venue-wide, and not for want of a market. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'serves'; readonly symbol: string; readonly serves: boolean }
  /** The venue does not list it any more, and it is not followed. */
  | { readonly kind: 'delisted'; readonly symbol: string };

export interface ConnectArguments {
  /** Number of the line, from 1. */
  readonly line: number;
  readonly url: string;
  readonly topics: () => readonly string[];
  readonly commands$: Observable<ConnectionCommand>;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The age at which the connection asks to be replaced, milliseconds; undefined: never. */
  readonly closingAfterMs: number | undefined;
  readonly onFrame: (frame: RawFrame) => void;
}

/** Every instrument that a venue lists against a quote. */
export interface ListFollowing {
  readonly quote: string;
  /** Leaves of the rows that trade against the quote those that are to be followed; all by default. */
  readonly ours?: OperatorFunction<readonly ListedInstrument[], readonly ListedInstrument[]>;
}

/** How a whole book is asked for. */
export interface BookQuestion {
  /** How many sizes larger than at first. */
  readonly larger: number;
  /** The price has run past the book: it may take of the budget what others leave. */
  readonly isUrgent: boolean;
  /** Called when the request leaves, which the budget may delay. */
  readonly onSent: () => void;
}

export interface VenueFeedOptions {
  readonly venue: Venue;
  readonly settings: VenueConfig;
  /** Attempts to connect, of all runs and of all who share the address; one of this run alone by default. */
  readonly connectionBudget?: ConnectionBudget;
  /** Of the venue's market events. */
  readonly environment: Environment;
  /** The configured one: of everything that the feed says itself. */
  readonly feedEnvironment: Environment;
  /** Empty with `all`. */
  readonly instruments: readonly Instrument[];
  /** Every instrument that the venue lists against a quote, instead of named ones. */
  readonly all: ListFollowing | null;
  readonly channels: readonly Channel[];
  readonly staleAfterMs: number;
  readonly coinStaleAfterMs: number;
  readonly failBackAfterMs: number;
  readonly activity: Activity;
  readonly scheduler: SchedulerLike;
  /** One connection a subscription. */
  readonly connect: (args: ConnectArguments) => Observable<VenueEvent>;
  /** One connection to the venue's announcements a subscription; undefined where it has none. */
  readonly notices$?: Observable<VenueEvent> | undefined;
  /** The age at which the venue closes a connection, milliseconds; by default what is known of the venue. */
  readonly lifetimeMs?: number | undefined;
  /** Uniform in [0, 1); `Math.random` by default. */
  readonly random?: (() => number) | undefined;
  /** The venue's instrument list, once. */
  readonly listed$: Observable<readonly ListedInstrument[]>;
  /** How often it is asked for while it may change what is followed, milliseconds; every five minutes by default. */
  readonly listEveryMs?: number | undefined;
  /** Asks the venue's REST interface for trades of a hole; undefined where it cannot tell them, or is not to be asked. */
  readonly fetchMissing:
    | ((instrument: Instrument, gap: TradeGap, attempt: number) => Observable<readonly SequencedTrade[]>)
    | undefined;
  /** Asks it for the last trades of a symbol, where ids do not tell a hole; undefined: it has none, or is not to be asked. */
  readonly fetchRecent: ((instrument: Instrument) => Observable<readonly TradeEvent[]>) | undefined;
  /** Asks for its last one-minute candles of a symbol, those that have closed. */
  readonly fetchCandles?: ((instrument: Instrument) => Observable<readonly Kline[]>) | undefined;
  /** How much of the books is wanted where a depth channel is among the channels. */
  readonly books?: BooksWanted | undefined;
  /** Asks for a whole book; undefined if the venue sends it by itself after each subscription. */
  readonly fetchBook?: ((instrument: Instrument, how: BookQuestion) => Observable<BookUpdate>) | undefined;
  readonly onFrame?: ((frame: RawFrame, line: number) => void) | undefined;
  /** The weight of all requests that its REST interface was sent. */
  readonly restWeight?: () => number;
  /** What is timed, and the venue's clock for it, followed while the venue runs; undefined: nothing is. */
  readonly timing?: { readonly latency: VenueLatency; readonly clock$: Observable<ClockState> };
}
