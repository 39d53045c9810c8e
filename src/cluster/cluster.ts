import { firstValueFrom, type SchedulerLike, timer } from 'rxjs';
import { type Config, coinSymbols } from '../config/config.ts';
import { asFault, type Fault } from '../domain/fault.ts';
import type { PipelineMetrics } from '../domain/metrics-snapshot.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import type { FeedWatch } from '../feed/status/feed-watch.ts';
import type { KafkaLog } from '../kafka/config.ts';
import { GroupMember } from '../kafka/groups/group-member.ts';
import { isTakenOver } from '../kafka/kafka-error.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import {
  malformedRowsLogger,
  type Observed,
  type Pipeline,
  type PipelineDependencies,
  type Running,
  startPipeline,
} from '../runtime/run.ts';
import type { Stopped } from '../runtime/sink-pipelines.ts';
import { startingSnapshot } from '../runtime/snapshots/take-status-snapshot.ts';
import { VenueAccess } from '../runtime/venue-access.ts';
import { lockFolder } from '../sinks/lock-folder.ts';
import { configOfShard } from './config-of-shard.ts';
import { mergeMetrics, metricsLeft } from './merge-metrics-snapshots.ts';
import { mergeStatus, statusLeft } from './merge-status-snapshots.ts';
import { type ShardRate, shardAssigner } from './shard-assigner.ts';
import { shardFilter, shardOf } from './shard-of.ts';
import { ShardRun } from './shard-run.ts';
import { prepareShardsTopic, shardsTopicOf } from './shards-topic.ts';
import { AGAIN_MS, untilDone } from './until-done.ts';

const MOST_BEAT_MS = 100;
const BEATS_A_SESSION = 10;
/** How often the assigning member checks that all shards are assigned. */
const LOOK_EVERY_MS = 30_000;
/** How long a stopping instance continues delivery, so that others can take over its shards. */
const TAKEOVER_MS = 1500;
/** Seconds after which a shard's measured rate is meaningful. */
const MEASURED_AFTER_S = 5;
const NOTHING_KNOWN: ShardRate = { rate: 0, seconds: 0 };

/**
 * Runs one of several instances that share the symbols in a Kafka group. Each partition of the topic `shards` is a
 * shard; its owner runs a pipeline for it. The group decides who should write, and the pipeline's fence stops everyone
 * else (docs/decisions/0007).
 */
export async function startCluster(config: Config, dependencies: PipelineDependencies): Promise<Running> {
  const { log, signal } = dependencies;
  const kafkaLog: KafkaLog = (level, message, details) => log[level]({ event: 'cluster', ...details }, message);
  // If two instances shared the folder, both would write to the spill of a shard that moves.
  const unlock = lockFolder(config.spill.dir);
  try {
    let reason = 'opening';
    dependencies.onStarting?.(observedStart(config, dependencies, () => reason));
    await untilDone(
      () => prepareShardsTopic(config, kafkaLog),
      dependencies,
      (why) => {
        reason = why;
      },
    );
    signal?.throwIfAborted();
    const { onStarting: _, ...ofShards } = dependencies;
    return new Cluster(config, ofShards, kafkaLog, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** What is known of an instance before it is in the group. */
function observedStart(
  config: Config,
  { wallClockMs = Date.now }: PipelineDependencies,
  reason: () => string,
): Observed {
  const startedAt = wallClockMs();
  const kafka = { name: 'kafka', state: 'down', queued: 0, lagMs: null, delivered: 0, dropped: 0 } as const;
  const latencyMs = { emittedToAcknowledged: null };
  return {
    feeds: () => [],
    snapshot: () =>
      startingSnapshot(config, [{ ...kafka, reason: reason(), latencyMs }], { startedAt, at: wallClockMs() }),
    metrics: () => mergeMetrics([]),
  };
}

class Cluster implements Running {
  readonly #config: Config;
  readonly #dependencies: PipelineDependencies;
  readonly #scheduler: SchedulerLike;
  readonly #member: GroupMember;
  /** All shards of this instance share it, because a venue limits them together, by their one IP address. */
  readonly #access: VenueAccess;
  readonly #runs = new Map<number, ShardRun>();
  readonly #failing = new AbortController();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  readonly #startedAt: number;
  readonly #sizeOf: (shard: number) => number;
  /** Unlocks the folder of the spills. */
  readonly #unlock: () => void;
  #assigned: ReadonlySet<number> = new Set();
  #stopped: Stopped = { undelivered: 0, spilled: 0, dropped: 0 };
  #past = mergeMetrics([]);
  #left: readonly StatusSnapshot[] = [];
  #stop: Promise<Stopped> | undefined;

  constructor(config: Config, dependencies: PipelineDependencies, kafkaLog: KafkaLog, unlock: () => void) {
    const { scheduler = monotonicScheduler, wallClockMs = Date.now, signal } = dependencies;
    this.#config = config;
    this.#dependencies = dependencies;
    this.#unlock = unlock;
    this.#scheduler = scheduler;
    this.#startedAt = wallClockMs();
    const { group, sessionTimeoutMs } = config.cluster;
    this.#sizeOf = sizesOf(config);
    const onMalformedRows = malformedRowsLogger(dependencies.log);
    this.#access = new VenueAccess(config, { scheduler, onMalformedRows });
    const assigner = shardAssigner(() => this.#rates(), this.#sizeOf);
    this.#member = new GroupMember(
      config.kafka,
      shardsTopicOf(config),
      { group, sessionTimeoutMs, assigner },
      kafkaLog,
    );
    signal?.addEventListener('abort', () => void this.stop(String(signal.reason)), { once: true });
    this.#following = this.#follow().catch((error: unknown) => this.#fail(asFault(error)));
  }

  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  feeds(): readonly FeedWatch[] {
    return this.#pipelines().flatMap(({ feed }) => feed.watches);
  }

  snapshot(): StatusSnapshot {
    const { wallClockMs = Date.now } = this.#dependencies;
    const own = this.#pipelines().map((pipeline) => pipeline.snapshot());
    const { environment, feed } = this.#config;
    const of = { at: wallClockMs(), startedAt: this.#startedAt, environment, mode: feed.mode };
    return mergeStatus(own, of, this.#left);
  }

  metrics(): PipelineMetrics {
    return mergeMetrics([this.#past, ...this.#pipelines().map((pipeline) => pipeline.metrics())]);
  }

  stop(reason: string): Promise<Stopped> {
    this.#stop ??= this.#close(reason);
    return this.#stop;
  }

  #pipelines(): readonly Pipeline[] {
    return [...this.#runs.values()].flatMap(({ pipeline }) => pipeline ?? []);
  }

  async #close(reason: string): Promise<Stopped> {
    const { log } = this.#dependencies;
    this.#stopping.abort(reason);
    const since = this.#scheduler.now();
    const isAlone = this.#assigned.size === this.#config.cluster.shards;
    this.#assigned = new Set();
    await this.#member.leave();
    const runs = [...this.#runs.values()];
    const ended = Promise.all(runs.map((run) => run.ended));
    if (!isAlone) {
      const afterMs = this.#scheduler.now() - since + TAKEOVER_MS;
      for (const run of runs) run.giveUp(TAKEOVER_MS, { afterMs });
      await Promise.race([ended, this.#pause(TAKEOVER_MS)]);
    }
    for (const run of runs) run.stop(reason, { afterMs: this.#scheduler.now() - since });
    await Promise.all([ended, this.#following]);
    this.#unlock();
    log.info({ event: 'left_group', group: this.#config.cluster.group }, 'the shards are left to the other instances');
    return this.#stopped;
  }

  async #follow(): Promise<void> {
    const { log } = this.#dependencies;
    const { sessionTimeoutMs } = this.#config.cluster;
    const beatMs = Math.min(MOST_BEAT_MS, sessionTimeoutMs / BEATS_A_SESSION);
    while (!this.#stopping.signal.aborted) {
      const share = await untilDone(() => this.#member.join(), {
        ...this.#dependencies,
        signal: this.#stopping.signal,
      });
      if (share === undefined || this.#stopping.signal.aborted) return;
      this.#apply(new Set(share.keys()));
      let logged = '';
      let looked = this.#scheduler.now();
      for (let isMember = true; isMember && !this.#stopping.signal.aborted; ) {
        await this.#pause(beatMs);
        try {
          isMember = await this.#member.heartbeat();
          if (this.#scheduler.now() >= looked + LOOK_EVERY_MS) {
            looked = this.#scheduler.now();
            isMember &&= await this.#member.sharesAll();
          }
          logged = '';
        } catch (error) {
          // The instance continues without the group. If another instance has fenced a pipeline, that pipeline stops.
          const { message } = asFault(error);
          if (logged !== message) log.warn({ event: 'group_unreachable' }, `the group cannot be reached: ${message}`);
          logged = message;
        }
      }
    }
  }

  #apply(assigned: ReadonlySet<number>): void {
    const { log } = this.#dependencies;
    const { group, sessionTimeoutMs } = this.#config.cluster;
    this.#assigned = assigned;
    log.info({ event: 'shards_assigned', group, shards: [...assigned] }, `this instance has ${assigned.size} shards`);
    for (const [shard, run] of this.#runs) {
      if (assigned.has(shard)) run.keep();
      else run.giveUp(sessionTimeoutMs);
    }
    for (const shard of assigned) if (!this.#runs.has(shard) && this.#sizeOf(shard) > 0) this.#startShard(shard);
  }

  #startShard(shard: number): void {
    const { log } = this.#dependencies;
    const part = {
      isOwn: shardFilter(shard, this.#config.cluster.shards),
      bufferShare: 1 / this.#config.cluster.shards,
      access: this.#access,
    };
    const own = log.child({ shard });
    const run = new ShardRun(async (signal) => {
      const since = this.#scheduler.now();
      const dependencies = { ...this.#dependencies, log: own, signal, part };
      const pipeline = await startPipeline(configOfShard(this.#config, shard), dependencies);
      const ms = Math.round(this.#scheduler.now() - since);
      own.info({ event: 'shard_started', ms }, "the shard's previous writer is shut out, and its records are read");
      return pipeline;
    }, this.#scheduler);
    this.#runs.set(shard, run);
    const over = run.ended.then(({ fault, ran }) => {
      this.#runs.delete(shard);
      if (ran !== undefined) {
        this.#stopped = sumOf(this.#stopped, ran.stopped);
        this.#past = mergeMetrics([this.#past, metricsLeft(ran.metrics)]);
        this.#left = [mergeStatus([], ran.snapshot, [statusLeft(ran.snapshot), ...this.#left])];
      }
      if (fault === undefined) {
        if (this.#assigned.has(shard)) this.#startShard(shard);
        return;
      }
      if (isTakenOver(fault.cause)) own.info({ event: 'shard_handed_over' }, 'another instance has the shard');
      else if (fault.retry.kind !== 'never') own.warn({ event: 'shard_failed' }, `starts again: ${fault.message}`);
      else {
        this.#fail(fault);
        return;
      }
      void this.#restartShard(shard);
    });
    over.catch((error: unknown) => this.#fail(asFault(error)));
  }

  /**
   * Starts the shard again once the group confirms that this instance is still a member. Otherwise two instances could
   * fence each other for ever.
   */
  async #restartShard(shard: number): Promise<void> {
    while (this.#assigned.has(shard) && !this.#runs.has(shard)) {
      await this.#pause(AGAIN_MS);
      const isMember = await this.#member.heartbeat().catch(() => undefined);
      // This instance must join again, and the next assignment starts its shards.
      if (isMember === false) return;
      if (isMember === true && this.#assigned.has(shard) && !this.#runs.has(shard)) this.#startShard(shard);
    }
  }

  #fail(fault: Fault): void {
    this.#failing.abort(fault);
  }

  #rates(): ReadonlyMap<number, ShardRate> {
    const now = this.#scheduler.now();
    return new Map(
      [...this.#runs]
        .filter(([, run]) => !run.isGivenUp)
        .map(([shard, { since, pipeline }]) => {
          const seconds = (now - since) / 1000;
          const isKnown = pipeline !== undefined && seconds >= MEASURED_AFTER_S;
          // Fetched trades are older, so they do not count.
          return [shard, isKnown ? { rate: pipeline.feed.liveTrades / seconds, seconds } : NOTHING_KNOWN];
        }),
    );
  }

  #pause(ms: number): Promise<unknown> {
    return firstValueFrom(timer(ms, this.#scheduler));
  }
}

/** Returns the number of a shard's configured coins; 1 if the venues' lists decide which coins there are. */
function sizesOf(config: Config): (shard: number) => number {
  const symbols = coinSymbols(config);
  if (symbols.length === 0) return () => 1;
  const sizes = Map.groupBy(symbols, (symbol) => shardOf(symbol, config.cluster.shards));
  return (shard) => sizes.get(shard)?.length ?? 0;
}

function sumOf(a: Stopped, b: Stopped): Stopped {
  return { undelivered: a.undelivered + b.undelivered, spilled: a.spilled + b.spilled, dropped: a.dropped + b.dropped };
}
