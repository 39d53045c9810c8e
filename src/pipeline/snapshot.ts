import type { Decimal } from '../domain/decimal.ts';
import type { Environment } from '../domain/record.ts';
import type { LatencyFigures } from '../telemetry/latency-histogram.ts';
import type { ClockState } from './clock-offset.ts';
import type { Quality } from './data-quality.ts';
import type { KlineAgreement } from './kline-check.ts';

/** What one look at the running feed shows: for the live status, the heartbeat and, later, the gateway. Times are wall-clock milliseconds. */
export interface FeedSnapshot {
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
  readonly klines: readonly KlineAgreement[];
  readonly sinks: readonly SinkSnapshot[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface VenueSnapshot {
  readonly venue: string;
  readonly state:
    | 'connecting'
    | 'connected'
    | 'stale'
    | 'quiet'
    | 'disconnected'
    | 'region_blocked'
    | 'rate_limited'
    | 'probing'
    | 'idle';
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
    readonly venueToSocket: LatencyFigures | null;
    readonly socketToEmitted: LatencyFigures | null;
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
  readonly latencyMs: { readonly emittedToAcknowledged: LatencyFigures | null };
}
