import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { firstValueFrom, race, type SchedulerLike, Subject, timer } from 'rxjs';
import { type Config, feedVenues } from '../config/config.ts';
import type { PipelineMetrics } from '../domain/metrics-snapshot.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import { agreementOf } from '../feed/analytics/kline-check.ts';
import { BlockFiles } from '../feed/connection/block-files.ts';
import { Latencies } from '../feed/latency/latencies.ts';
import type { FeedWatch } from '../feed/status/feed-watch.ts';
import type { VenueFeed, WarmUp } from '../feed/venue-feed.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import { type WallClock, wallClock } from '../net/wall-clock.ts';
import type { Logger } from '../telemetry/log.ts';
import { buildFeed } from './build-feed.ts';
import { buildSinks, type SinkDependencies } from './build-sinks.ts';
import { buildVenues, type VenueDependencies } from './build-venues.ts';
import { frameLogger } from './frame-logger.ts';
import { HealingProgress } from './healing/healing-progress.ts';
import { keepHealing } from './healing/keep-healing.ts';
import type { RunningFeed } from './running-feed.ts';
import type { SinkPipelines, Stopped } from './sink-pipelines.ts';
import { RecordCounts } from './snapshots/record-counts.ts';
import { takeMetricsSnapshot } from './snapshots/take-metrics-snapshot.ts';
import { sinkSnapshots, startingSnapshot, takeStatusSnapshot } from './snapshots/take-status-snapshot.ts';
import { statusLogger } from './status-logger.ts';
import { VenueAccess, type VenueAccessOptions } from './venue-access.ts';

/* Starts and stops a pipeline: the venues, the feed and its sinks. */

export interface PipelineDependencies
  extends Pick<VenueDependencies, 'networks' | 'random' | 'listEveryMs' | 'busyMs'>,
    Pick<SinkDependencies, 'sinks' | 'spillDisk'> {
  readonly log: Logger;
  /** When it aborts, the start no longer waits for sinks that cannot be opened. */
  readonly signal?: AbortSignal;
  readonly scheduler?: SchedulerLike;
  readonly wallClockMs?: () => number;
  /** Gives frames their receive times, and measures latencies. Default: the system's wall clock. */
  readonly clock?: WallClock;
  /** Where a venue's frames wait for the sinks if they do not fit in memory. Default: files below `spill.dir`. */
  readonly warmUpStore?: (venue: string) => WarmUp['store'];
  readonly part?: PipelinePart;
  /**
   * Resolves when the pipeline takes over. Until then it is a warm standby: it keeps the venues' data of the last minute,
   * and does not fence the previous writer. Undefined: it takes over at once.
   */
  readonly takeover?: Promise<unknown>;
  /** Called once before the sinks are opened, with what is known until then. */
  readonly onStarting?: (starting: Observed) => void;
  /** Receives the published records, in order, at the same time as the sinks. */
  readonly onPublished?: (records: readonly FeedRecord[]) => void;
}

/** The part of the coins that a pipeline serves. Other pipelines of the cluster serve the other coins. */
export interface PipelinePart {
  /** The ids of its instances begin with it and a dot. */
  readonly name: string;
  readonly isOwn: (symbol: string) => boolean;
  /**
   * This pipeline's share of the memory for waiting records: above 0, at most 1. A share below `LEAST_BUFFER_SHARE` is
   * raised to it.
   */
  readonly bufferShare: number;
  /** Shared by all parts of the process. */
  readonly access: VenueAccess;
  /** Resolves when this pipeline may fence the previous writer, or when the signal aborts. */
  readonly beforeFence: (venues: readonly Pick<VenueFeed, 'lines'>[], signal?: AbortSignal) => Promise<void>;
  /** Called when this pipeline publishes, and also if it cannot start. */
  readonly afterFence: () => void;
}

/** A running feed with its sinks. */
export interface Pipeline extends Running {
  readonly feed: RunningFeed;
  stop(reason: string, options?: StopOptions): Promise<Stopped>;
}

/** What the gateway and the terminal show of a run. */
export interface Observed {
  /** The feeds that run now. */
  feeds(): readonly FeedWatch[];
  snapshot(): StatusSnapshot;
  metrics(): PipelineMetrics;
}

/** What `market-feed run` runs: one pipeline, or one for each shard of this instance. */
export interface Running extends Observed {
  /** Aborted with a Fault when a sink failed for good: the run must end. */
  readonly failed: AbortSignal;
  /** Closes the connections and delivers what was received, within 5 s. Resolves with the counts of undelivered records. */
  stop(reason: string): Promise<Stopped>;
}

export interface StopOptions {
  /** How much of a stop's five seconds is already used, milliseconds. */
  readonly afterMs?: number;
}

/** How long the sink drivers may deliver after a stop. They need up to 1.5 s more, and a stop has 5 s. */
const STOP_WITHIN_MS = 3500;
/** How long the sinks wait for the venues' subscriptions before they fence the previous writer. */
const WARM_WITHIN_MS = 1000;
/** How long a warm standby keeps frames at least, milliseconds. */
const STANDBY_KEEPS_MS = 60_000;
/** The pause before the recent records are read: missed trades are fetched first. */
const LOOK_BACK_AFTER_MS = 1000;
/** How long a stop waits until the recent records are read. Without them, the large trades since the start are lost. */
const LOOK_BACK_WITHIN_MS = 1000;
/** Minimum share of the memory for a shard: its warm-up buffers are all emptied at the same time, and need this room. */
const LEAST_BUFFER_SHARE = 0.25;

export function malformedRowsLogger(log: Logger): NonNullable<VenueAccessOptions['onMalformedRows']> {
  return (venue, list, rows) =>
    log.warn({ event: 'rows_malformed', venue, list, rows }, `${rows} rows of the ${list} of ${venue} are left out`);
}

/** Connects the venues, then opens the sinks and reads where the last run ended. Resolves once data can flow. */
export async function startPipeline(config: Config, dependencies: PipelineDependencies): Promise<Pipeline> {
  const { log, signal, part, takeover, clock = wallClock() } = dependencies;
  const { scheduler = monotonicScheduler, wallClockMs = Date.now } = dependencies;
  const latencies = new Latencies(clock, () => scheduler.now());
  const context: RunContext = { ...dependencies, scheduler, wallClockMs, latencies };
  const onMalformedRows = malformedRowsLogger(log);
  const { access = new VenueAccess(config, { ...context, onMalformedRows }) } = part ?? {};
  const venueDependencies = { ...context, access, ...frameLogger(config, log), onMalformedRows, follows: part?.isOwn };
  const venues = buildVenues(config, venueDependencies);
  const bufferShare = Math.max(part?.bufferShare ?? 1, LEAST_BUFFER_SHARE);
  const { sessionTimeoutMs, takeoverAfterMs } = config.cluster;
  let keepsMs = takeover && Math.max(STANDBY_KEEPS_MS, 2 * sessionTimeoutMs, 2 * takeoverAfterMs);
  void takeover?.then(() => {
    keepsMs = undefined;
  });
  const maxAgeMs = () => keepsMs;
  const warmUps = venues.map((venue) => {
    const store = context.warmUpStore?.(venue.options.venue.id) ?? blockFiles(config, venue);
    return venue.warm({ withinMs: WARM_WITHIN_MS, bufferShare, store, maxAgeMs });
  });
  const beforeFence = async () => {
    await Promise.all([takeover, ...warmUps]);
    await part?.beforeFence(venues, signal);
    signal?.throwIfAborted();
  };
  const failing = new AbortController();
  const giveUp = async (error: unknown, opened?: SinkPipelines): Promise<never> => {
    part?.afterFence();
    if (signal?.aborted) logDiscarded(venues, dependencies, signal.reason);
    for (const venue of venues) venue.close();
    await opened?.close(0).catch(() => {});
    throw error;
  };
  const sinks = await buildSinks(config, {
    ...context,
    isOwn: part?.isOwn,
    bufferShare,
    beforeFence,
    onFailed: (fault) => failing.abort(fault),
  }).catch((error) => giveUp(error));
  context.onStarting?.(observedStart(config, context, venues, sinks));
  const previous = await sinks.open(scheduler, signal, takeover).catch((error) => giveUp(error, sinks));
  const stopAsked$ = new Subject<void>();
  const isLater = sinks.isReadableLater;
  const past = isLater
    ? firstValueFrom(race(timer(LOOK_BACK_AFTER_MS, scheduler), stopAsked$)).then(() => sinks.readRecent(previous, log))
    : sinks.readRecent(previous, log);
  const windows = isLater ? undefined : (await past).published;
  if (signal?.aborted) return giveUp(signal.reason, sinks);
  const instance = part === undefined ? randomUUID() : `${part.name}.${randomUUID()}`;
  const recent = past.then((found) => found.previous);
  const feed = buildFeed(config, { ...venueDependencies, instance, previous, recent }, venues);
  // The pipeline keeps this promise, and not the trades, which may be many. It resolves when the feed has them.
  const isPastRead = recent.then(() => {});
  sinks.start(feed, previous, windows);
  const resumed = previous.filter(({ resumePoint }) => resumePoint !== undefined).length;
  if (resumed > 0) log.info({ event: 'resumed', symbols: resumed }, 'continues where the previous run ended');
  const published = publish(feed, sinks, context);
  feed.start();
  part?.afterFence();
  const healing = new HealingProgress();
  const observed = { feed, sinks, published, healing };
  const stopHealing = config.feed.backfill ? heal(config, { ...context, ...observed, access }) : undefined;

  let stopping: Promise<Stopped> | undefined;
  return {
    feed,
    feeds: () => feed.watches,
    failed: failing.signal,
    snapshot: () => takeStatusSnapshot(feed, config, latencies, sinks.stats(), published, healing),
    metrics: () => takeMetricsSnapshot({ ...observed, config, latencies, sinks: sinks.stats() }),
    stop: (reason, options) => {
      stopAsked$.next();
      stopping ??= stopPipeline({ feed, sinks, isPastRead, stopHealing }, context, reason, options);
      return stopping;
    },
  };
}

interface RunContext extends PipelineDependencies {
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly latencies: Latencies;
}

/** Where a venue's frames wait for the sinks if they do not fit in memory: together as much as a spill may have. */
function blockFiles<T>(config: Config, { options }: VenueFeed): BlockFiles<T> {
  const { dir, maxMb } = config.spill;
  const maxBytes = (maxMb * 2 ** 20) / feedVenues(config).length;
  return new BlockFiles(join(dir, 'start', options.venue.id), maxBytes);
}

/** What is known of a run before its sinks are open. */
function observedStart(
  config: Config,
  { wallClockMs, scheduler, latencies }: RunContext,
  venues: readonly VenueFeed[],
  sinks: SinkPipelines,
): Observed {
  const startedAt = wallClockMs();
  const published = new RecordCounts();
  const healing = new HealingProgress();
  const feed = { venues, uncounted: { late: 0, blocks: 0 } };
  return {
    feeds: () => [],
    snapshot: () => {
      const opening = sinkSnapshots(sinks.stats(), latencies, scheduler.now());
      const counts = { frames_waiting: framesWaiting(venues) };
      return startingSnapshot(config, opening, { startedAt, at: wallClockMs(), counts });
    },
    metrics: () => takeMetricsSnapshot({ feed, config, latencies, published, healing, sinks: sinks.stats() }),
  };
}

function framesWaiting(venues: readonly VenueFeed[]): number {
  return venues.reduce((sum, venue) => sum + venue.framesWaiting, 0);
}

/** Logs a stop before the feed could publish. In a cluster this is normal: another instance has the same data. */
function logDiscarded(venues: readonly VenueFeed[], { log, part }: PipelineDependencies, reason: unknown): void {
  const discarded = framesWaiting(venues);
  const fields = { event: 'stopped', reason: String(reason), frames_discarded: discarded };
  const text = `stopped before the feed could publish: ${discarded} received frames are discarded`;
  log[part === undefined ? 'warn' : 'info'](fields, text);
}

/** Passes the feed's records to the sinks and counts them. */
function publish(feed: RunningFeed, sinks: SinkPipelines, { log, latencies, onPublished }: RunContext): RecordCounts {
  const logStatus = statusLogger(log, feed);
  const published = new RecordCounts();
  feed.output$.subscribe(({ records, barrier }) => {
    const timed = latencies.emitted(records);
    published.add(records);
    for (const record of records) {
      if (record.kind === 'status') logStatus(record);
      sinks.push(record, barrier, record === timed);
    }
    onPublished?.(records);
  });
  return published;
}

/** Heals the gaps of the sinks in the background, and reports healed gaps. Returns a function that stops it. */
function heal(
  config: Config,
  context: RunContext & {
    readonly access: VenueAccess;
    readonly feed: RunningFeed;
    readonly sinks: SinkPipelines;
    readonly published: RecordCounts;
    readonly healing: HealingProgress;
  },
): () => Promise<void> {
  const { feed, sinks, published, healing, log, part, onPublished } = context;
  const archives = sinks.archives();
  return keepHealing(archives, config, {
    ...context,
    isOwn: part?.isOwn,
    onEvent: (event, sink) => {
      if (event.kind === 'left') {
        const { venue, symbol, fromId, toId } = event.gap;
        const fields = { event: 'gap_left', sink, venue, symbol, from_id: fromId, to_id: toId };
        log.info(fields, `a gap is not healed: ${event.reason}`);
      }
      // The sinks have the same gaps, so one of them is enough to report them.
      if (sink !== archives[0]?.name) return;
      healing.add(event);
      if (event.kind !== 'healed') return;
      feed.healed(event.records);
      published.add(event.records);
      onPublished?.(event.records);
      for (const { venue, symbol, filled } of event.gaps) {
        const reason = `${filled} trades of a gap are in late-trades now`;
        feed.status({ state: 'gap_healed', venue, symbol, coin: symbol.slice(0, -config.quote.length), reason });
      }
    },
  });
}

async function stopPipeline(
  parts: {
    readonly feed: RunningFeed;
    readonly sinks: SinkPipelines;
    readonly isPastRead: Promise<void>;
    readonly stopHealing: (() => Promise<void>) | undefined;
  },
  { log, scheduler, latencies }: RunContext,
  reason: string,
  { afterMs = 0 }: StopOptions = {},
): Promise<Stopped> {
  const { feed, sinks, isPastRead, stopHealing } = parts;
  const since = scheduler.now();
  await stopHealing?.();
  await firstValueFrom(race(isPastRead, timer(LOOK_BACK_WITHIN_MS, scheduler)));
  feed.stop(reason);
  const timeoutMs = Math.max(0, STOP_WITHIN_MS - afterMs - (scheduler.now() - since));
  const stopped = await sinks.close(timeoutMs);
  const { undelivered, spilled } = stopped;
  const venues = feed.venues.map((venue) => [venue.options.venue.id, venueSummary(feed, venue, latencies)]);
  const summary = { sinks: sinks.summary(), venues: Object.fromEntries(venues) };
  log.info({ event: 'stopped', reason, undelivered, spilled, ...summary }, 'stopped');
  return stopped;
}

function venueSummary(
  { klineCheck }: RunningFeed,
  { counts, options }: RunningFeed['venues'][number],
  latencies: Latencies,
): object {
  const { id } = options.venue;
  return {
    ...counts,
    quality: undefined,
    lastReceivedAt: undefined,
    ignored: Object.fromEntries(counts.ignored),
    warnings: Object.fromEntries(counts.warnings),
    losses: Object.fromEntries(counts.losses),
    klines: agreementOf(klineCheck?.counts ?? [], id),
    ...latencies.venue(id).summary(),
  };
}
