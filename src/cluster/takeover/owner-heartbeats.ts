import type { SchedulerLike } from 'rxjs';
import type { FeedStatus } from '../../domain/record.ts';
import { shardOfInstance } from '../config-of-shard.ts';

/** A heartbeat comes once a second. An owner without one for this long is silent, milliseconds. */
const SILENT_MS = 1500;
/** If no broker answers for this long after the start, all owners count as silent, milliseconds: the topic may not exist yet. */
const UNKNOWN_MS = 5000;

/** When the heartbeats of all shards' owners were last read. Times are the scheduler's milliseconds. */
export class OwnerHeartbeats {
  readonly #scheduler: SchedulerLike;
  readonly #since: number;
  readonly #receivedAt = new Map<number, number>();
  /** When a broker first answered, and when it last did. Undefined: never. */
  #firstAnsweredAt: number | undefined;
  answeredAt: number | undefined;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.#since = scheduler.now();
  }

  /** Notes that a broker has answered. */
  answered(): void {
    this.answeredAt = this.#scheduler.now();
    this.#firstAnsweredAt ??= this.answeredAt;
  }

  /** Returns when a heartbeat of the shard's owner was last read. Undefined: never. */
  receivedAt(shard: number): number | undefined {
    return this.#receivedAt.get(shard);
  }

  /** Returns true if the brokers answer, but no heartbeat of the shard's owner came lately. */
  isSilent(shard: number): boolean {
    const since = this.receivedAt(shard) ?? this.#firstAnsweredAt;
    // The last answer counts, not the present time: this process may have been too busy to read.
    if (since !== undefined && this.answeredAt !== undefined) return this.answeredAt - since >= SILENT_MS;
    return this.#scheduler.now() - this.#since >= UNKNOWN_MS;
  }

  /** Notes a record of `feed-status`. */
  add({ state, instance }: Pick<FeedStatus, 'state' | 'instance'>): void {
    const shard = state === 'heartbeat' ? shardOfInstance(instance) : undefined;
    if (shard !== undefined) this.#receivedAt.set(shard, this.#scheduler.now());
  }
}
