import { randomUUID } from 'node:crypto';
import type { SchedulerLike } from 'rxjs';
import { keyOf, topicNameOf } from '../codec/environment-topics.ts';
import type { FeedRecord, FeedStatus, Position } from '../domain/record.ts';
import type { OutRecord, Sink } from '../sinks/contract.ts';
import { createDrain, type Drain } from '../sinks/drain.ts';
import { type SinkSettings, sinks } from '../sinks/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import { buildFeed } from './build-feed.ts';
import { type Config, environmentPrefixes } from './config.ts';
import { deadLetter } from './dead-letter.ts';
import type { Feed } from './feed.ts';
import { monotonicScheduler } from './monotonic-scheduler.ts';
import type { FeedSnapshot } from './snapshot.ts';
import { snapshotOf } from './take-snapshot.ts';

export interface PipelineDependencies {
  readonly log: Logger;
  /** Ends the wait for sinks that cannot be opened. */
  readonly signal?: AbortSignal;
  readonly scheduler?: SchedulerLike;
  readonly wallClockMs?: () => number;
  /** Sees the records of each batch that a sink acknowledged, in order. */
  readonly onDelivered?: (sink: string, records: readonly OutRecord[]) => void;
}

/** The main job while it runs. */
export interface Pipeline {
  readonly feed: Feed;
  snapshot(): FeedSnapshot;
  /** Closes the connections, delivers what was received, within 5 s; says how many records were left. */
  stop(reason: string): Promise<{ readonly undelivered: number }>;
}

/** Of the five seconds that a stop may take; a drain needs up to 1.5 s beyond its deadline. */
const STOP_WITHIN_MS = 3500;
const DROPPED_TOLD_EVERY_MS = 1000;

/** Opens the sinks, reads from them where the last run ended, and connects the venues: resolves once data can flow. */
export async function startPipeline(config: Config, dependencies: PipelineDependencies): Promise<Pipeline> {
  const { log, scheduler = monotonicScheduler, wallClockMs = Date.now, onDelivered } = dependencies;
  const settings: SinkSettings = {
    kafka: config.kafka,
    file: config.file,
    environmentPrefixes: environmentPrefixes(config),
    log: (level, message, details) => log[level]({ event: 'sink', ...details }, message),
    now: () => scheduler.now(),
    wallClockMs,
  };
  const outlets = await Promise.all(
    config.sinks.map(async (name) => new Outlet(await sinks[name](settings), scheduler, config, log, onDelivered)),
  );
  const positions = await openAll(outlets, dependencies.signal);

  const feed = buildFeed(config, { scheduler, wallClockMs, instance: randomUUID(), positions });
  for (const outlet of outlets) outlet.attach(feed);
  const topic = topicNames(config.feed.allowTestData);
  feed.output$.subscribe(({ records, barrier }) => {
    for (const record of records) {
      if (record.kind === 'status') logStatus(log, record);
      const out: OutRecord = { topic: topic(record), key: keyOf(record, config.feed.mode), record };
      for (const { drain } of outlets) drain.push(out, barrier ? BARRIER : undefined);
    }
  });
  feed.start();

  let stopping: Promise<{ readonly undelivered: number }> | undefined;
  const stop = async (reason: string): Promise<{ readonly undelivered: number }> => {
    feed.stop(reason);
    const ends = await Promise.all(outlets.map((outlet) => outlet.drain.close({ deadlineMs: STOP_WITHIN_MS })));
    const undelivered = ends.reduce((sum, end) => sum + end.undelivered, 0);
    log.info(
      {
        event: 'stopped',
        reason,
        undelivered,
        sinks: outlets.map((outlet) => ({ sink: outlet.name, ...outlet.drain.stats() })),
        venues: Object.fromEntries(
          feed.venues.map((venue) => [
            venue.options.venue.id,
            {
              ...venue.counts,
              ignored: Object.fromEntries(venue.counts.ignored),
              warnings: Object.fromEntries(venue.counts.warnings),
            },
          ]),
        ),
      },
      'stopped',
    );
    return { undelivered };
  };
  return {
    feed,
    snapshot: () =>
      snapshotOf(
        feed,
        config,
        outlets.map(({ name, drain }) => ({ name, stats: drain.stats() })),
        wallClockMs(),
        scheduler.now(),
      ),
    stop: (reason) => {
      stopping ??= stop(reason);
      return stopping;
    },
  };
}

const BARRIER = { barrier: true } as const;

/** Where former runs ended in each sink. @throws the signal's reason where that comes first. */
async function openAll(outlets: readonly Outlet[], signal: AbortSignal | undefined): Promise<readonly Position[]> {
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
  try {
    return (await Promise.race([Promise.all(outlets.map((outlet) => outlet.open())), aborted])).flat();
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A sink behind its drain, and what the feed has to hear of it. */
class Outlet {
  readonly name: string;
  readonly drain: Drain;
  readonly #sink: Sink;
  readonly #config: Config;
  readonly #scheduler: SchedulerLike;
  readonly #log: Logger;
  #feed: Feed | undefined;
  #down = false;
  #dropped = new Map<string, number>();
  #telling = false;

  constructor(
    sink: Sink,
    scheduler: SchedulerLike,
    config: Config,
    log: Logger,
    onDelivered: PipelineDependencies['onDelivered'],
  ) {
    this.#sink = sink;
    this.#config = config;
    this.#log = log;
    this.#scheduler = scheduler;
    this.name = sink.name;
    this.drain = createDrain(sink, {
      scheduler,
      ...(sink.name === 'kafka'
        ? { maxBatch: config.kafka.batch.maxRecords, lingerMs: config.kafka.batch.lingerMs }
        : {}),
      onState: (state, reason) => this.#onState(state, reason),
      ...(onDelivered === undefined
        ? {}
        : { onDelivered: (records: readonly OutRecord[]) => onDelivered(sink.name, records) }),
      onRejected: (record, fault) => this.#onRejected(record.record, fault.message),
      onDropped: (records) => this.#onDropped(records),
    });
  }

  /** Where former runs ended, of every environment that this one may write to. */
  async open(): Promise<readonly Position[]> {
    await this.drain.opened;
    const prefixes = environmentPrefixes(this.#config);
    return (await Promise.all(prefixes.map((prefix) => this.#sink.positions(prefix)))).flat();
  }

  attach(feed: Feed): void {
    this.#feed = feed;
  }

  #onState(state: string, reason: string): void {
    const feed = this.#feed;
    if (feed === undefined) {
      // Before there is a feed nobody publishes it, and a process that waits has to say for what.
      if (state === 'down')
        this.#log.warn({ event: 'sink_unavailable', sink: this.name }, `waits for ${this.name}: ${reason}`);
    } else if (state === 'down' && !this.#down) {
      this.#down = true;
      feed.status({ state: 'sink_unavailable', reason: `${this.name}: ${reason}`, details: { sink: this.name } });
    } else if (state === 'up' && this.#down) {
      this.#down = false;
      feed.status({
        state: 'sink_recovered',
        reason: `${this.name} takes records again`,
        details: { sink: this.name },
      });
    }
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
        environment: record.environment,
      }),
    ]);
  }

  /** Told once a second at the most: dropping is already the sign of too much. */
  #onDropped(records: readonly OutRecord[]): void {
    for (const { topic } of records) this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + 1);
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
        details: { sink: this.name, ...details },
      });
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

const LOUD = new Set([
  'disconnected',
  'feed_stale',
  'failed_over',
  'subscription_rejected',
  'gap_unrepaired',
  'region_blocked',
  'rate_limited',
  'sink_unavailable',
  'trading_halted',
]);

function logStatus(log: Logger, record: FeedStatus): void {
  const fields = {
    event: record.state,
    venue: record.venue,
    coin: record.coin,
    active_venue: record.activeVenue,
    ...record.details,
  };
  if (record.state === 'heartbeat') log.debug(fields, record.reason);
  else if (LOUD.has(record.state)) log.warn(fields, record.reason);
  else log.info(fields, record.reason);
}
