/**
 * Puts the values of one key in the order of their ids where ids step by exactly one, whatever line they come by.
 *
 * The id after the last one is passed on; an id that was passed on before is a repeat; a jump is a hole: what lies
 * behind it is held until another line delivers what is missing, and then it was no hole; or until it is filled with
 * values fetched elsewhere; or until that takes too long. A hole that was filled, wholly or in part, or that was given
 * up is reported right before the first value behind it. An id below the last one with a later timestamp than any seen is a reset of the venue's counter, not a repeat.
 */
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
  /** How many of them were fetched and passed on. */
  readonly filled: number;
}

export type Sequenced<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'hole'; readonly hole: Hole<T> }
  | { readonly kind: 'reset'; readonly value: T };

export class ContiguousSequence<T> {
  readonly #access: ContiguousAccess<T>;
  readonly #maxHeld: number;
  #last: T | undefined;
  #lastId = -1;
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  /** Behind the hole, by first id, no two with the same. */
  #held: T[] = [];
  #heldSince = 0;
  /** Of the first hole, once a part of it was filled. */
  #holeBefore: T | undefined;
  #filled = 0;
  duplicates = 0;

  constructor(access: ContiguousAccess<T>, maxHeld: number) {
    this.#access = access;
    this.#maxHeld = maxHeld;
  }

  /** Since when values are held back for a hole; undefined: none are. */
  get heldSince(): number | undefined {
    return this.#held.length === 0 ? undefined : this.#heldSince;
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
    if (this.#lastId === -1 || first === this.#lastId + 1) {
      this.#advance(value);
      return [{ kind: 'value', value }, ...this.#drain()];
    }
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
    this.#hold(value, first, now);
    return this.#held.length > this.#maxHeld ? this.release() : [];
  }

  /** The ids that are missing before the first value that is held, both exclusive; undefined: nothing is held. */
  get hole(): { readonly after: number; readonly before: number } | undefined {
    const first = this.#held[0];
    return first === undefined ? undefined : { after: this.#lastId, before: this.#access.first(first) };
  }

  /** Takes values fetched to fill the first hole, in any order; those that lie elsewhere are left out. */
  fill(values: readonly T[]): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    const { first, last } = this.#access;
    for (const value of [...values].sort((a, b) => first(a) - first(b))) {
      const hole = this.hole;
      if (hole === undefined || first(value) !== hole.after + 1 || last(value) >= hole.before) continue;
      this.#holeBefore ??= this.#last as T;
      this.#filled += last(value) - first(value) + 1;
      this.#advance(value);
      out.push({ kind: 'value', value });
      if (this.hole?.before === this.#lastId + 1) out.push(...this.#drain());
    }
    return out;
  }

  /** Gives up waiting: every hole becomes a report, and what was held follows it. */
  release(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    while (this.#held.length > 0) {
      const after = this.#held[0] as T;
      out.push(this.#report(after));
      this.#lastId = this.#access.first(after) - 1;
      out.push(...this.#drain());
    }
    return out;
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

  #hold(value: T, first: number, now: number): void {
    if (this.#held.length === 0) this.#heldSince = now;
    let at = this.#held.length;
    while (at > 0 && this.#access.first(this.#held[at - 1] as T) > first) at--;
    if (at > 0 && this.#access.first(this.#held[at - 1] as T) === first) this.duplicates++;
    else this.#held.splice(at, 0, value);
  }

  #drain(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    let count = 0;
    for (const value of this.#held) {
      const first = this.#access.first(value);
      if (first > this.#lastId + 1) break;
      if (this.#filled > 0) out.push(this.#report(value));
      count++;
      if (first <= this.#lastId) continue;
      this.#advance(value);
      out.push({ kind: 'value', value });
    }
    if (count > 0) this.#held.splice(0, count);
    return out;
  }
}
