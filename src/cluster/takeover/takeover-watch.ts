import { interval, type SchedulerLike } from 'rxjs';
import type { OwnerHeartbeats } from './owner-heartbeats.ts';
import { BrokersUp, type Hangs, isTakeoverDue } from './takeover-rule.ts';

const CHECK_EVERY_MS = 50;

export interface TakeoverWatchOptions {
  readonly heartbeats: OwnerHeartbeats;
  /** The shards for which this instance is the standby now. */
  readonly standsBy: () => readonly number[];
  /** When a shard got its owner, the scheduler's milliseconds. */
  readonly ownedSince: (shard: number) => number;
  /** The shards that this instance serves now. */
  readonly serves: () => readonly number[];
  /** How long the heartbeats of a shard's owner may be missing, milliseconds. */
  readonly limitMs: (shard: number) => number;
  /** The same after the brokers were away. */
  readonly afterOutageMs: number;
  readonly takeOver: (shard: number, reason: string) => void;
  readonly hangs: Hangs;
  readonly scheduler: SchedulerLike;
}

/** Takes shards over whose owner is silent. Returns a function that ends the watch. */
export function watchTakeovers(options: TakeoverWatchOptions): () => void {
  const { heartbeats, standsBy, ownedSince, serves, limitMs, afterOutageMs, takeOver, hangs, scheduler } = options;
  const brokersUp = new BrokersUp();
  const subscription = interval(CHECK_EVERY_MS, scheduler).subscribe(() => {
    const now = scheduler.now();
    hangs.check(now);
    const brokersSince = brokersUp.check(now, lastProof(heartbeats, serves()));
    for (const shard of standsBy()) {
      const receivedAt = heartbeats.receivedAt(shard);
      const limits = { afterMs: limitMs(shard), afterOutageMs };
      const signs = { now, receivedAt, brokersSince, ownedSince: ownedSince(shard), ...limits };
      if (!isTakeoverDue(signs) || receivedAt === undefined) continue;
      takeOver(shard, `no heartbeat of its owner for ${Math.round(now - receivedAt)} ms`);
    }
  });
  return () => subscription.unsubscribe();
}

/**
 * Returns when the brokers last proved that they work: when an own heartbeat was read, which was written before, or if this
 * instance serves no shard, when a broker last answered.
 */
function lastProof(heartbeats: OwnerHeartbeats, serves: readonly number[]): number | undefined {
  if (serves.length === 0) return heartbeats.answeredAt;
  const own = serves.flatMap((shard) => heartbeats.receivedAt(shard) ?? []);
  return own.length === 0 ? undefined : Math.max(...own);
}
