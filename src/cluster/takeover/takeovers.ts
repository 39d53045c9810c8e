import type { SchedulerLike } from 'rxjs';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../telemetry/log.ts';
import { highest, type Plan } from '../assignment/shard-assigner.ts';
import type { Peers } from '../peers.ts';
import { OwnerHeartbeats } from './owner-heartbeats.ts';
import { limitAfter } from './takeover-rule.ts';
import { type TakeoverWatchOptions, watchTakeovers } from './takeover-watch.ts';

export interface TakeoversOptions extends Pick<TakeoverWatchOptions, 'standsBy' | 'serves' | 'takeOver'> {
  readonly config: Config;
  readonly log: Logger;
  readonly peers: Pick<Peers, 'followOwners'>;
  readonly scheduler: SchedulerLike;
}

/** Takes shards over whose owner is silent, and knows for how long an owner may be silent. */
export class Takeovers {
  readonly #options: TakeoversOptions;
  readonly #closing = new AbortController();
  readonly #endWatch: () => void;
  /** When another instance shut this one out of a shard that the group had assigned to it, the scheduler's milliseconds. */
  readonly #lostAt = new Map<number, readonly number[]>();
  #limits: ReadonlyMap<number, number> = new Map();
  /** The owner of each shard by the last assignment, and since when. */
  #owners: ReadonlyMap<number, { readonly id: string; readonly since: number }> = new Map();

  constructor(options: TakeoversOptions) {
    this.#options = options;
    const { config, peers, scheduler } = options;
    const { shards, warmStandbys, takeoverAfterMs } = config.cluster;
    if (warmStandbys === 0) {
      this.#endWatch = () => {};
      return;
    }
    const heartbeats = new OwnerHeartbeats(shards, scheduler);
    void peers.followOwners(heartbeats, this.#closing.signal);
    const limitMs = (shard: number) => this.#limits.get(shard) ?? takeoverAfterMs;
    const ownedSince = (shard: number) => this.#owners.get(shard)?.since ?? 0;
    this.#endWatch = watchTakeovers({ ...options, heartbeats, ownedSince, limitMs });
  }

  /** The raised limits that this instance knows, milliseconds, by shard. */
  get limits(): ReadonlyMap<number, number> {
    return this.#limits;
  }

  /** Notes an assignment, and the limits that other instances raised. */
  assigned({ owned, limits }: Pick<Plan, 'owned' | 'limits'>): void {
    const now = this.#options.scheduler.now();
    this.#owners = new Map(
      [...owned].flatMap(([id, shards]) =>
        shards.map((shard) => {
          const before = this.#owners.get(shard);
          return [shard, before?.id === id ? before : { id, since: now }];
        }),
      ),
    );
    this.#limits = highest([this.#limits, limits]);
  }

  /** Notes that another instance shut this one out of a shard although this one lives. */
  lost(shard: number): void {
    const { config, log, scheduler } = this.#options;
    const { takeoverAfterMs, sessionTimeoutMs } = config.cluster;
    const lostAt = [...(this.#lostAt.get(shard) ?? []), scheduler.now()].slice(-2);
    this.#lostAt.set(shard, lostAt);
    const limitMs = this.#limits.get(shard) ?? takeoverAfterMs;
    const raisedMs = limitAfter(lostAt, limitMs, sessionTimeoutMs);
    if (raisedMs === limitMs) return;
    this.#limits = highest([this.#limits, new Map([[shard, raisedMs]])]);
    const text = `the shard was taken over twice within ten minutes although this instance lives: its standby now waits ${raisedMs} ms`;
    log.warn({ event: 'takeover_limit_raised', shard, takeover_after_ms: raisedMs }, text);
  }

  close(): void {
    this.#closing.abort();
    this.#endWatch();
  }
}
