import type { Moment } from '../../tradability/moment.ts';
import type { MessageOffset } from '../source/source.ts';

/** How far a client is behind in a topic. */
export interface TopicLag {
  /**
   * Age of the oldest record that is not done, milliseconds. If that record is not read yet, its age is an upper bound.
   * At least the time since when there are unread records without a break, whatever the wall clocks say. 0 if all
   * records are done and the brokers answer. A record is done when no listener needs it any more.
   */
  readonly ms: number;
  /** How many records are not read or not done. */
  readonly records: number;
}

interface PartitionLag {
  behind: number;
  /**
   * No unread record is older than this: when the broker appended the last record that was read, or when none was
   * unread. Wall clock, milliseconds.
   */
  reachedAt: number;
  /** Since when records are unread without a break, by the monotonic clock, milliseconds; undefined: none is unread. */
  behindSince: number | undefined;
  /** When the broker last answered, by the monotonic clock, milliseconds. */
  answeredAt: number;
}

/** After this long without an answer, the time since the last one counts as lag. A broker answers every 250 ms. */
const SILENCE_MS = 1000;

/** Measures how far a reader is behind. The brokers' silence counts as lag, since unread records may wait there. */
export class LagMeter {
  readonly #partitions = new Map<number, PartitionLag>();
  /** When the reader began to wait for its start, by the monotonic clock, milliseconds; undefined: it does not wait. */
  #waitsSince: number | undefined;

  constructor({ monotonic }: Moment) {
    this.#waitsSince = monotonic;
  }

  /** Reading begins with these partitions; if there are none, there is nothing to read. */
  started(partitions: Iterable<number>, now: Moment): void {
    for (const partition of partitions)
      if (!this.#partitions.has(partition))
        this.#partitions.set(partition, {
          behind: 0,
          reachedAt: now.wall,
          behindSince: undefined,
          answeredAt: now.monotonic,
        });
    this.#waitsSince = undefined;
  }

  answered(partition: number, behind: number, now: Moment): void {
    const lag = this.#partitions.get(partition);
    if (lag === undefined) return;
    lag.answeredAt = now.monotonic;
    if (lag.behind === 0) lag.reachedAt = now.wall;
    lag.behind = behind;
    lag.behindSince = behind === 0 ? undefined : (lag.behindSince ?? now.monotonic);
  }

  reached(partition: number, appendedAt: number): void {
    const lag = this.#partitions.get(partition);
    if (lag !== undefined) lag.reachedAt = appendedAt;
  }

  keepOnly(partitions: ReadonlySet<number>, now: Moment): void {
    for (const partition of this.#partitions.keys()) if (!partitions.has(partition)) this.#partitions.delete(partition);
    if (this.#partitions.size === 0) this.#waitsSince ??= now.monotonic;
  }

  /** `undone`: the records that are read but not done, one group for each listener. */
  lag(now: Moment, undone: readonly Iterable<Pick<MessageOffset, 'appendedAt'>>[]): TopicLag {
    let since = now.wall;
    let behindSince = now.monotonic;
    let records = 0;
    for (const partition of this.#partitions.values()) {
      records += partition.behind;
      if (partition.behind > 0) since = Math.min(since, partition.reachedAt);
      behindSince = Math.min(behindSince, partition.behindSince ?? behindSince);
    }
    let waiting = 0;
    for (const some of undone) {
      let count = 0;
      for (const { appendedAt } of some) {
        count++;
        since = Math.min(since, appendedAt);
      }
      waiting = Math.max(waiting, count);
    }
    const ms = Math.max(now.wall - since, now.monotonic - behindSince, this.#silence(now.monotonic));
    return { ms, records: records + waiting };
  }

  /** Milliseconds since the last answer, of the partition without an answer for longest; 0 up to `SILENCE_MS`. */
  #silence(monotonic: number): number {
    const answeredAt = [...this.#partitions.values()].map((lag) => lag.answeredAt);
    const silence = monotonic - Math.min(monotonic, this.#waitsSince ?? monotonic, ...answeredAt);
    return silence > SILENCE_MS ? silence : 0;
  }
}
