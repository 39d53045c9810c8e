import { firstValueFrom, type SchedulerLike, timer } from 'rxjs';
import { type Config, coinSymbols } from '../config/config.ts';
import { asFault, type Fault } from '../domain/fault.ts';
import type { PipelineMetrics } from '../domain/metrics-snapshot.ts';
import type { StatusSnapshot } from '../domain/status-snapshot.ts';
import type { FeedWatch } from '../feed/status/feed-watch.ts';
import type { KafkaLog } from '../kafka/config.ts';
import { isTakenOver } from '../kafka/kafka-error.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import { malformedRowsLogger, type Observed, type PipelineDependencies, type Running } from '../runtime/run.ts';
import type { Stopped } from '../runtime/sink-pipelines.ts';
import { startingSnapshot } from '../runtime/snapshots/take-status-snapshot.ts';
import { VenueAccess } from '../runtime/venue-access.ts';
import { lockFolder } from '../sinks/lock-folder.ts';
import { shardAssigner } from './assignment/shard-assigner.ts';
import { mergeMetrics } from './merge-metrics-snapshots.ts';
import { type ClusterMember, kafkaPeers, type Peers } from './peers.ts';
import { shardOf } from './shard-of.ts';
import { ShardRuns } from './shard-runs.ts';
import { prepareShardsTopic } from './shards-topic.ts';
import { Takeovers } from './takeover/takeovers.ts';
import { AGAIN_MS, untilDone } from './until-done.ts';

const MOST_BEAT_MS = 100;
const BEATS_A_SESSION = 10;
/** How often the assigning member checks that all shards are assigned. */
const LOOK_EVERY_MS = 30_000;
/** How long a stopping instance continues delivery, so that others can take over its shards. */
const TAKEOVER_MS = 1500;

/**
 * Runs one of several instances that share the symbols in a Kafka group. Each partition of the topic `shards` is a
 * shard; its owner runs a pipeline for it, and another instance is its warm standby. The group and the standby decide who
 * should write, and the pipeline's fence stops everyone else (docs/decisions/0007, 0012).
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
    const peers = kafkaPeers(config, dependencies.scheduler ?? monotonicScheduler, kafkaLog);
    return new Cluster(config, ofShards, peers, unlock);
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

/** One instance. */
export class Cluster implements Running {
  readonly #config: Config;
  readonly #dependencies: PipelineDependencies;
  readonly #scheduler: SchedulerLike;
  readonly #member: ClusterMember;
  readonly #runs: ShardRuns;
  readonly #takeovers: Takeovers;
  readonly #failing = new AbortController();
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  readonly #sizeOf: (shard: number) => number;
  /** Unlocks the folder of the spills. */
  readonly #unlock: () => void;
  /** The shards that this instance owns: assigned by the group, or taken over since. */
  #owned: ReadonlySet<number> = new Set();
  /** The shards for which this instance is the standby, by the last assignment. */
  #standsBy: ReadonlySet<number> = new Set();
  /** True if this instance has to join the group again, because another instance took a shard over. */
  #isJoinDue = false;
  #stop: Promise<Stopped> | undefined;

  constructor(config: Config, dependencies: PipelineDependencies, peers: Peers, unlock: () => void) {
    const { scheduler = monotonicScheduler, wallClockMs = Date.now, signal, log } = dependencies;
    this.#config = config;
    this.#dependencies = dependencies;
    this.#unlock = unlock;
    this.#scheduler = scheduler;
    this.#sizeOf = sizesOf(config);
    const onMalformedRows = malformedRowsLogger(log);
    const access = new VenueAccess(config, { ...dependencies, scheduler, onMalformedRows });
    const onFailed = (error: unknown): void => this.#failing.abort(asFault(error));
    const onEnded = (shard: number, fault: Fault | undefined): void => this.#onEnded(shard, fault);
    const isOwnerSilent = (shard: number): boolean => takeovers.isOwnerSilent(shard);
    const shared = { config, dependencies, scheduler, wallClockMs, access };
    const runs = new ShardRuns({ ...shared, isOwnerSilent, onEnded, onFailed });
    const standsBy = () => runs.that(({ isStandby }) => isStandby);
    const takeovers = new Takeovers({
      ...{ config, log, peers, scheduler, standsBy },
      serves: () => runs.that(({ pipeline, serves }) => serves && pipeline !== undefined),
      takeOver: (shard, reason) => this.#takeOver(shard, reason),
    });
    const assigner = shardAssigner({
      report: () => ({
        serves: runs.served(),
        standsBy: runs.that((run) => run.isStandby || run.isGivenUp),
        ...{ limits: takeovers.limits, lostMsAgo: takeovers.lostMsAgo },
      }),
      sizeOf: this.#sizeOf,
      hasStandbys: config.cluster.warmStandbys > 0,
      onPlan: (plan) => {
        this.#standsBy = new Set(plan.standbys.get(this.#member.id));
        takeovers.assigned(plan);
      },
    });
    this.#runs = runs;
    this.#takeovers = takeovers;
    this.#member = peers.member(assigner);
    signal?.addEventListener('abort', () => void this.stop(String(signal.reason)), { once: true });
    this.#following = this.#follow().catch(onFailed);
  }

  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  feeds(): readonly FeedWatch[] {
    return this.#runs.pipelines().flatMap(({ feed }) => feed.watches);
  }

  snapshot(): StatusSnapshot {
    return this.#runs.snapshot();
  }

  metrics(): PipelineMetrics {
    return this.#runs.metrics();
  }

  stop(reason: string): Promise<Stopped> {
    this.#stop ??= this.#close(reason);
    return this.#stop;
  }

  async #close(reason: string): Promise<Stopped> {
    const { log } = this.#dependencies;
    this.#stopping.abort(reason);
    const since = this.#scheduler.now();
    const isAlone = this.#owned.size === this.#config.cluster.shards;
    this.#owned = new Set();
    this.#standsBy = new Set();
    this.#takeovers.close();
    const runs = [...this.#runs].map(([, run]) => run);
    for (const run of runs) if (run.isStandby) run.stop(reason);
    await this.#member.leave();
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
    return this.#runs.stopped;
  }

  async #follow(): Promise<void> {
    const { log } = this.#dependencies;
    const { sessionTimeoutMs } = this.#config.cluster;
    const beatMs = Math.min(MOST_BEAT_MS, sessionTimeoutMs / BEATS_A_SESSION);
    while (!this.#stopping.signal.aborted) {
      this.#isJoinDue = false;
      const share = await untilDone(() => this.#member.join(), {
        ...this.#dependencies,
        signal: this.#stopping.signal,
      });
      if (share === undefined || this.#stopping.signal.aborted) return;
      this.#apply(new Set(share.keys()));
      let logged = '';
      let looked = this.#scheduler.now();
      for (let isMember = true; isMember && !this.#isJoinDue && !this.#stopping.signal.aborted; ) {
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
    const { group } = this.#config.cluster;
    this.#owned = assigned;
    const fields = { event: 'shards_assigned', group, shards: [...assigned], standby_of: [...this.#standsBy] };
    log.info(fields, `this instance has ${assigned.size} shards, and is the standby of ${this.#standsBy.size}`);
    for (const [shard, run] of this.#runs) {
      if (assigned.has(shard)) {
        run.keep();
        run.takeOver();
      } else if (!run.isStandby) run.giveUp();
      else if (!this.#standsBy.has(shard)) run.stop('not the standby any more');
    }
    for (const shard of [...assigned, ...this.#standsBy]) this.#startIfWanted(shard);
  }

  #takeOver(shard: number, reason: string): void {
    const { log } = this.#dependencies;
    log.warn({ event: 'shard_taken_over', shard }, `this instance takes the shard over: ${reason}`);
    this.#owned = new Set([...this.#owned, shard]);
    this.#runs.get(shard)?.takeOver();
  }

  #isWanted(shard: number): boolean {
    return this.#owned.has(shard) || this.#standsBy.has(shard);
  }

  /** Starts the shard's pipeline if this instance owns the shard or is its standby, and does not run it yet. */
  #startIfWanted(shard: number): void {
    if (!this.#isWanted(shard) || this.#runs.has(shard) || this.#sizeOf(shard) === 0) return;
    this.#runs.start(shard, { isStandby: !this.#owned.has(shard) });
  }

  #onEnded(shard: number, fault: Fault | undefined): void {
    const { log } = this.#dependencies;
    if (fault === undefined) this.#startIfWanted(shard);
    else if (isTakenOver(fault.cause)) {
      log.info({ event: 'shard_handed_over', shard }, 'another instance has the shard');
      if (this.#owned.has(shard)) this.#lose(shard);
      else this.#startIfWanted(shard);
    } else if (fault.retry.kind === 'never') this.#failing.abort(fault);
    else {
      log.warn({ event: 'shard_failed', shard }, `starts again: ${fault.message}`);
      void this.#restart(shard);
    }
  }

  /**
   * Leaves a shard to the instance that shut this one out. This instance joins the group again, and then becomes the
   * shard's standby. If it started the shard again, the two instances could fence each other for ever.
   */
  #lose(shard: number): void {
    this.#owned = new Set([...this.#owned].filter((one) => one !== shard));
    this.#takeovers.lost(shard);
    this.#isJoinDue = true;
  }

  /** Starts the shard again once the group confirms that this instance is still a member. */
  async #restart(shard: number): Promise<void> {
    while (this.#isWanted(shard) && !this.#runs.has(shard)) {
      await this.#pause(AGAIN_MS);
      const isMember = await this.#member.heartbeat().catch(() => undefined);
      // This instance must join again, and the next assignment starts its shards.
      if (isMember === false) return;
      if (isMember === true) this.#startIfWanted(shard);
    }
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
