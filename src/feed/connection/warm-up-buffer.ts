import type { SchedulerLike, Subscription } from 'rxjs';

/** Keeps blocks of values outside of the memory. */
export interface BlockStore<T> {
  /** Stores values under a number. @throws if there is no room for them */
  put(block: number, values: readonly T[]): void;
  /** Reads and removes values. @throws if they cannot be read */
  take(block: number): readonly T[];
  remove(block: number): void;
  /** Removes all values. */
  close(): void;
}

export interface WarmUpOptions<T> {
  /** Maximum number of values in memory that may leave it. */
  readonly most: number;
  /** False for a value that stays in memory and is never dropped. */
  readonly mayGo: (value: T) => boolean;
  /** Where values go that do not fit in memory. Undefined: they are dropped. */
  readonly store?: BlockStore<T> | undefined;
  /**
   * Returns the age at which values that may leave the memory are dropped, milliseconds; undefined: there is no limit
   * now.
   */
  readonly maxAgeMs?: (() => number | undefined) | undefined;
  /** Shortens the other values if none is kept before them. Used with `maxAgeMs`. */
  readonly compact?: (values: readonly T[]) => readonly T[];
  readonly scheduler: SchedulerLike;
}

/** The memory holds this many full blocks. */
const BLOCKS = 10;

interface Block<T> {
  readonly number: number;
  readonly mayGo: boolean;
  /** Number of values. */
  size: number;
  /** When the last value came, the scheduler's milliseconds. */
  at: number;
  /** Undefined if the values are in the store. */
  values: T[] | undefined;
}

/**
 * Keeps the venue's data in order until the process may publish. When the memory is full, the oldest values go to the
 * store. When the store is full too, the oldest values are dropped, so that none is missing between the kept ones.
 */
export class WarmUpBuffer<T> {
  readonly #options: WarmUpOptions<T>;
  readonly #blockSize: number;
  /** The oldest first. */
  readonly #blocks: Block<T>[] = [];
  #count = 0;
  /** Number of values in memory that may leave it. */
  #inMemory = 0;
  /** Set when the buffer is being emptied. */
  #receiver: { readonly next: (value: T) => void; readonly done: () => void } | undefined;
  #later: Subscription | undefined;

  constructor(options: WarmUpOptions<T>) {
    this.#options = options;
    this.#blockSize = Math.ceil(options.most / BLOCKS);
  }

  /** Number of values that wait, in memory or in the store, without those that are never dropped. */
  get waiting(): number {
    return this.#blocks.reduce((sum, { mayGo, size }) => sum + (mayGo ? size : 0), 0);
  }

  push(value: T): void {
    const mayGo = this.#options.mayGo(value);
    const at = this.#options.scheduler.now();
    const last = this.#blocks.at(-1);
    if (last?.values !== undefined && last.mayGo === mayGo && last.values.length < this.#blockSize) {
      last.size = last.values.push(value);
      last.at = at;
    } else {
      this.#blocks.push({ number: ++this.#count, mayGo, size: 1, at, values: [value] });
      this.#dropOld(at);
    }
    if (!mayGo) return;
    this.#inMemory++;
    while (this.#inMemory > this.#options.most) if (!this.#makeRoom()) return;
  }

  /**
   * Passes all values to `next`, one block's number of values in each task, also values that are pushed meanwhile.
   * Calls `done` after the last one. @throws if stored values cannot be read
   */
  empty(next: (value: T) => void, done: () => void): void {
    this.#receiver ??= { next, done };
    if (this.#passBlocks(this.#blockSize)) return;
    this.#later = this.#options.scheduler.schedule(() => this.empty(next, done));
  }

  /** Passes all remaining values in this task, if `empty` was called. */
  finish(): void {
    this.#later?.unsubscribe();
    if (this.#receiver !== undefined) this.#passBlocks(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#later?.unsubscribe();
    this.#options.store?.close();
  }

  /** Passes blocks until at least `most` values have passed. Returns true after the last value. */
  #passBlocks(most: number): boolean {
    for (let passed = 0; passed < most; ) {
      const block = this.#blocks.shift();
      if (block === undefined) break;
      if (block.values !== undefined && block.mayGo) this.#inMemory -= block.values.length;
      const values = block.values ?? this.#options.store?.take(block.number) ?? [];
      for (const value of values) this.#receiver?.next(value);
      passed += values.length;
    }
    if (this.#blocks.length > 0) return false;
    this.close();
    this.#receiver?.done();
    return true;
  }

  /** Stores the oldest block in memory, or drops the oldest block. Returns false if neither is possible. */
  #makeRoom(): boolean {
    const inMemory = this.#blocks.find(({ mayGo, values }) => mayGo && values !== undefined);
    if (inMemory?.values !== undefined && this.#store(inMemory.number, inMemory.values)) {
      this.#inMemory -= inMemory.values.length;
      inMemory.values = undefined;
      return true;
    }
    return this.#dropOldest();
  }

  /** Drops the blocks whose last value is too old. A block is dropped as a whole, so some values stay longer. */
  #dropOld(now: number): void {
    const maxAgeMs = this.#options.maxAgeMs?.();
    if (maxAgeMs === undefined || this.#receiver !== undefined) return;
    const isOld = () => (this.#blocks.find(({ mayGo }) => mayGo)?.at ?? now) < now - maxAgeMs;
    while (isOld() && this.#dropOldest());
    this.#compact();
  }

  /** Shortens the values at the beginning that are never dropped. They become one block. */
  #compact(): void {
    const { compact } = this.#options;
    const first = this.#blocks.findIndex(({ mayGo }) => mayGo);
    const end = first < 0 ? this.#blocks.length - 1 : first;
    const [begin] = this.#blocks;
    if (compact === undefined || begin === undefined || end < 1) return;
    const values = compact(this.#blocks.slice(0, end).flatMap((block) => block.values ?? []));
    this.#blocks.splice(0, end, { ...begin, size: values.length, values: [...values] });
  }

  #dropOldest(): boolean {
    const oldest = this.#blocks.findIndex(({ mayGo }) => mayGo);
    // Values before the oldest block have been passed on, so dropping it would make a gap between kept values.
    if (oldest < 0 || this.#receiver !== undefined) return false;
    const [dropped] = this.#blocks.splice(oldest, 1);
    if (dropped?.values !== undefined) this.#inMemory -= dropped.values.length;
    else if (dropped !== undefined) this.#options.store?.remove(dropped.number);
    return true;
  }

  #store(block: number, values: readonly T[]): boolean {
    try {
      this.#options.store?.put(block, values);
      return this.#options.store !== undefined;
    } catch {
      return false;
    }
  }
}
