/** How far a client is behind in a topic. */
export interface TopicLag {
  /** Milliseconds since the broker took the oldest record that is not done: of what is not read, at most; 0: nothing is open. */
  readonly ms: number;
  /** Records that are not read or not done. */
  readonly records: number;
}

/** A record that is read and not done. */
interface Undone {
  /** Milliseconds since 1970. */
  readonly appendedAt: number;
}

/** A moment on two clocks, milliseconds: since 1970, and on one that nobody sets. */
export interface Now {
  readonly wall: number;
  readonly steady: number;
}

interface PartitionLag {
  behind: number;
  /** When the broker took the last record read, or when nothing more was there. */
  reachedAt: number;
}

/** A following broker answers every 250 ms; without an answer for so long nobody knows what waits. */
const SILENCE_MS = 1000;

/**
 * How far a reader is behind. What the brokers have beyond the last answer is nowhere to be seen, so the time without
 * an answer counts as well.
 */
export class LagMeter {
  readonly #partitions = new Map<number, PartitionLag>();
  #answeredAt: number | undefined;

  /** Reading begins with these. */
  started(partitions: Iterable<number>, now: Now): void {
    for (const partition of partitions)
      if (!this.#partitions.has(partition)) this.#partitions.set(partition, { behind: 0, reachedAt: now.wall });
    this.#answeredAt = now.steady;
  }

  answered(partition: number, behind: number, now: Now): void {
    this.#answeredAt = now.steady;
    const lag = this.#partitions.get(partition);
    if (lag === undefined) return;
    if (lag.behind === 0) lag.reachedAt = now.wall;
    lag.behind = behind;
  }

  reached(partition: number, appendedAt: number): void {
    const lag = this.#partitions.get(partition);
    if (lag !== undefined) lag.reachedAt = appendedAt;
  }

  keepOnly(partitions: ReadonlySet<number>): void {
    for (const partition of this.#partitions.keys()) if (!partitions.has(partition)) this.#partitions.delete(partition);
  }

  /** `undone`: all that was read and is not done, by whom it waits for. */
  lag(now: Now, undone: readonly Iterable<Undone>[]): TopicLag {
    let since = now.wall;
    let records = 0;
    for (const { behind, reachedAt } of this.#partitions.values()) {
      records += behind;
      if (behind > 0) since = Math.min(since, reachedAt);
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
    return { ms: Math.max(now.wall - since, this.#silence(now.steady)), records: records + waiting };
  }

  #silence(steady: number): number {
    if (this.#answeredAt === undefined || this.#partitions.size === 0) return 0;
    const silence = steady - this.#answeredAt;
    return silence > SILENCE_MS ? silence : 0;
  }
}
