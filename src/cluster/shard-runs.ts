import type { SchedulerLike } from 'rxjs';
import type { Config } from '../config/config.ts';
import type { Fault } from '../domain/fault.ts';
import type { PipelineMetrics } from '../domain/metrics-snapshot.ts';
import type { ShardSnapshot, StatusSnapshot } from '../domain/status-snapshot.ts';
import { type Pipeline, type PipelineDependencies, type PipelinePart, startPipeline } from '../runtime/run.ts';
import type { Stopped } from '../runtime/sink-pipelines.ts';
import type { VenueAccess } from '../runtime/venue-access.ts';
import type { ServedShard, ShardRate } from './assignment/shard-assigner.ts';
import { configOfShard, nameOfShard } from './config-of-shard.ts';
import { mergeMetrics, metricsLeft } from './merge-metrics-snapshots.ts';
import { mergeStatus, statusLeft } from './merge-status-snapshots.ts';
import { shardFilter } from './shard-of.ts';
import { ShardRun } from './shard-run.ts';
import { Turns } from './takeover/turns.ts';
import { waitToFence } from './takeover/wait-to-fence.ts';

/** Seconds after which a shard's measured rate is meaningful. */
const MEASURED_AFTER_S = 5;
const NOTHING_KNOWN: ShardRate = { rate: 0, seconds: 0 };

export interface ShardRunsOptions {
  readonly config: Config;
  readonly dependencies: PipelineDependencies;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  /** All shards of an instance share it, because a venue limits them together, by their one IP address. */
  readonly access: VenueAccess;
  /** True if the shard's present owner publishes nothing, or if that is not known. */
  readonly isOwnerSilent: (shard: number) => boolean;
  /** Called when a shard's pipeline has ended. `fault`: why it failed; undefined: it was given up or stopped. */
  readonly onEnded: (shard: number, fault: Fault | undefined) => void;
  /** Called if handling an end failed. */
  readonly onFailed: (error: unknown) => void;
}

/** The pipelines of an instance, one for each shard that it serves or stands by for, and what ended ones leave. */
export class ShardRuns {
  readonly #options: ShardRunsOptions;
  readonly #runs = new Map<number, ShardRun>();
  readonly #turns: Turns;
  readonly #startedAt: number;
  #past = mergeMetrics([]);
  #left: readonly StatusSnapshot[] = [];
  /** What became of the records of ended pipelines. */
  stopped: Stopped = { undelivered: 0, spilled: 0, dropped: 0 };

  constructor(options: ShardRunsOptions) {
    this.#options = options;
    this.#turns = new Turns(options.scheduler);
    this.#startedAt = options.wallClockMs();
  }

  [Symbol.iterator](): IterableIterator<[number, ShardRun]> {
    return this.#runs[Symbol.iterator]();
  }

  get(shard: number): ShardRun | undefined {
    return this.#runs.get(shard);
  }

  has(shard: number): boolean {
    return this.#runs.has(shard);
  }

  /** The shards whose run has a property. */
  that(is: (run: ShardRun) => boolean): readonly number[] {
    return [...this.#runs].flatMap(([shard, run]) => (is(run) ? shard : []));
  }

  pipelines(): readonly Pipeline[] {
    return [...this.#runs.values()].flatMap(({ pipeline }) => pipeline ?? []);
  }

  snapshot(): StatusSnapshot {
    const { config, wallClockMs } = this.#options;
    const own = this.pipelines().map((pipeline) => pipeline.snapshot());
    const { environment, feed } = config;
    const of = { at: wallClockMs(), startedAt: this.#startedAt, environment, mode: feed.mode };
    const shards = [...this.#runs]
      .map(([shard, run]): ShardSnapshot => ({ shard, role: roleOf(run) }))
      .sort((a, b) => a.shard - b.shard);
    return { ...mergeStatus(own, of, this.#left), shards };
  }

  metrics(): PipelineMetrics {
    return mergeMetrics([this.#past, ...this.pipelines().map((pipeline) => pipeline.metrics())]);
  }

  /** The shards that this instance serves. */
  served(): ReadonlyMap<number, ServedShard> {
    const now = this.#options.scheduler.now();
    return new Map(
      [...this.#runs]
        .filter(([, run]) => run.serves)
        .map(([shard, { since, pipeline }]): [number, ServedShard] => {
          const ageMs = now - since;
          const seconds = ageMs / 1000;
          const isKnown = pipeline !== undefined && seconds >= MEASURED_AFTER_S;
          // Fetched trades are older, so they do not count.
          return [
            shard,
            { ageMs, ...(isKnown ? { rate: pipeline.feed.liveTrades / seconds, seconds } : NOTHING_KNOWN) },
          ];
        }),
    );
  }

  start(shard: number, { isStandby }: Pick<ShardRun, 'isStandby'>): void {
    const { config, dependencies, scheduler, access, isOwnerSilent, onEnded, onFailed } = this.#options;
    const { shards } = config.cluster;
    const log = dependencies.log.child({ shard });
    const turn = this.#turns.newTurn();
    const part: PipelinePart = {
      name: nameOfShard(shard),
      isOwn: shardFilter(shard, shards),
      bufferShare: 1 / shards,
      access,
      beforeFence: async (venues, signal) => {
        await waitToFence({ venues, isOwnerSilent: () => isOwnerSilent(shard), scheduler, signal });
        await turn.begin();
        run.beginFence();
      },
      afterFence: () => turn.end(),
    };
    const start = async (signal: AbortSignal, takeover: Promise<void> | undefined): Promise<Pipeline> => {
      const own = { ...dependencies, log, signal, part, ...(takeover === undefined ? {} : { takeover }) };
      const pipeline = await startPipeline(configOfShard(config, shard), own);
      const ms = Math.round(scheduler.now() - run.since);
      log.info({ event: 'shard_started', ms }, "the shard's previous writer is shut out, and its records are read");
      return pipeline;
    };
    const run: ShardRun = new ShardRun(start, scheduler, { isStandby });
    this.#runs.set(shard, run);
    const over = run.ended.then(({ fault, ran }) => {
      this.#runs.delete(shard);
      if (ran !== undefined) {
        this.stopped = sumOf(this.stopped, ran.stopped);
        this.#past = mergeMetrics([this.#past, metricsLeft(ran.metrics)]);
        this.#left = [mergeStatus([], ran.snapshot, [statusLeft(ran.snapshot), ...this.#left])];
      }
      onEnded(shard, fault);
    });
    over.catch(onFailed);
  }
}

function roleOf({ isStandby, pipeline }: ShardRun): ShardSnapshot['role'] {
  if (isStandby) return 'standby';
  return pipeline === undefined ? 'starting' : 'owner';
}

function sumOf(a: Stopped, b: Stopped): Stopped {
  return { undelivered: a.undelivered + b.undelivered, spilled: a.spilled + b.spilled, dropped: a.dropped + b.dropped };
}
