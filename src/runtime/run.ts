import { randomUUID } from 'node:crypto';
import { filter, firstValueFrom, type Observable, race, type SchedulerLike, Subject, take, timer } from 'rxjs';
import { keyOf, topicNameOf } from '../codec/environment-topics.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import type { PipelineFigures } from '../domain/feed-figures.ts';
import type { FeedSnapshot } from '../domain/feed-snapshot.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { FeedRecord } from '../domain/record.ts';
import { agreementOf } from '../feed/analytics/kline-check.ts';
import type { Feed } from '../feed/feed.ts';
import { Latencies } from '../feed/latency/latencies.ts';
import { formerEpochs } from '../feed/resume/former-runs.ts';
import { readRecent } from '../feed/resume/recent-trades.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { VenueNetworks } from '../net/venue-networks.ts';
import { wallClock } from '../net/wall-clock.ts';
import type { OutRecord, OwnPart, SeriesCheckpoint } from '../sinks/contract.ts';
import type { CloseResult } from '../sinks/driver/driver-options.ts';
import { type SinkSettings, sinks } from '../sinks/registry.ts';
import type { SpillFiles } from '../sinks/spill/spill-files.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ConnectionBudget } from '../venues/connection/connection-budget.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import { buildFeed, buildVenues, type OnMalformedRows } from './build-feed.ts';
import { RecordCounts } from './record-counts.ts';
import { SinkPipeline, tradeKinds } from './sink-pipeline.ts';
import { statusLogger } from './status-logger.ts';
import { figuresOf } from './take-figures.ts';
import { snapshotOf } from './take-snapshot.ts';

export interface PipelineDependencies {
  readonly log: Logger;
  /** Ends the wait for sinks that cannot be opened. */
  readonly signal?: AbortSignal;
  readonly scheduler?: SchedulerLike;
  readonly wallClockMs?: () => number;
  /** What stands for the network, for chance, for the configured sinks and for the folder of a sink's spill, where the world is none. */
  readonly networks?: VenueNetworks;
  readonly random?: () => number;
  readonly sinks?: typeof sinks;
  readonly spillFiles?: (sink: string) => SpillFiles;
  /** How long until a venue is asked again for its list, milliseconds. */
  readonly listEveryMs?: number;
  /** All coins by default. With it the venues are connected first: another serves the part until this one is ready. */
  readonly part?: PipelinePart;
  /** Sees what is published, in order, when it is handed to the sinks. */
  readonly onPublished?: (records: readonly FeedRecord[]) => void;
  /** Sees the records of each batch that a sink acknowledged, in order. */
  readonly onDelivered?: (sink: string, records: readonly OutRecord[]) => void;
}

/** What of the coins a pipeline serves, where others of the cluster serve the rest. */
export interface PipelinePart {
  readonly own: OwnPart;
  /** Of the memory that a pipeline may take, from above 0 to 1. */
  readonly portion: number;
  readonly restOf: (venue: VenueId) => VenueRest;
  readonly connectionsOf: (venue: VenueId) => ConnectionBudget;
  /** Of all coins, the same for all parts of the process; undefined where not only the most traded are followed. */
  readonly topCoins: Observable<ReadonlySet<string>> | undefined;
}

/** The main job while it runs. */
export interface Pipeline extends Running {
  readonly feed: Feed;
  stop(reason: string, options?: StopOptions): Promise<Stopped>;
}

/** The main job while it runs, in one pipeline or in several. */
export interface Running {
  /** Those that run now. */
  feeds(): readonly Feed[];
  snapshot(): FeedSnapshot;
  figures(): PipelineFigures;
  /** Aborted, with the Fault as its reason, when a sink is over for good: the run has to end. */
  readonly failed: AbortSignal;
  /** Closes the connections, delivers what was received, within 5 s; says what became of the rest. */
  stop(reason: string): Promise<Stopped>;
}

export interface StopOptions {
  /** So many milliseconds of the five seconds are over. */
  readonly afterMs?: number;
}

export interface Stopped extends CloseResult {
  /** Records that were dropped for want of room while it ran. */
  readonly dropped: number;
}

/** Of the five seconds that a stop may take; a driver needs up to 1.5 s beyond its deadline. */
const STOP_WITHIN_MS = 3500;
/** How long another one goes on for the venues of a part to be subscribed. */
const WARM_WITHIN_MS = 1000;
/** What the statistics are rebuilt from is read so long after the start: first what was traded meanwhile is fetched. */
const LOOK_BACK_AFTER_MS = 1000;
/** How long a stop waits for that: large trades of what came since the start are told by no other run. */
const LOOK_BACK_WITHIN_MS = 1000;
const UNEXPLAINED_TOLD = 5;

export function malformedRowsLogger(log: Logger): OnMalformedRows {
  return (venue, list, rows) =>
    log.warn({ event: 'rows_malformed', venue, list, rows }, `${rows} rows of the ${list} of ${venue} are left out`);
}

/** Opens the sinks, reads from them where the last run ended, and connects the venues: resolves once data can flow. */
export async function startPipeline(config: Config, dependencies: PipelineDependencies): Promise<Pipeline> {
  const { log, scheduler = monotonicScheduler, wallClockMs = Date.now, part, onPublished, onDelivered } = dependencies;
  const { networks, random, sinks: newSink = sinks, spillFiles, listEveryMs } = dependencies;
  const now = () => scheduler.now();
  const latencies = new Latencies(wallClock({ wall: wallClockMs, monotonic: now }), now);
  const venueDependencies = {
    scheduler,
    wallClockMs,
    latencies,
    onMalformedRows: malformedRowsLogger(log),
    ...(networks === undefined ? {} : { networks }),
    ...(random === undefined ? {} : { random }),
    ...(listEveryMs === undefined ? {} : { listEveryMs }),
    ...(part === undefined
      ? {}
      : {
          restOf: part.restOf,
          connectionsOf: part.connectionsOf,
          topCoins: part.topCoins,
          follows: part.own.has,
        }),
  };
  const venues = buildVenues(config, venueDependencies);
  const portion = Math.max(part?.portion ?? 1, LEAST_PORTION);
  const warm = Promise.all(
    part !== undefined ? venues.map((venue) => venue.warm({ withinMs: WARM_WITHIN_MS, portion })) : [],
  );
  const settings: SinkSettings = {
    kafka: config.kafka,
    file: { ...config.file, waitsForFolder: true },
    environmentPrefixes: environmentPrefixes(config),
    beforeFence: () => warm,
    log: (level, message, details) => log[level]({ event: 'sink', ...details }, message),
    now: () => scheduler.now(),
    wallClockMs,
  };
  const failing = new AbortController();
  const made = await Promise.all(config.sinks.map((name) => newSink[name](settings))).catch((error: unknown) => {
    for (const venue of venues) venue.close();
    throw error;
  });
  const sinkPipelines = made.map(
    (sink) =>
      new SinkPipeline(sink, {
        scheduler,
        config,
        log,
        spillFiles: spillFiles?.(sink.name),
        latency: latencies.sink(sink.name),
        own: part?.own,
        portion,
        onDelivered,
        onFailed: (fault) => failing.abort(fault),
      }),
  );
  const giveUp = async (error: unknown): Promise<never> => {
    for (const venue of venues) venue.close();
    await Promise.allSettled(sinkPipelines.map((sinkPipeline) => sinkPipeline.driver.close({ deadlineMs: 0 })));
    throw error;
  };
  const checkpoints = await openAll(sinkPipelines, dependencies.signal).catch(giveUp);
  const kinds = tradeKinds(config);
  const former = formerEpochs(checkpoints, {
    environment: config.environment,
    kinds,
    everyVenue: config.feed.mode === 'all',
  });
  const lookBack = () =>
    readRecent(
      config,
      sinkPipelines.map(({ name, driver }, index) => ({
        name,
        checkpoints: (checkpoints[index] ?? []).filter(({ kind }) => kind === kinds[0]),
        recent: driver.recent.bind(driver),
      })),
      former,
      ({ message }, sink) => log.warn({ event: 'windows_not_rebuilt', sink }, message),
    );
  // Neither files nor a spill are read while they are written.
  const isLater = sinkPipelines.every(({ name, driver }) => name === 'kafka' && driver.stats().queued === 0);
  const stopAsked$ = new Subject<void>();
  const past = isLater
    ? firstValueFrom(race(timer(LOOK_BACK_AFTER_MS, scheduler), stopAsked$)).then(lookBack)
    : lookBack();
  const told = isLater ? undefined : (await past).told;
  if (dependencies.signal?.aborted) return giveUp(dependencies.signal.reason);
  const recent = past.then((found) => found.former);
  const feed = buildFeed(config, { ...venueDependencies, instance: randomUUID(), former, recent }, venues);
  for (const [index, sinkPipeline] of sinkPipelines.entries())
    sinkPipeline.begin(feed, checkpoints[index] ?? [], former, told?.get(sinkPipeline.name));
  const resumed = former.filter(({ takeUp }) => takeUp !== undefined).length;
  if (resumed > 0) log.info({ event: 'resumed', symbols: resumed }, 'goes on where the last run ended');
  const topic = topicNames(config.feed.allowTestData);
  const tell = statusLogger(log, feed);
  const published = new RecordCounts();
  feed.output$.subscribe(({ records, barrier }) => {
    const timed = latencies.emitted(records);
    published.add(records);
    for (const record of records) {
      if (record.kind === 'status') tell(record);
      const out: OutRecord = { topic: topic(record), key: keyOf(record, config.feed.mode), record };
      for (const sinkPipeline of sinkPipelines) {
        if (record === timed) sinkPipeline.latency.pushed(out);
        sinkPipeline.push(out, barrier);
      }
    }
    onPublished?.(records);
  });
  tellUnexplained(feed, log);
  feed.start();

  const stop = async (reason: string, { afterMs = 0 }: StopOptions = {}): Promise<Stopped> => {
    const since = scheduler.now();
    stopAsked$.next();
    await firstValueFrom(race(recent, timer(LOOK_BACK_WITHIN_MS, scheduler)));
    feed.stop(reason);
    const deadlineMs = Math.max(0, STOP_WITHIN_MS - afterMs - (scheduler.now() - since));
    const closing = sinkPipelines.map((sinkPipeline) => sinkPipeline.driver.close({ deadlineMs }));
    // One that fails must not cut the others off.
    await Promise.allSettled(closing);
    const ends = await Promise.all(closing);
    const undelivered = ends.reduce((sum, end) => sum + end.undelivered, 0);
    const spilled = ends.reduce((sum, end) => sum + end.spilled, 0);
    const dropped = sinkPipelines
      .flatMap(({ driver }) => Object.values(driver.stats().dropped))
      .reduce((sum, count) => sum + count, 0);
    log.info(
      {
        event: 'stopped',
        reason,
        undelivered,
        spilled,
        sinks: sinkPipelines.map(({ name, driver, latency }) => ({
          sink: name,
          ...driver.stats(),
          latencyMs: { emittedToAcknowledged: latency.histogram.figures() },
        })),
        venues: Object.fromEntries(
          feed.venues.map((venue) => [
            venue.options.venue.id,
            {
              ...venue.counts,
              quality: undefined,
              ignored: Object.fromEntries(venue.counts.ignored),
              warnings: Object.fromEntries(venue.counts.warnings),
              losses: Object.fromEntries(venue.counts.losses),
              klines: agreementOf(feed.klineCheck?.counts ?? [], venue.options.venue.id),
              ...latencies.venue(venue.options.venue.id).figures(),
            },
          ]),
        ),
      },
      'stopped',
    );
    return { undelivered, spilled, dropped };
  };
  let stopping: Promise<Stopped> | undefined;
  const sinkStats = () => sinkPipelines.map(({ name, driver }) => ({ name, stats: driver.stats() }));
  return {
    feed,
    feeds: () => [feed],
    failed: failing.signal,
    snapshot: () => snapshotOf(feed, config, latencies, sinkStats(), wallClockMs(), scheduler.now()),
    figures: () => figuresOf({ feed, config, latencies, published, sinks: sinkStats() }),
    stop: (reason, options) => {
      stopping ??= stop(reason, options);
      return stopping;
    },
  };
}

/** The first candles that nothing explains, theirs and ours. */
function tellUnexplained({ klineCheck }: Feed, log: Logger): void {
  klineCheck?.differences$
    .pipe(
      filter(({ causes }) => causes.includes('unexplained')),
      take(UNEXPLAINED_TOLD),
    )
    .subscribe(({ venue: theirs, ours, fields }) => {
      const { venue, symbol, interval } = theirs;
      const text = `a candle of ${symbol} ${interval} is not what the trades of ${venue} make`;
      log.warn({ event: 'kline_differs', fields, theirs, ours: ours ?? null }, text);
    });
}

/** What venues hold back for a part comes all at once, and needs so much room. */
const LEAST_PORTION = 0.25;

/** Where former runs ended in each sink. @throws the signal's reason where that comes first. */
async function openAll(
  sinkPipelines: readonly SinkPipeline[],
  signal: AbortSignal | undefined,
): Promise<readonly (readonly SeriesCheckpoint[])[]> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      Promise.all(sinkPipelines.map((sinkPipeline) => sinkPipeline.driver.close({ deadlineMs: 0 }))).then(
        () => reject(signal?.reason),
        reject,
      );
    };
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([Promise.all(sinkPipelines.map((sinkPipeline) => sinkPipeline.open())), aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** `topicNameOf` without building a text for each record. */
function topicNames(allowTestData: boolean): (record: FeedRecord) => string {
  const known = new Map<string, Map<string, string>>();
  return (record) => {
    const kinds = known.get(record.environment) ?? new Map<string, string>();
    known.set(record.environment, kinds);
    const name = kinds.get(record.kind) ?? topicNameOf(record, allowTestData);
    kinds.set(record.kind, name);
    return name;
  };
}
