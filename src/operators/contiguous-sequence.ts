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
  readonly before: T;
  readonly after: T;
  /** How many ids lie between them; null where ids do not tell. */
  readonly missing: number | null;
  /** How many of them were fetched and passed on, or follow the report. */
  readonly filled: number;
}

export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'hole'; readonly hole: Hole<T> }
  | { readonly kind: 'reset'; readonly value: T };

interface Held<T> {
  readonly value: T;
  /** When it came; of a fetched value, which waits for others of its hole, never. */
  readonly since: number;
  readonly fetched: boolean;
}

/**
 * Puts the values of one key in the order of their ids where ids step by exactly one, whatever line they come by.
 *
 * The id after the last one is passed on; an id that was passed on before is a repeat; a jump is a hole: what lies
 * behind it is held until another line delivers what is missing, and then it was no hole; or until it is filled with
 * values fetched elsewhere; or until that takes too long. A hole lies between two values that came by a line. Where
 * values were fetched for it, or it was given up, it is reported before the first value behind what is missing. An id
 * below the last one with a later timestamp than any seen is a reset of the venue's counter, not a repeat.
 */
export class ContiguousSequence<T> {
  readonly #access: ContiguousAccess<T>;
  readonly #maxHeld: number;
  #last: T | undefined;
  #lastId = -1;
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  /** Behind the first hole, by first id, none overlaps another. The last one is never fetched. */
  #held: Held<T>[] = [];
  /** How many of them were fetched. */
  #fetched = 0;
  #heldSince = Number.POSITIVE_INFINITY;
  /** Of the first hole, once a part of it was filled and passed on. */
  #holeBefore: T | undefined;
  #filled = 0;
  duplicates = 0;

  constructor(access: ContiguousAccess<T>, maxHeld: number) {
    this.#access = access;
    this.#maxHeld = maxHeld;
  }

  /** Since when values are held back for the oldest hole that is open; undefined: none are. */
  get heldSince(): number | undefined {
    return this.#held.length === 0 ? undefined : this.#heldSince;
  }

  /** The first value that came by a line and is held; undefined: none is. */
  get waiting(): T | undefined {
    return this.#held.find(({ fetched }) => !fetched)?.value;
  }

  /** The values around each run of ids that is still missing, in order; empty: nothing is held. */
  get holes(): { readonly before: T; readonly after: T }[] {
    const { first, last } = this.#access;
    const holes: { readonly before: T; readonly after: T }[] = [];
    let before = this.#last as T;
    let lastId = this.#lastId;
    for (const { value } of this.#held) {
      if (first(value) > lastId + 1) holes.push({ before, after: value });
      before = value;
      lastId = last(value);
    }
    return holes;
  }

  /** True where the value is simply the next one: the hot path, without a result object. It counts as passed on. */
  next(value: T): boolean {
    if (this.#held.length > 0 || this.#access.first(value) !== this.#lastId + 1 || this.#lastId === -1) return false;
    this.#advance(value);
    return true;
  }

  /** What to pass on now that a value has come; `now` in milliseconds, any origin. */
  accept(value: T, now: number): Sequenced<T>[] {
    const first = this.#access.first(value);
    if (this.#lastId === -1 || first === this.#lastId + 1) return [...this.#pass(value, false), ...this.#drain()];
    if (first <= this.#lastId) {
      if (this.#access.timestamp(value) <= this.#lastTimestamp) {
        this.duplicates++;
        return [];
      }
      const before = this.release();
      this.#lastId = -1;
      this.#advance(value);
      return [...before, { kind: 'reset', value }, { kind: 'value', value }];
    }
    this.#hold(value, now);
    return this.#held.length - this.#fetched > this.#maxHeld ? this.release() : [];
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
        held.push({ value, since: Number.POSITIVE_INFINITY, fetched: true });
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
      const end = this.#held.findIndex(({ fetched }) => !fetched);
      const inside = this.#held.splice(0, end);
      this.#fetched -= inside.length;
      const after = (this.#held[0] as Held<T>).value;
      for (const { value } of inside) this.#filled += this.#ids(value);
      out.push(this.#report(after));
      for (const { value } of inside) {
        this.#advance(value);
        out.push({ kind: 'value', value });
      }
      this.#lastId = this.#access.first(after) - 1;
      out.push(...this.#drain());
    }
    return out;
  }

  #pass(value: T, fetched: boolean): Sequenced<T>[] {
    const passed: Sequenced<T>[] = [{ kind: 'value', value }];
    if (fetched) {
      this.#holeBefore ??= this.#last as T;
      this.#filled += this.#ids(value);
    } else if (this.#holeBefore !== undefined) passed.unshift(this.#report(value));
    this.#advance(value);
    return passed;
  }

  #ids(value: T): number {
    return this.#access.last(value) - this.#access.first(value) + 1;
  }

  #report(after: T): Sequenced<T> {
    const before = this.#holeBefore ?? (this.#last as T);
    const hole = {
      before,
      after,
      missing: this.#access.first(after) - this.#access.last(before) - 1,
      filled: this.#filled,
    };
    this.#holeBefore = undefined;
    this.#filled = 0;
    return { kind: 'hole', hole };
  }

  #advance(value: T): void {
    this.#last = value;
    this.#lastId = this.#access.last(value);
    const timestamp = this.#access.timestamp(value);
    if (timestamp > this.#lastTimestamp) this.#lastTimestamp = timestamp;
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
    this.#held.splice(at, 0, { value, since: now, fetched: false });
    if (now < this.#heldSince) this.#heldSince = now;
  }

  #drain(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    let count = 0;
    for (const { value, fetched } of this.#held) {
      const first = this.#access.first(value);
      if (first > this.#lastId + 1) break;
      count++;
      if (fetched) this.#fetched--;
      if (first > this.#lastId) out.push(...this.#pass(value, fetched));
    }
    if (count > 0) {
      this.#held.splice(0, count);
      this.#heldSince = this.#held.reduce((oldest, { since }) => Math.min(oldest, since), Number.POSITIVE_INFINITY);
    }
    return out;
  }
}
