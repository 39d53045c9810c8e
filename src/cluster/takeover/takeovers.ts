import type { SchedulerLike } from 'rxjs';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../telemetry/log.ts';
import { merged, type Plan } from '../assignment/shard-assigner.ts';
import type { Peers } from '../peers.ts';
import { OwnerHeartbeats } from './owner-heartbeats.ts';
import { Hangs, limitAfter, NEEDLESS_WITHIN_MS } from './takeover-rule.ts';
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
  readonly #hangs: Hangs;
  /** Undefined without standbys: then no heartbeats are read. */
  readonly #heartbeats: OwnerHeartbeats | undefined;
  /** When a living owner was last shut out of a shard, at any instance, the scheduler's milliseconds. */
  readonly #lostAt = new Map<number, number>();
  #limits: ReadonlyMap<number, number> = new Map();
  /** The owner of each shard by the last assignment, and since when. */
  #owners: ReadonlyMap<number, { readonly id: string; readonly since: number }> = new Map();

  constructor(options: TakeoversOptions) {
    this.#options = options;
    const { config, peers, scheduler } = options;
    const { warmStandbys, takeoverAfterMs, sessionTimeoutMs } = config.cluster;
    this.#hangs = new Hangs(scheduler.now());
    if (warmStandbys === 0) {
      this.#endWatch = () => {};
      return;
    }
    const heartbeats = new OwnerHeartbeats(scheduler);
    this.#heartbeats = heartbeats;
    void peers.followOwners(heartbeats, this.#closing.signal);
    const limitMs = (shard: number) => this.#limits.get(shard) ?? takeoverAfterMs;
    const ownedSince = (shard: number) => this.#owners.get(shard)?.since ?? 0;
    const limits = { limitMs, afterOutageMs: sessionTimeoutMs };
    this.#endWatch = watchTakeovers({ ...options, heartbeats, ownedSince, hangs: this.#hangs, ...limits });
  }

  /** The raised limits that this instance knows, milliseconds, by shard. */
  get limits(): ReadonlyMap<number, number> {
    return this.#limits;
  }

  /** How long ago a living owner was shut out of a shard, milliseconds, by shard. */
  get lostMsAgo(): ReadonlyMap<number, number> {
    const now = this.#options.scheduler.now();
    const ages = [...this.#lostAt].map(([shard, at]) => [shard, Math.round(now - at)] as const);
    return new Map(ages.filter(([, ageMs]) => ageMs <= NEEDLESS_WITHIN_MS));
  }

  /** True if the shard's present owner publishes nothing, or if that is not known. */
  isOwnerSilent(shard: number): boolean {
    return this.#heartbeats?.isSilent(shard) ?? true;
  }

  /** Notes an assignment, and what other instances know. */
  assigned({ owned, limits, lostMsAgo }: Pick<Plan, 'owned' | 'limits' | 'lostMsAgo'>): void {
    const now = this.#options.scheduler.now();
    for (const [shard, ageMs] of lostMsAgo)
      this.#lostAt.set(shard, Math.max(now - ageMs, this.#lostAt.get(shard) ?? Number.NEGATIVE_INFINITY));
    this.#owners = new Map(
      [...owned].flatMap(([id, shards]) =>
        shards.map((shard) => {
          const before = this.#owners.get(shard);
          return [shard, before?.id === id ? before : { id, since: now }];
        }),
      ),
    );
    this.#limits = merged([this.#limits, limits], Math.max);
  }

  /** Notes that another instance shut this one out of a shard although this one lives. That was right if this one hung. */
  lost(shard: number): void {
    const { config, log, scheduler } = this.#options;
    const { takeoverAfterMs, sessionTimeoutMs } = config.cluster;
    const now = scheduler.now();
    const limitMs = this.#limits.get(shard) ?? takeoverAfterMs;
    if (this.#hangs.recentMs(now) >= limitMs) return;
    const before = this.#lostAt.get(shard);
    this.#lostAt.set(shard, now);
    const raisedMs = limitAfter(before === undefined ? undefined : now - before, limitMs, sessionTimeoutMs);
    if (raisedMs === limitMs) return;
    this.#limits = new Map([...this.#limits, [shard, raisedMs]]);
    const text = `the shard was taken over twice within ten minutes although this instance lives: its standby now waits ${raisedMs} ms`;
    log.warn({ event: 'takeover_limit_raised', shard, takeover_after_ms: raisedMs }, text);
  }

  close(): void {
    this.#closing.abort();
    this.#endWatch();
  }
}
