import type { Decimal } from './decimal.ts';
import type { Environment } from './record.ts';
import type { VenueStateName } from './venue-state.ts';

/** What one look at the running feed shows: for the live status, the heartbeat and the gateway. Times are wall-clock milliseconds. */
export interface StatusSnapshot {
  readonly at: number;
  readonly startedAt: number;
  readonly environment: Environment;
  readonly mode: 'failover' | 'all';
  readonly activeVenue: string | null;
  readonly trading: { readonly state: 'allowed' | 'halted'; readonly reason: string };
  readonly venues: readonly VenueSnapshot[];
  readonly coins: readonly CoinSnapshot[];
  readonly quality: readonly Quality[];
  /** The venues' candles against those of their trades; empty where not both are subscribed. */
  readonly klines: readonly CandleAgreement[];
  readonly sinks: readonly SinkSnapshot[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface VenueSnapshot {
  readonly venue: string;
  readonly state: VenueStateName;
  readonly environment: Environment;
  readonly active: boolean;
  readonly linesUp: number;
  readonly lines: number;
  /** Since the last data frame; null: none yet. */
  readonly ageMs: number | null;
  readonly frames: number;
  readonly reconnects: number;
  readonly clock: ClockState;
  /** Of live trades, since the start; null: none was timed. */
  readonly latencyMs: {
    readonly venueToSocket: LatencySummary | null;
    readonly socketToEmitted: LatencySummary | null;
  };
  /** Why it is in this state, where that needs words. */
  readonly reason: string;
}

export interface CoinSnapshot {
  readonly coin: string;
  readonly symbol: string;
  /** The venue that serves it now. */
  readonly venue: string | null;
  readonly epoch: number;
  readonly price: Decimal | null;
  readonly change24h: Decimal | null;
  /** Over the last few seconds. */
  readonly tradesPerSecond: number;
  readonly ageMs: number | null;
  readonly stale: boolean;
}

export interface SinkSnapshot {
  readonly name: string;
  readonly state: 'opening' | 'up' | 'down';
  readonly reason: string;
  readonly queued: number;
  /** Age of the oldest record that is not acknowledged; null: all are. */
  readonly lagMs: number | null;
  readonly delivered: number;
  readonly dropped: number;
  /** Since the start; null: nothing was acknowledged. */
  readonly latencyMs: { readonly emittedToAcknowledged: LatencySummary | null };
}

/** How well one venue tells of one symbol. */
export interface Quality {
  readonly venue: string;
  /** Null: frames that tell no symbol. */
  readonly symbol: string | null;
  /** Messages: valid and invalid ones. */
  readonly total: number;
  readonly valid: number;
  readonly invalid: number;
  /** When the last valid one came, microseconds since 1970; null: none did. */
  readonly lastUpdateAt: number | null;
  /** Mean of (ask − bid) / mid of all book tickers, percent; null: there were none. */
  readonly averageSpreadPct: number | null;
  /** Book tickers whose bid is not below the ask. */
  readonly invertedSpreads: number;
  /** Over the last seconds, valid ones. */
  readonly messagesPerSecond: number;
  readonly warnings: readonly QualityWarning[];
}

/** More invalid messages than may pass for chance; no valid one for long. */
export type QualityWarning = 'invalid' | 'stale';

/** A venue's closed candles of one symbol and interval against those that its trades make; of `fields` and `causes` see `market/candle-check`. */
export interface CandleAgreement {
  readonly venue: string;
  readonly symbol: string;
  readonly interval: string;
  readonly compared: number;
  readonly equal: number;
  readonly fields: Readonly<Record<string, number>>;
  readonly causes: Readonly<Record<string, number>>;
}

/** The venue's clock minus ours. Sure within `uncertaintyMs` either way, whatever the ways there and back took. */
export interface ClockEstimate {
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
}

export interface ClockState {
  /** Null: no answer yet, or none since our clock was stepped. */
  readonly estimate: ClockEstimate | null;
  /** Questions that brought no time. */
  readonly failures: number;
}

/** Milliseconds. */
export interface LatencySummary {
  readonly count: number;
  /** The median, and what 99 % and 99.9 % of the observations stay within: true to 3 %, and to a microsecond. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** True to a microsecond. */
  readonly max: number;
}
