import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { filter, firstValueFrom, type Observable, race, type SchedulerLike, Subject, take, timer } from 'rxjs';
import { keyOf, topicNameOf } from '../codec/environment-topics.ts';
import { topicOf } from '../codec/topics.ts';
import { type Config, environmentPrefixes } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import type { PipelineFigures } from '../domain/feed-figures.ts';
import type { FeedSnapshot } from '../domain/feed-snapshot.ts';
import type { VenueId } from '../domain/instrument.ts';
import type { FeedRecord } from '../domain/record.ts';
import { agreementOf } from '../feed/analytics/kline-check.ts';
import type { Feed } from '../feed/feed.ts';
import type { AckLatency } from '../feed/latency/ack-latency.ts';
import { Latencies } from '../feed/latency/latencies.ts';
import { AheadOf } from '../feed/resume/ahead-of.ts';
import { type FormerEpoch, formerEpochs } from '../feed/resume/former-runs.ts';
import { readRecent } from '../feed/resume/recent-trades.ts';
import type { ToldWindows } from '../feed/resume/told-windows.ts';
import { deadLetter } from '../feed/status/dead-letter.ts';
import { isTakenOver } from '../kafka/kafka-error.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { VenueNetworks } from '../net/venue-networks.ts';
import { wallClock } from '../net/wall-clock.ts';
import type { Ending, OutRecord, OwnPart, Sink } from '../sinks/contract.ts';
import { type Closed, createDrain, type Drain, type SpillEvent } from '../sinks/driver/drain.ts';
import { type SinkSettings, sinks } from '../sinks/registry.ts';
import type { SpillFiles } from '../sinks/spill/spill-files.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ConnectionBudget } from '../venues/connection/connection-budget.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import { buildFeed, buildVenues, type OnMalformedRows } from './build-feed.ts';
import { RecordCounts } from './record-counts.ts';
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

export interface Stopped extends Closed {
  /** Records that were dropped for want of room while it ran. */
  readonly dropped: number;
}

/** Of the five seconds that a stop may take; a drain needs up to 1.5 s beyond its deadline. */
const STOP_WITHIN_MS = 3500;
/** How long another one goes on for the venues of a part to be subscribed. */
const WARM_WITHIN_MS = 1000;
/** What the statistics are rebuilt from is read so long after the start: first what was traded meanwhile is fetched. */
const LOOK_BACK_AFTER_MS = 1000;
/** How long a stop waits for that: large trades of what came since the start are told by no other run. */
const LOOK_BACK_WITHIN_MS = 1000;
const DROPPED_TOLD_EVERY_MS = 1000;
const DELTAS = topicOf('book_delta').name;
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
  const outlets = made.map(
    (sink) =>
      new Outlet(sink, {
        scheduler,
        config,
        log,
        spillFiles: spillFiles?.(sink.name),
        latency: latencies.sink(sink.name),
        part,
        portion,
        onDelivered,
        onFailed: (fault) => failing.abort(fault),
      }),
  );
  const giveUp = async (error: unknown): Promise<never> => {
    for (const venue of venues) venue.close();
    await Promise.allSettled(outlets.map((outlet) => outlet.drain.close({ deadlineMs: 0 })));
    throw error;
  };
  const endings = await openAll(outlets, dependencies.signal).catch(giveUp);
  const former = formerEpochs(endings, {
    environment: config.environment,
    trades: config.feed.channels.includes('trade'),
    aggTrades: config.feed.channels.includes('agg_trade'),
    everyVenue: config.feed.mode === 'all',
  });
  const lookBack = () =>
    readRecent(
      config,
      outlets.map(({ name, drain }, index) => ({
        name,
        endings: endings[index] ?? [],
        recent: drain.recent.bind(drain),
      })),
      former,
      ({ message }, sink) => log.warn({ event: 'windows_not_rebuilt', sink }, message),
    );
  // Neither files nor a spill are read while they are written.
  const isLater = outlets.every(({ name, drain }) => name === 'kafka' && drain.stats().queued === 0);
  const stopAsked$ = new Subject<void>();
  const past = isLater
    ? firstValueFrom(race(timer(LOOK_BACK_AFTER_MS, scheduler), stopAsked$)).then(lookBack)
    : lookBack();
  const told = isLater ? undefined : (await past).told;
  if (dependencies.signal?.aborted) return giveUp(dependencies.signal.reason);
  const recent = past.then((found) => found.former);
  const feed = buildFeed(config, { ...venueDependencies, instance: randomUUID(), former, recent }, venues);
  for (const [index, outlet] of outlets.entries())
    outlet.begin(feed, endings[index] ?? [], former, told?.get(outlet.name));
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
      for (const outlet of outlets) {
        if (record === timed) outlet.latency.pushed(out);
        outlet.push(out, barrier);
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
    const closing = outlets.map((outlet) => outlet.drain.close({ deadlineMs }));
    // One that fails must not cut the others off.
    await Promise.allSettled(closing);
    const ends = await Promise.all(closing);
    const undelivered = ends.reduce((sum, end) => sum + end.undelivered, 0);
    const spilled = ends.reduce((sum, end) => sum + end.spilled, 0);
    const dropped = outlets
      .flatMap(({ drain }) => Object.values(drain.stats().dropped))
      .reduce((sum, count) => sum + count, 0);
    log.info(
      {
        event: 'stopped',
        reason,
        undelivered,
        spilled,
        sinks: outlets.map(({ name, drain, latency }) => ({
          sink: name,
          ...drain.stats(),
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
  const sinkStats = () => outlets.map(({ name, drain }) => ({ name, stats: drain.stats() }));
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

/** Records, and bytes, that wait in memory for a sink at most. */
const MOST_WAITING = 200_000;
const MOST_WAITING_BYTES = 256 * 2 ** 20;
/** What venues hold back for a part comes all at once, and needs so much room. */
const LEAST_PORTION = 0.25;

const BARRIER = { barrier: true } as const;

/** Where former runs ended in each sink. @throws the signal's reason where that comes first. */
async function openAll(
  outlets: readonly Outlet[],
  signal: AbortSignal | undefined,
): Promise<readonly (readonly Ending[])[]> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      Promise.all(outlets.map((outlet) => outlet.drain.close({ deadlineMs: 0 }))).then(
        () => reject(signal?.reason),
        reject,
      );
    };
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([Promise.all(outlets.map((outlet) => outlet.open())), aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

interface OutletOptions {
  readonly scheduler: SchedulerLike;
  readonly config: Config;
  readonly log: Logger;
  readonly latency: AckLatency;
  readonly part: PipelinePart | undefined;
  readonly spillFiles: SpillFiles | undefined;
  /** Of the memory that a pipeline may take. */
  readonly portion: number;
  readonly onDelivered: PipelineDependencies['onDelivered'];
  readonly onFailed: (fault: Fault) => void;
}

/** A sink behind its drain, and what the feed has to hear of it. */
class Outlet {
  readonly name: string;
  readonly drain: Drain;
  readonly latency: AckLatency;
  readonly #config: Config;
  readonly #scheduler: SchedulerLike;
  readonly #log: Logger;
  readonly #part: PipelinePart | undefined;
  #feed: Feed | undefined;
  /** Where the sink is ahead of the feed, which goes on behind another. */
  #ahead: AheadOf | undefined;
  /** The windows that it has, where another may lack some. */
  #told: ToldWindows | undefined;
  #down = false;
  #isOver = false;
  #dropped = new Map<string, number>();
  #telling = false;
  /** Changes of books are among what was dropped, and nothing has made up for them yet. */
  #lacksDeltas = false;

  constructor(sink: Sink, options: OutletOptions) {
    const { scheduler, config, log, latency, part, portion, spillFiles: files, onDelivered, onFailed } = options;
    this.latency = latency;
    this.#config = config;
    this.#log = log;
    this.#part = part;
    this.#scheduler = scheduler;
    this.name = sink.name;
    this.drain = createDrain(sink, {
      scheduler,
      ...(sink.name === 'kafka' ? batchOptions(config) : {}),
      maxRecords: Math.ceil(MOST_WAITING * portion),
      maxBytes: MOST_WAITING_BYTES * portion,
      spill: {
        dir: join(config.spill.dir, sink.name),
        maxBytes: config.spill.maxMb * 2 ** 20,
        ...(files === undefined ? {} : { files }),
      },
      outGap: (gap) => this.#outOf({ ...gap, environment: config.environment }),
      onFailed: (fault) => {
        this.#isOver = true;
        // In a cluster that is how a shard is handed over.
        const level = part !== undefined && isTakenOver(fault.cause) ? 'debug' : 'error';
        log[level]({ event: 'sink_failed', sink: sink.name }, fault.message);
        onFailed(fault);
      },
      onSpill: (event, reason) => this.#onSpill(event, reason),
      onState: (state, reason) => this.#onState(state, reason),
      onDelivered: (records) => {
        latency.acknowledged(records);
        onDelivered?.(sink.name, records);
      },
      onRejected: (record, fault) => this.#onRejected(record.record, fault.message),
      // What comes to a sink that is over is said with that.
      onDropped: (byTopic) => {
        if (!this.#isOver) this.#onDropped(byTopic);
      },
    });
  }

  /** Where former runs ended, what they left in the spill included. */
  async open(): Promise<readonly Ending[]> {
    await this.drain.opened;
    const { channels } = this.#config.feed;
    return this.drain.resume({
      environmentPrefixes: environmentPrefixes(this.#config),
      trades: channels.includes('trade'),
      aggTrades: channels.includes('agg_trade'),
      ...(this.#part === undefined ? {} : { own: this.#part.own }),
    });
  }

  /** The endings again as positions: the next start finds them no older than this one, whatever becomes of the run. */
  begin(feed: Feed, endings: readonly Ending[], former: readonly FormerEpoch[], told: ToldWindows | undefined): void {
    this.#feed = feed;
    this.#told = told;
    this.#ahead = AheadOf.of(endings, former);
    const counted = this.#config.feed.channels.includes('trade') ? 'trade' : 'aggTrade';
    for (const { venue, symbol, epoch, [counted]: last } of endings) {
      if (last === null || last === undefined) continue;
      const { environment } = this.#config;
      const { id: tradeId, timestamp } = last;
      this.drain.push(this.#outOf({ kind: 'position', venue, symbol, epoch, tradeId, timestamp, environment }));
    }
  }

  push(out: OutRecord, barrier: boolean): void {
    if (out.record.kind === 'trade_stats' && this.#told?.has(out.record) === true) return;
    if (this.#ahead === undefined) this.drain.push(out, barrier ? BARRIER : undefined);
    else
      this.#ahead.pass(out.record, (rest) => {
        const isBarrier = barrier || rest.kind === 'gap';
        this.drain.push(rest === out.record ? out : this.#outOf(rest), isBarrier ? BARRIER : undefined);
      });
  }

  #outOf(record: FeedRecord): OutRecord {
    const { mode, allowTestData } = this.#config.feed;
    return { topic: topicNameOf(record, allowTestData), key: keyOf(record, mode), record };
  }

  #onState(state: string, reason: string): void {
    const feed = this.#feed;
    if (feed === undefined) {
      // Before there is a feed nobody publishes it, and a process that waits has to say for what.
      if (state === 'down')
        this.#log.warn({ event: 'sink_unavailable', sink: this.name }, `waits for ${this.name}: ${reason}`);
    } else if (state === 'down' && !this.#down) {
      this.#down = true;
      feed.status({ state: 'sink_unavailable', reason: `${this.name}: ${reason}`, cause: this.name });
    } else if (state === 'up' && this.#down) {
      this.#down = false;
      feed.status({
        state: 'sink_recovered',
        reason: `${this.name} takes records again`,
        cause: this.name,
      });
    }
  }

  /** Not while more is dropped: a whole book is a hundred times as large as a change. */
  #makeUpForDeltas(): void {
    if (!this.#lacksDeltas || this.#telling) return;
    this.#lacksDeltas = false;
    this.#feed?.deltasLost();
  }

  #onSpill(event: SpillEvent, reason: string): void {
    const fields = { event: `spill_${event}`, sink: this.name };
    if (event === 'drained') this.#log.info(fields, reason);
    else this.#log.warn(fields, `${this.name}: ${reason}`);
  }

  #onRejected(record: FeedRecord, reason: string): void {
    this.#log.error({ event: 'record_rejected', sink: this.name, kind: record.kind, reason }, 'record rejected');
    if (record.kind === 'dead_letter' || record.kind === 'status') return;
    const payload = Buffer.from(JSON.stringify(record));
    const receivedAt = 'receivedAt' in record ? record.receivedAt : 0;
    this.#feed?.publish([
      deadLetter({
        venue: record.venue,
        receivedAt,
        stage: 'encode',
        reason,
        payload,
        environment: this.#config.environment,
      }),
    ]);
  }

  /** Told once a second at the most: dropping is already the sign of too much. */
  #onDropped(byTopic: ReadonlyMap<string, number>): void {
    for (const [topic, count] of byTopic) {
      this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + count);
      this.#lacksDeltas ||= topic.endsWith(DELTAS);
    }
    if (this.#telling) return;
    this.#telling = true;
    this.#scheduler.schedule(() => {
      this.#telling = false;
      const details = Object.fromEntries(
        [...this.#dropped].map(([topic, count]) => [`dropped.${topic}`, String(count)]),
      );
      this.#dropped = new Map();
      this.#log.error({ event: 'records_dropped', sink: this.name, ...details }, 'records dropped');
      this.#feed?.status({
        state: 'sink_unavailable',
        reason: `${this.name} is too slow: records were dropped`,
        cause: this.name,
        details,
      });
      this.#scheduler.schedule(() => this.#makeUpForDeltas(), DROPPED_TOLD_EVERY_MS);
    }, DROPPED_TOLD_EVERY_MS);
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

function batchOptions({ kafka }: Config) {
  const { maxRecords, lingerMs, minIntervalMs } = kafka.batch;
  return { maxBatch: maxRecords, lingerMs, minIntervalMs };
}
