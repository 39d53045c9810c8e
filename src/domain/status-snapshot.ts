import type { Decimal } from './decimal.ts';
import type { ServingVenue } from './headline.ts';
import type { Environment } from './record.ts';
import type { VenueStateName } from './venue-state.ts';

/**
 * The state of the running feed, for terminal, heartbeat and gateway. Times are wall-clock milliseconds, except
 * `lastUpdateAt`.
 */
export interface StatusSnapshot {
  readonly at: number;
  readonly startedAt: number;
  readonly environment: Environment;
  readonly mode: 'failover' | 'all';
  readonly activeVenue: string | null;
  readonly serving: ServingVenue;
  readonly trading: { readonly state: 'allowed' | 'halted'; readonly reason: string };
  /** Symbols that must not be traded although trading is allowed. */
  readonly halted: readonly string[];
  readonly venues: readonly VenueSnapshot[];
  readonly coins: readonly CoinSnapshot[];
  readonly quality: readonly SymbolQuality[];
  /** Compares the venues' candles with candles made from trades; empty if not both channels are subscribed. */
  readonly klines: readonly CandleAgreement[];
  readonly sinks: readonly SinkSnapshot[];
  /** The newest open gaps that a healer works on, oldest first; empty if none runs. */
  readonly healing: readonly GapHealing[];
  /** The shards of this instance of a cluster, in order; empty without a cluster. */
  readonly shards: readonly ShardSnapshot[];
  readonly counts: Readonly<Record<string, number>>;
}

/** What an instance of a cluster does with a shard. */
export interface ShardSnapshot {
  readonly shard: number;
  /** `starting`: the instance is about to serve it. `standby`: it takes the shard over if the owner dies. */
  readonly role: 'owner' | 'starting' | 'standby';
}

/** How far an open gap is healed. */
export interface GapHealing {
  /** The gap's name (`nameOfGap`). */
  readonly gap: string;
  /** `left`: the venue does not have its trades, so they stay missing. */
  readonly state: 'healing' | 'left';
  /** Number of its trades that are in the topics now. */
  readonly fetched: number;
  /** Why trades stay missing, or are not fetched now, for people; empty if they are. */
  readonly reason: string;
}

export interface VenueSnapshot {
  readonly venue: string;
  readonly state: VenueStateName;
  readonly environment: Environment;
  readonly active: boolean;
  readonly linesUp: number;
  readonly lines: number;
  /** Milliseconds since the last data frame; null before the first. */
  readonly ageMs: number | null;
  /** Event lag in milliseconds: the least one of the last second with live data. Null: not measured for ten seconds. */
  readonly eventLagMs: number | null;
  readonly lineLags: readonly { readonly line: number; readonly eventLagMs: number }[];
  readonly frames: number;
  readonly reconnects: number;
  readonly clock: ClockState;
  /** Latencies of live trades in the last 30 to 60 seconds; null if none was measured. */
  readonly latencyMs: {
    readonly venueToSocket: LatencySummary | null;
    readonly socketToEmitted: LatencySummary | null;
  };
  /** Why the venue is in this state; empty if the state needs no reason. */
  readonly reason: string;
}

export interface CoinSnapshot {
  readonly coin: string;
  readonly symbol: string;
  readonly venue: string | null;
  readonly epoch: number;
  readonly price: Decimal | null;
  readonly change24h: Decimal | null;
  readonly tradesPerSecond: number;
  readonly ageMs: number | null;
  /** True if its price does not show the present market, by the rule that consumers use. */
  readonly stale: boolean;
  /** Why the feed has halted this symbol alone, for people; null: it has not. */
  readonly haltReason: string | null;
}

export interface SinkSnapshot {
  readonly name: string;
  readonly state: 'opening' | 'up' | 'down';
  readonly reason: string;
  readonly queued: number;
  /** Age of the oldest record that is not acknowledged, milliseconds; null if all are. */
  readonly lagMs: number | null;
  readonly delivered: number;
  readonly dropped: number;
  /** Latencies in the last 30 to 60 seconds; null if the sink acknowledged nothing in this time. */
  readonly latencyMs: { readonly emittedToAcknowledged: LatencySummary | null };
}

/** Quality of one venue's data about one symbol. */
export interface Quality {
  readonly venue: string;
  /** Null if the entry is about frames without a symbol. */
  readonly symbol: string | null;
  /** Number of valid and invalid messages. */
  readonly total: number;
  readonly valid: number;
  readonly invalid: number;
  /** When the last valid message came, microseconds since 1970. */
  readonly lastUpdateAt: number | null;
  /** Mean of (ask − bid) / mid of all book tickers, percent. */
  readonly averageSpreadPct: number | null;
  readonly invertedSpreads: number;
  /** Mean rate of valid messages in the last five seconds. */
  readonly messagesPerSecond: number;
  readonly warnings: readonly QualityWarning[];
}

/** A symbol's price at one venue, which may be a standby. `receivedAt`: microseconds since 1970. */
export interface VenuePrice {
  readonly price: Decimal;
  readonly receivedAt: number;
}

/** Quality of one venue's data about one symbol, its newest price, and how late the data arrives. */
export interface SymbolQuality extends Quality {
  /** The newer of the last trade's price and the mid of the best prices; null before the first. */
  readonly price: VenuePrice | null;
  /** As in `VenueSnapshot`, of the symbol's trades and book. */
  readonly eventLagMs: number | null;
}

/** `invalid`: too many invalid messages. `stale`: no valid message for long. */
export type QualityWarning = 'invalid' | 'stale';

/**
 * How a venue's closed candles agree with candles made from its trades, for one symbol and interval. The keys of
 * `fields` and `causes` are defined in `market/candles/candle-check`.
 */
export interface CandleAgreement {
  readonly venue: string;
  readonly symbol: string;
  readonly interval: string;
  readonly compared: number;
  readonly equal: number;
  readonly fields: Readonly<Record<string, number>>;
  readonly causes: Readonly<Record<string, number>>;
}

/** The venue's clock minus ours; the true offset is within ± `uncertaintyMs`. */
export interface ClockEstimate {
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
}

export interface ClockState {
  /** Null before the first answer, and after our clock was stepped. */
  readonly estimate: ClockEstimate | null;
  /** Number of requests for the venue's time that failed. */
  readonly failures: number;
}

/** Latencies in milliseconds. A percentile's error is at most 3 %, or a microsecond. */
export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Exact to a microsecond. */
  readonly max: number;
}
