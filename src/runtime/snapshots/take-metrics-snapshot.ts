import { environmentPrefix } from '../../codec/environment-topics.ts';
import { TOPICS } from '../../codec/topics.ts';
import type { Config } from '../../config/config.ts';
import type { PipelineMetrics, SinkMetrics, VenueMetrics } from '../../domain/metrics-snapshot.ts';
import type { Latencies } from '../../feed/latency/latencies.ts';
import type { VenueFeed } from '../../feed/venue-feed.ts';
import type { DriverStats } from '../../sinks/driver/driver-options.ts';
import type { HealingProgress } from '../healing/healing-progress.ts';
import type { RunningFeed } from '../running-feed.ts';
import type { RecordCounts } from './record-counts.ts';

export interface MetricsParts {
  readonly feed: Pick<RunningFeed, 'venues' | 'uncounted'>;
  readonly config: Pick<Config, 'environment' | 'feed' | 'spill'>;
  readonly latencies: Latencies;
  readonly published: RecordCounts;
  readonly healing: HealingProgress;
  readonly sinks: readonly { readonly name: string; readonly stats: DriverStats }[];
}

/** These two warnings have metrics of their own, so they are not among the other warnings. */
const BOOK_RESYNC = 'book_out_of_step';
const BOOK_NOT_HAD = 'book_not_had';

export function takeMetricsSnapshot({
  feed,
  config,
  latencies,
  published,
  healing,
  sinks,
}: MetricsParts): PipelineMetrics {
  const { late, blocks } = feed.uncounted;
  return {
    ...published.metrics(),
    healing: healing.metrics(),
    uncountedTrades: { late, block: blocks },
    venues: Object.fromEntries(feed.venues.map((venue) => [venue.options.venue.id, venueMetrics(venue, latencies)])),
    sinks: Object.fromEntries(sinks.map(({ name, stats }) => [name, sinkMetrics(name, stats, config, latencies)])),
  };
}

function venueMetrics({ counts, duplicates, options }: VenueFeed, latencies: Latencies): VenueMetrics {
  const {
    [BOOK_RESYNC]: bookResyncs = 0,
    [BOOK_NOT_HAD]: booksNotHad = 0,
    ...warnings
  } = Object.fromEntries(counts.warnings);
  const { venueToSocket, socketToEmitted } = latencies.venue(options.venue.id);
  return {
    events: counts.events,
    malformed: counts.malformed,
    duplicates,
    ignored: Object.fromEntries(counts.ignored),
    warnings,
    reconnects: Object.fromEntries(counts.losses),
    bookResyncs,
    booksNotHad,
    restWeight: options.restWeight?.() ?? 0,
    venueToSocket: venueToSocket.distribution(),
    socketToEmitted: socketToEmitted.distribution(),
  };
}

function sinkMetrics(
  name: string,
  { rejected, conflated, batches, dropped, spill }: DriverStats,
  { environment, feed, spill: { maxMb } }: MetricsParts['config'],
  latencies: Latencies,
): SinkMetrics {
  const prefix = environmentPrefix(environment, feed.allowTestData);
  return {
    rejected,
    conflated,
    batches,
    // All topics of the environment have a counter from the start. Otherwise Prometheus would not see the first drop.
    dropped: { ...Object.fromEntries(TOPICS.map((topic) => [prefix + topic.name, 0])), ...dropped },
    spill: spill === null ? null : { ...spill, limitBytes: maxMb * 2 ** 20 },
    emittedToAcknowledged: latencies.sink(name).histogram.distribution(),
  };
}
