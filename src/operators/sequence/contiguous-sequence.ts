/** What is known of the value before a hole, possibly passed on by a former run: the last id that it stands for, and when it was. */
export interface Mark {
  readonly id: string;
  /** Venue's time, milliseconds. */
  readonly timestamp: number;
}

export interface ContiguousAccess<T> {
  /** First id that the value stands for; a safe integer. */
  first(value: T): number;
  /** Last id that the value stands for; equal to the first for a single trade. */
  last(value: T): number;
  /** Venue's time, milliseconds. */
  timestamp(value: T): number;
}

/** A hole between two values, both exclusive. */
export interface Hole<T> {
  readonly before: Mark;
  readonly after: T;
  /** How many ids lie between them; null where ids do not tell. */
  readonly missing: number | null;
  /** How many of them were had after all and passed on, or follow the report. */
  readonly filled: number;
}

export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** A hole that is waited for; how it ended is told by a `hole` with the same bounds. */
  | { readonly kind: 'opened'; readonly hole: Hole<T> }
  | { readonly kind: 'hole'; readonly hole: Hole<T> }
  /** The ids start again: the value, which follows, is the first that is known of the new count. */
  | { readonly kind: 'reset'; readonly before: Mark; readonly value: T };

interface Held<T> {
  readonly value: T;
  /** When it came; of a fetched value, which waits for others of its hole, never. */
  readonly since: number;
  readonly fetched: boolean;
  /** The hole before it was told: it ends here, whatever comes of it. */
  told: boolean;
}

const NOTHING = -1;

/**
 * Puts the values of one key in the order of their ids where ids step by exactly one, whatever line they come by.
 *
 * The id after the last one is passed on; an id that was passed on before is a repeat; a jump is a hole: what lies
 * behind it is held until another line delivers what is missing, and then it was no hole; or until it is filled with
 * values fetched elsewhere; or until that takes too long. A hole lies between two values that came by a line. Where it
 * was told, or values were fetched for it, or it was given up, it is reported before the first value behind what is
 * missing. An id below the last one with a later timestamp than any seen is a reset of the venue's counter, not a
 * repeat; what still comes from before a reset is left out.
 */
export class ContiguousSequence<T> {
  readonly #access: ContiguousAccess<T>;
  readonly #maxHeld: number;
  #lastId = NOTHING;
  /** Of the value that ends with the last id, and the latest of all. */
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  /** When the ids started again. */
  #resetAt = Number.NEGATIVE_INFINITY;
  /** Where a former run ended. */
  #resumedId = NOTHING;
  /** Behind the first hole, by first id, none overlaps another. The last one is never fetched. */
  #held: Held<T>[] = [];
  /** How many of them were fetched. */
  #fetched = 0;
  /** The ids that the told holes begin behind, in order. */
  #told: number[] = [];
  #heldSince = Number.POSITIVE_INFINITY;
  /** Since when a hole may be open that was not told. */
  #untoldSince = Number.POSITIVE_INFINITY;
  /** The first hole, once a part of it was filled and passed on. */
  #open: { readonly before: Mark; filled: number } | undefined;
  duplicates = 0;

  constructor(access: ContiguousAccess<T>, maxHeld: number) {
    this.#access = access;
    this.#maxHeld = maxHeld;
  }

  /** Since when values are held back for the oldest hole that is open; undefined: none are. */
  get heldSince(): number | undefined {
    return this.#held.length === 0 ? undefined : this.#heldSince;
  }

  /** Since when a hole may be open that was not told yet: when `tell` has something to look for; undefined: none is. */
  get untoldSince(): number | undefined {
    return this.#untoldSince === Number.POSITIVE_INFINITY ? undefined : this.#untoldSince;
  }

  /** The first value that came by a line and is held; undefined: none is. */
  get waiting(): T | undefined {
    return this.#held.find(({ fetched }) => !fetched)?.value;
  }

  /** The last value passed on; undefined: none was. */
  get last(): Mark | undefined {
    return this.#lastId === NOTHING ? undefined : this.#mark();
  }

  /** The last value that came by a line, held or passed on; undefined: none did. */
  get newest(): Mark | undefined {
    const held = this.#held.at(-1);
    return held === undefined ? this.last : this.#markOf(held.value);
  }

  /** What lies around each run of ids that is still missing, in order; empty: nothing is held. */
  get holes(): { readonly before: Mark; readonly after: T }[] {
    const { first, last } = this.#access;
    const holes: { readonly before: Mark; readonly after: T }[] = [];
    let before: T | undefined;
    let lastId = this.#lastId;
    for (const { value } of this.#held) {
      if (first(value) > lastId + 1)
        holes.push({ before: before === undefined ? this.#mark() : this.#markOf(before), after: value });
      before = value;
      lastId = last(value);
    }
    return holes;
  }

  /** Goes on where a former run ended, as if the value with that id had been passed on. To be called before any value. */
  resume(mark: Mark): void {
    this.#lastId = Number(mark.id);
    this.#resumedId = this.#lastId;
    this.#lastTimestamp = mark.timestamp;
    this.#latest = mark.timestamp;
  }

  /** Nothing was passed on since `resume`. */
  get isResumed(): boolean {
    return this.#resumedId !== NOTHING && this.#lastId === this.#resumedId;
  }

  /** Undoes `resume`, if nothing was passed on since: the first value that came begins, and no hole lies before it. */
  forget(): Sequenced<T>[] {
    if (this.#resumedId === NOTHING || this.#lastId !== this.#resumedId) return [];
    this.#lastId = NOTHING;
    this.#latest = Number.NEGATIVE_INFINITY;
    const begin = this.#held.findIndex(({ fetched }) => !fetched);
    if (begin < 0) return [];
    this.#count(this.#held.splice(0, begin));
    const head = this.#held[0] as Held<T>;
    if (head.told) this.#told.shift();
    head.told = false;
    this.#lastId = this.#access.first(head.value) - 1;
    return this.#drain();
  }

  /** True where the value is simply the next one: the hot path, without a result object. It counts as passed on. */
  next(value: T): boolean {
    if (this.#held.length > 0 || this.#access.first(value) !== this.#lastId + 1 || this.#lastId === NOTHING)
      return false;
    if (this.#open !== undefined || this.#access.timestamp(value) < this.#resetAt) return false;
    this.#advance(value);
    return true;
  }

  /** True where `accept` would take a value with this first id and timestamp for a repeat, and nothing is held: it counts it, and no more. */
  isRepeat(first: number, timestamp: number): boolean {
    return first <= this.#lastId && timestamp <= this.#latest && this.#held.length === 0;
  }

  /** What to pass on now that a value has come; `now` in milliseconds, any origin. */
  accept(value: T, now: number): Sequenced<T>[] {
    const first = this.#access.first(value);
    const timestamp = this.#access.timestamp(value);
    if (this.#lastId === NOTHING || (first === this.#lastId + 1 && timestamp >= this.#resetAt))
      return [...this.#pass(value, false, false), ...this.#drain()];
    if (first > this.#lastId ? timestamp < this.#resetAt : timestamp <= this.#latest) {
      this.duplicates++;
      return [];
    }
    if (first <= this.#lastId) return this.#reset(value);
    this.#hold(value, now);
    return this.#held.length - this.#fetched > this.#maxHeld ? this.release() : [];
  }

  /**
   * The holes that opened no later than `openedBy` and were not told before, and those in front of them. What is passed
   * on from now on before the value behind such a hole counts as filled, whatever way it came.
   */
  tell(openedBy: number): Sequenced<T>[] {
    if (this.#untoldSince > openedBy) return [];
    this.#untoldSince = Number.POSITIVE_INFINITY;
    const end = this.#held.findLastIndex(({ since }) => since <= openedBy);
    const told = this.#held.findLastIndex((held) => held.told);
    const out: Sequenced<T>[] = [];
    let before: Mark =
      told < 0 ? (this.#open?.before ?? this.#mark()) : this.#markOf((this.#held[told] as Held<T>).value);
    let lastId = Number(before.id);
    for (const [at, held] of this.#held.slice(told + 1).entries()) {
      const { value, since, fetched } = held;
      if (fetched) continue;
      if (this.#access.first(value) > lastId + 1) {
        if (told + 1 + at <= end) {
          held.told = true;
          this.#told.push(lastId);
          out.push({ kind: 'opened', hole: this.#holeBetween(before, value, 0) });
        } else if (since < this.#untoldSince) this.#untoldSince = since;
      }
      lastId = this.#access.last(value);
      before = { id: String(lastId), timestamp: this.#access.timestamp(value) };
    }
    return out;
  }

  /** Takes values fetched to fill holes, in any order; those that do not lie wholly inside what is missing are left out. */
  fill(values: readonly T[]): Sequenced<T>[] {
    const { first, last } = this.#access;
    const fetched = [...values].sort((a, b) => first(a) - first(b));
    const held: Held<T>[] = [];
    let at = 0;
    let lastId = this.#lastId;
    for (const behind of this.#held) {
      const end = first(behind.value);
      for (let value = fetched[at]; value !== undefined && first(value) < end; value = fetched[++at]) {
        if (first(value) <= lastId || last(value) >= end) continue;
        held.push({ value, since: Number.POSITIVE_INFINITY, fetched: true, told: false });
        this.#fetched++;
        lastId = last(value);
      }
      held.push(behind);
      lastId = last(behind.value);
    }
    this.#held = held;
    return this.#drain();
  }

  /** Gives up the holes that opened no later than `openedBy`, all by default: each is reported, and what was held follows. */
  release(openedBy = Number.POSITIVE_INFINITY): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    while (this.#held.length > 0 && this.#heldSince <= openedBy) {
      const end = this.#held.findIndex(({ fetched, told }) => (this.#told.length > 0 ? told : !fetched));
      const through = this.#held.splice(0, end + 1);
      this.#count(through);
      const after = (through[end] as Held<T>).value;
      let filled = this.#open?.filled ?? 0;
      for (const { value } of through.slice(0, end)) filled += this.#ids(value);
      out.push({ kind: 'hole', hole: this.#holeBetween(this.#open?.before ?? this.#mark(), after, filled) });
      this.#open = undefined;
      for (const { value } of through) {
        this.#advance(value);
        out.push({ kind: 'value', value });
      }
      out.push(...this.#drain());
    }
    return out;
  }

  #reset(value: T): Sequenced<T>[] {
    const out = this.release();
    out.push({ kind: 'reset', before: this.#mark(), value }, { kind: 'value', value });
    this.#open = undefined;
    this.#resetAt = this.#access.timestamp(value);
    this.#advance(value);
    return out;
  }

  #pass(value: T, fetched: boolean, endsTold: boolean): Sequenced<T>[] {
    const passed: Sequenced<T>[] = [{ kind: 'value', value }];
    const [told = Number.POSITIVE_INFINITY] = this.#told;
    if (!endsTold && (fetched || this.#access.first(value) > told)) {
      this.#open ??= { before: this.#mark(), filled: 0 };
      this.#open.filled += this.#ids(value);
    } else if (this.#open !== undefined) {
      passed.unshift({ kind: 'hole', hole: this.#holeBetween(this.#open.before, value, this.#open.filled) });
      this.#open = undefined;
    }
    this.#advance(value);
    return passed;
  }

  #ids(value: T): number {
    return this.#access.last(value) - this.#access.first(value) + 1;
  }

  #mark(): Mark {
    return { id: String(this.#lastId), timestamp: this.#lastTimestamp };
  }

  #markOf(value: T): Mark {
    return { id: String(this.#access.last(value)), timestamp: this.#access.timestamp(value) };
  }

  #holeBetween(before: Mark, after: T, filled: number): Hole<T> {
    return { before, after, missing: this.#access.first(after) - Number(before.id) - 1, filled };
  }

  #advance(value: T): void {
    this.#lastId = this.#access.last(value);
    const timestamp = this.#access.timestamp(value);
    this.#lastTimestamp = timestamp;
    if (timestamp > this.#latest) this.#latest = timestamp;
  }

  #hold(value: T, now: number): void {
    const { first, last } = this.#access;
    let at = this.#held.length;
    while (at > 0 && first((this.#held[at - 1] as Held<T>).value) > first(value)) at--;
    const before = this.#held[at - 1]?.value;
    const behind = this.#held[at]?.value;
    if (
      (before !== undefined && last(before) >= first(value)) ||
      (behind !== undefined && first(behind) <= last(value))
    ) {
      this.duplicates++;
      return;
    }
    this.#held.splice(at, 0, { value, since: now, fetched: false, told: false });
    const opens = before === undefined || behind !== undefined || last(before) + 1 < first(value);
    if (opens && now < this.#untoldSince) this.#untoldSince = now;
    if (now < this.#heldSince) this.#heldSince = now;
  }

  #drain(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    let count = 0;
    for (const held of this.#held) {
      const first = this.#access.first(held.value);
      if (first > this.#lastId + 1) break;
      count++;
      if (held.told) this.#told.shift();
      if (held.fetched) this.#fetched--;
      if (first > this.#lastId) out.push(...this.#pass(held.value, held.fetched, held.told));
    }
    if (count > 0) {
      this.#held.splice(0, count);
      this.#age();
    }
    return out;
  }

  /** These are held no longer. */
  #count(gone: readonly Held<T>[]): void {
    for (const { fetched, told } of gone) {
      if (fetched) this.#fetched--;
      if (told) this.#told.shift();
    }
    this.#age();
  }

  #age(): void {
    this.#heldSince = this.#held.reduce((oldest, { since }) => Math.min(oldest, since), Number.POSITIVE_INFINITY);
    if (this.#held.length === 0) this.#untoldSince = Number.POSITIVE_INFINITY;
  }
}
