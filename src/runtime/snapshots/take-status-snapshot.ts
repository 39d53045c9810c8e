import { type Config, environmentOf } from '../../config/config.ts';
import { NOT_SERVING } from '../../domain/headline.ts';
import type { CoinSnapshot, SinkSnapshot, StatusSnapshot, VenueSnapshot } from '../../domain/status-snapshot.ts';
import { venueStateName } from '../../domain/venue-state.ts';
import type { Latencies } from '../../feed/latency/latencies.ts';
import { NEW_HEALTH } from '../../feed/liveness/venue-health.ts';
import type { FeedWatch } from '../../feed/status/feed-watch.ts';
import type { VenueFeed } from '../../feed/venue-feed.ts';
import type { DriverStats } from '../../sinks/driver/driver-options.ts';
import type { Moment } from '../../tradability/moment.ts';
import { haltReason, isStale } from '../../tradability/rules.ts';
import type { HealingProgress } from '../healing/healing-progress.ts';
import type { RunningFeed } from '../running-feed.ts';
import type { RecordCounts } from './record-counts.ts';

/** Takes the state of the running feed. */
export function takeStatusSnapshot(
  feed: RunningFeed,
  config: Config,
  latencies: Latencies,
  sinks: readonly { readonly name: string; readonly stats: DriverStats }[],
  published: RecordCounts,
  healing: HealingProgress,
): StatusSnapshot {
  const { now } = feed;
  return {
    at: now.wall,
    startedAt: feed.startedAt,
    environment: config.environment,
    mode: config.feed.mode,
    activeVenue: feed.activeVenue,
    serving: feed.reported.serving,
    trading: feed.tradability.state,
    halted: feed.haltedSymbols,
    venues: feed.watches.flatMap((watch) =>
      watch.venues.map((venue) => venueSnapshot(watch, config, latencies, venue, now.monotonic)),
    ),
    coins: feed.watches.flatMap((watch) => coinSnapshots(feed, watch, now)),
    quality: feed.venues.flatMap((venue) =>
      venue.counts.quality.all(now.wall * 1000).map((quality) => ({
        ...quality,
        price: quality.symbol === null ? null : venue.price(quality.symbol),
        eventLagMs: venue.lag.symbolMs(quality.symbol, now.monotonic),
      })),
    ),
    klines: feed.klineCheck?.counts ?? [],
    sinks: sinkSnapshots(sinks, latencies, now.monotonic),
    healing: healing.gaps(),
    shards: [],
    counts: { ...countsOf(feed), ...published.headlineCounts },
  };
}

/** Makes the status of a run whose sinks are not open yet, so that nothing is published. */
export function startingSnapshot(
  { environment, feed: { mode } }: Pick<Config, 'environment' | 'feed'>,
  sinks: readonly SinkSnapshot[],
  known: Pick<StatusSnapshot, 'at' | 'startedAt'> & Partial<Pick<StatusSnapshot, 'counts'>>,
): StatusSnapshot {
  const waits = sinks.filter(({ state }) => state !== 'up').map(({ name }) => name);
  return {
    environment,
    mode,
    activeVenue: null,
    serving: NOT_SERVING,
    trading: { state: 'halted', reason: `waits for ${waits.join(', ')}` },
    halted: [],
    venues: [],
    coins: [],
    quality: [],
    klines: [],
    sinks,
    healing: [],
    shards: [],
    counts: {},
    ...known,
  };
}

/** `now`: the feed's clock, milliseconds. */
export function sinkSnapshots(
  sinks: readonly { readonly name: string; readonly stats: DriverStats }[],
  latencies: Latencies,
  now: number,
): readonly SinkSnapshot[] {
  return sinks.map(({ name, stats }) => ({
    name,
    state: stats.state,
    reason: stats.reason,
    queued: stats.queued,
    lagMs: stats.oldestUnackedMs,
    delivered: stats.delivered,
    dropped: Object.values(stats.dropped).reduce((sum, count) => sum + count, 0),
    latencyMs: { emittedToAcknowledged: latencies.sink(name).histogram.recent(now) },
  }));
}

function coinSnapshots(feed: RunningFeed, { view, venues }: FeedWatch, now: Moment): readonly CoinSnapshot[] {
  const lagMs = (symbol: string, venue: string | undefined): number => {
    const lag = venues.find(({ options }) => options.venue.id === venue)?.lag;
    return Math.max(0, lag?.symbolMs(symbol, now.monotonic) ?? lag?.venueMs(now.monotonic) ?? 0);
  };
  return [...view.symbols.values()].map(({ coin, symbol, tick, lastAt, rate }) => ({
    coin,
    symbol,
    venue: tick?.venue ?? null,
    epoch: tick?.epoch ?? 0,
    price: tick?.price ?? null,
    change24h: tick?.change24h ?? null,
    tradesPerSecond: rate.perSecond,
    ageMs: lastAt === Number.NEGATIVE_INFINITY ? null : now.monotonic - lastAt + lagMs(symbol, tick?.venue),
    stale: tick === undefined || isStale(feed.reported, tick, now),
    haltReason: haltReason(feed.reported, symbol),
  }));
}

function venueSnapshot(
  watch: FeedWatch,
  config: Config,
  latencies: Latencies,
  venue: VenueFeed,
  now: number,
): VenueSnapshot {
  const id = venue.options.venue.id;
  const state = watch.states.get(id) ?? NEW_HEALTH;
  return {
    venue: id,
    state: venue.running ? venueStateName(state) : 'idle',
    environment: environmentOf(config, id),
    active: watch.activeVenue === id,
    linesUp: venue.lines.up,
    lines: venue.lines.count,
    ageMs: watch.ageMs(venue),
    eventLagMs: venue.lag.venueMs(now),
    lineLags: venue.lag.linesMs(now),
    frames: venue.counts.frames,
    reconnects: venue.counts.reconnects,
    reason: state.reason,
    ...latencies.venue(id).recent(now),
  };
}

function countsOf({ trades, uncounted, venues }: RunningFeed): Record<string, number> {
  const sum = (of: (venue: VenueFeed) => Iterable<number>) =>
    venues.flatMap((venue) => [...of(venue)]).reduce((total, count) => total + count, 0);
  return {
    trades,
    events: sum(({ counts }) => [counts.events]),
    malformed: sum(({ counts }) => [counts.malformed]),
    ignored: sum(({ counts }) => counts.ignored.values()),
    duplicates: sum(({ duplicates }) => [duplicates]),
    warnings: sum(({ counts }) => counts.warnings.values()),
    reconnects: sum(({ counts }) => [counts.reconnects]),
    uncounted_late: uncounted.late,
    uncounted_blocks: uncounted.blocks,
  };
}
