import type { SchedulerLike } from 'rxjs';
import type { FeedStatus } from '../../domain/record.ts';
import { shardOf } from '../shard-of.ts';

/** What was last read of a shard's owner. */
export interface Owner {
  /** When its last heartbeat was read, the scheduler's milliseconds. */
  readonly receivedAt: number;
  readonly isStopped: boolean;
}

/** The last heartbeats of all shards' owners. */
export class OwnerHeartbeats {
  readonly #scheduler: SchedulerLike;
  readonly #shards: number;
  readonly #owners = new Map<number, Owner>();
  /** The shard of each instance whose heartbeat was received. */
  readonly #shardOf = new Map<string, number>();
  /** When a broker last answered, the scheduler's milliseconds. Undefined: never. */
  answeredAt: number | undefined;

  /** @param shards the number of shards of the cluster */
  constructor(shards: number, scheduler: SchedulerLike) {
    this.#shards = shards;
    this.#scheduler = scheduler;
  }

  /** Notes that a broker has answered. */
  answered(): void {
    this.answeredAt = this.#scheduler.now();
  }

  owner(shard: number): Owner | undefined {
    return this.#owners.get(shard);
  }

  /** Notes a record of `feed-status`. */
  add({ state, instance, heartbeat }: Pick<FeedStatus, 'state' | 'instance' | 'heartbeat'>): void {
    const now = this.#scheduler.now();
    if (state === 'stopped') {
      const shard = this.#shardOf.get(instance);
      this.#shardOf.delete(instance);
      if (shard !== undefined) this.#owners.set(shard, { receivedAt: now, isStopped: true });
      return;
    }
    // All symbols of an instance are of one shard.
    const symbol = heartbeat?.symbols[0];
    if (state !== 'heartbeat' || symbol === undefined) return;
    const shard = shardOf(symbol, this.#shards);
    this.#shardOf.set(instance, shard);
    this.#owners.set(shard, { receivedAt: now, isStopped: false });
  }
}
