import { DEFAULT_MAX, type Overflow } from './overflow.ts';

/** A record that waits, and where it comes from. */
export interface Waiting<T> {
  readonly record: T;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly appendedAt: number;
  /** Records before it that were dropped, since the one given last. */
  readonly missed: number;
}

/**
 * The records that wait for one who takes them at their own pace. Never more than `max`, or of `conflate` one a key.
 * Each record offered is given once, in order, or is counted as missed by the next one given; or a newer one of its key
 * is given instead.
 */
export class WaitingRecords<T> {
  readonly max: number;
  readonly #overflow: Overflow<T>;
  readonly #keyOf: ((record: T) => unknown) | undefined;
  /** By key, in order; without conflation the key is a number of its own. */
  readonly #waiting = new Map<unknown, Waiting<T>>();
  #number = 0;
  #missed = 0;

  constructor(overflow: Overflow<T>, defaultKey: (record: T) => unknown) {
    this.#overflow = overflow;
    this.#keyOf = overflow.kind === 'conflate' ? (overflow.key ?? defaultKey) : undefined;
    this.max = overflow.kind === 'conflate' ? Number.POSITIVE_INFINITY : (overflow.max ?? DEFAULT_MAX);
    if (!(this.max >= 1)) throw new RangeError(`max must be a number above 0, found ${this.max}`);
  }

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.max;
  }

  get pauses(): boolean {
    return this.#overflow.kind === 'pause';
  }

  /** False: there is no room, and the policy is an error. */
  offer(arrival: Omit<Waiting<T>, 'missed'>): boolean {
    const key = this.#keyOf === undefined ? this.#number++ : this.#keyOf(arrival.record);
    if (this.#keyOf === undefined && this.isFull && !this.pauses) {
      if (this.#overflow.kind === 'error') return false;
      this.#dropOldest();
    }
    this.#waiting.set(key, { ...arrival, missed: this.#missed });
    this.#missed = 0;
    return true;
  }

  take(): Waiting<T> | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting.delete(first[0]);
    return first[1];
  }

  /** Those that wait, the next one first. */
  values(): Iterable<Waiting<T>> {
    return this.#waiting.values();
  }

  /** Takes back what waits of partitions that are not among these. What was dropped before that is still missed. */
  keepOnly(partitions: ReadonlySet<number>): void {
    let missed = 0;
    for (const [key, record] of this.#waiting) {
      missed += record.missed;
      if (partitions.has(record.partition)) {
        this.#waiting.set(key, { ...record, missed });
        missed = 0;
      } else this.#waiting.delete(key);
    }
    this.#missed += missed;
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** The count goes to the one behind it. */
  #dropOldest(): void {
    const count = 1 + (this.take()?.missed ?? 0);
    const [next] = this.#waiting;
    if (next === undefined) this.#missed += count;
    else this.#waiting.set(next[0], { ...next[1], missed: next[1].missed + count });
  }
}
