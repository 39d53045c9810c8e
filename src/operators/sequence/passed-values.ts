import type { Checkpoint, Sequenced, SequenceGap } from './id-sequence.ts';

/* Remembers the last values of a series whose ids jump, to find duplicates, late values and gaps. */

/** Reads ids and times of values whose ids jump. */
export interface SparseAccess<T> {
  /** Returns the value's id. */
  id(value: T): string;
  /** Negative, zero or positive as the id a is less than, equal to or greater than b. */
  compare(a: string, b: string): number;
  /** Venue's time, milliseconds. */
  timestamp(value: T): number;
}

/** What the fetched values show about a gap. */
export interface FilledBy {
  /** True if the fetched values include all missed values, except those that could not be read. */
  readonly reachesBack: boolean;
  /** The id right before each fetched value that could not be read. */
  readonly unread: readonly string[];
}

/** The values of this last time are remembered, unless they are too many. Lines that lag more are stale. Milliseconds. */
const REMEMBERED_MS = 60_000;
/** Number of values that are remembered however old they are, so that fetched values are recognised. */
const LEAST_REMEMBERED = 128;

/**
 * Remembers the last passed values: at least `size` of them, or at least those of the last minute and 128. They show
 * whether a value is a duplicate or late, and where the next gap starts.
 */
export class PassedValues<T> {
  readonly #access: SparseAccess<T>;
  readonly #size: number;
  /** The remembered values, in order: first the full part `older`, then the growing part `recent`. */
  #older: T[] = [];
  #recent: T[] = [];
  /** Timestamp of the first value in `recent`. */
  #recentSince = 0;
  /** Ids of late values, one set for each part. A set is dropped together with its part. */
  #olderLate = new Set<string>();
  #recentLate = new Set<string>();
  /**
   * Ids of the first values after gaps of unknown size. A late value lies in such a gap if the next remembered value
   * has one of these ids. It is then not reported as another gap.
   */
  readonly #afterUnknown = new Set<string>();
  /** The checkpoint before the first remembered value. */
  #floor: Checkpoint | undefined;
  #lastId: string | undefined;
  #lastTimestamp = 0;
  /** Number of fetched values passed since the last value from a line, and the checkpoint before them. */
  #filled: { readonly before: Checkpoint; count: number } | undefined;
  /**
   * True if values after the last passed one may be missing: no line was in step, or a fetched value could not be read.
   */
  isUnwatched = false;
  duplicates = 0;

  constructor(access: SparseAccess<T>, size: number) {
    this.#access = access;
    this.#size = size;
  }

  /** The last passed value's id and time; undefined before the first value. */
  get last(): Checkpoint | undefined {
    return this.#lastId === undefined ? undefined : { id: this.#lastId, timestamp: this.#lastTimestamp };
  }

  /** Starts as if the checkpoint's value had been passed; undefined: as if no value had been passed. */
  startAt(checkpoint: Checkpoint | undefined): void {
    this.#lastId = checkpoint?.id;
    this.#lastTimestamp = checkpoint?.timestamp ?? 0;
    this.#floor = checkpoint;
    this.#recentLate.clear();
  }

  get isEmpty(): boolean {
    return this.#lastId === undefined;
  }

  has(id: string): boolean {
    const first = this.#recent[0];
    const isRecent = first !== undefined && this.#access.compare(this.#access.id(first), id) <= 0;
    return this.#isIn(isRecent ? this.#recent : this.#older, id) || this.#recentLate.has(id) || this.#olderLate.has(id);
  }

  get isWhole(): boolean {
    return !this.isUnwatched && this.#filled === undefined;
  }

  isBeyond(id: string): boolean {
    return this.#lastId === undefined || this.#access.compare(id, this.#lastId) > 0;
  }

  add(id: string, value: T): void {
    this.#lastId = id;
    this.#lastTimestamp = this.#access.timestamp(value);
    if (this.#recent.push(value) === 1) this.#recentSince = this.#lastTimestamp;
    if (!this.#isFull) return;
    if (this.#afterUnknown.size > 0) for (const old of this.#older) this.#afterUnknown.delete(this.#access.id(old));
    const floor = this.#older.at(-1);
    if (floor !== undefined) this.#floor = this.#checkpointOf(floor);
    this.#older = this.#recent;
    this.#olderLate = this.#recentLate;
    this.#recent = [];
    this.#recentLate = new Set();
  }

  /** Passes a value from a line. If a gap ends at this value, the gap comes first. */
  pass(value: T): Sequenced<T>[] {
    const gap = this.#gapBefore(value);
    const passed: Sequenced<T>[] = gap === undefined ? [] : [{ kind: 'gap', gap }];
    this.add(this.#access.id(value), value);
    passed.push({ kind: 'value', value });
    return passed;
  }

  /** Passes fetched and held values in the order of their ids, with a gap for each value that could not be read. */
  passFilled(fetched: readonly T[], held: readonly T[], { reachesBack, unread }: FilledBy): Sequenced<T>[] {
    const { id, compare } = this.#access;
    const live = new Set(held.map(id));
    const end = held.at(-1);
    const [begin] = held;
    // A line missed nothing after its first held value. So only unread values before that value are gaps.
    let gaps = begin === undefined ? unread : unread.filter((before) => compare(before, id(begin)) < 0);
    // Fetched values after the last held one were not missed: a line will still deliver them.
    const missed = fetched.filter(
      (value) => !live.has(id(value)) && (end === undefined || compare(id(value), id(end)) < 0),
    );
    const all = sortedById(this.#access, [...held, ...missed]).filter((value) => this.isBeyond(id(value)));
    // A value whose line was lost before it came may have a lower id than values that have passed.
    const late = fetched.filter((value) => !this.isBeyond(id(value)) && !this.isKnown(id(value)));
    const out = joined([...held, ...late].flatMap((value) => this.lateOrSeen(value) ?? []));
    if (reachesBack) this.isUnwatched = false;
    for (const value of all) {
      const later = gaps.filter((before) => compare(before, id(value)) >= 0);
      if (later.length < gaps.length) this.isUnwatched = true;
      gaps = later;
      if (reachesBack && !this.isUnwatched && !live.has(id(value))) out.push(this.#passFetched(value));
      else out.push(...this.pass(value));
    }
    if (gaps.length > 0) this.isUnwatched = true;
    return out;
  }

  /**
   * Returns undefined for a new value and an empty array for a duplicate. For a late value, returns its gap, unless
   * another gap covers the value.
   */
  lateOrSeen(value: T): Sequenced<T>[] | undefined {
    const id = this.#access.id(value);
    if (this.isKnown(id)) {
      this.duplicates++;
      return [];
    }
    if (this.isBeyond(id)) return undefined;
    const gap = this.#gapOfLate(id);
    this.#recentLate.add(id);
    return gap === undefined ? [] : [{ kind: 'gap', gap }];
  }

  /** Returns true if the value was passed, or is the checkpoint before the remembered values. */
  isKnown(id: string): boolean {
    return this.has(id) || id === this.#floor?.id;
  }

  /** True if the growing part alone has as many values as must be remembered. */
  get #isFull(): boolean {
    const { length } = this.#recent;
    if (length >= this.#size) return true;
    return length >= LEAST_REMEMBERED && this.#lastTimestamp - this.#recentSince >= REMEMBERED_MS;
  }

  /** Searches sorted values from the end in growing steps: repeats are usually recent. */
  #isIn(values: readonly T[], id: string): boolean {
    const { compare, id: idOf } = this.#access;
    const isBeyond = (value: T | undefined): boolean => value !== undefined && compare(idOf(value), id) > 0;
    let to = values.length;
    let from = to - 1;
    for (let step = 1; isBeyond(values[from]); step *= 2) {
      to = from;
      from -= step;
    }
    from = Math.max(from, 0);
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if (isBeyond(values[middle])) to = middle;
      else from = middle;
    }
    const found = values[from];
    return found !== undefined && idOf(found) === id;
  }

  /** Passes a fetched value. The gap that it fills is returned later, before the next value from a line. */
  #passFetched(value: T): Sequenced<T> {
    if (this.last !== undefined) this.#filled ??= { before: this.last, count: 0 };
    if (this.#filled !== undefined) this.#filled.count++;
    this.add(this.#access.id(value), value);
    return { kind: 'value', value };
  }

  /**
   * Returns the gap before a value, if there is one. Its size is unknown if other values may be missing
   * (`isUnwatched`); otherwise, fetched values have filled it.
   */
  #gapBefore(after: T): SequenceGap<T> | undefined {
    const before = this.#filled?.before ?? this.last;
    if (before === undefined || this.isWhole) return undefined;
    const filled = this.#filled?.count ?? 0;
    const missing = this.isUnwatched ? null : filled;
    if (this.isUnwatched) this.#afterUnknown.add(this.#access.id(after));
    this.isUnwatched = false;
    this.#filled = undefined;
    return { before, after, missing, filled };
  }

  /**
   * Returns the gap that a late value shows. Undefined if another gap covers the value, or its neighbours are
   * forgotten.
   */
  #gapOfLate(id: string): SequenceGap<T> | undefined {
    const { compare, id: idOf } = this.#access;
    const isBefore = (value: T): boolean => compare(idOf(value), id) <= 0;
    const at = this.#recent.findLastIndex(isBefore);
    const older = at < 0 ? this.#older.findLastIndex(isBefore) : -1;
    const previous = at < 0 ? this.#older[older] : this.#recent[at];
    const before = previous === undefined ? this.#floor : this.#checkpointOf(previous);
    const after = at < 0 ? (this.#older[older + 1] ?? this.#recent[0]) : this.#recent[at + 1];
    // The id lies before all remembered values.
    if (before === undefined || after === undefined || compare(before.id, id) > 0) return undefined;
    return this.#afterUnknown.has(idOf(after)) ? undefined : { before, after, missing: 1, filled: 0 };
  }

  #checkpointOf(value: T): Checkpoint {
    return { id: this.#access.id(value), timestamp: this.#access.timestamp(value) };
  }
}

/** Joins the gaps of late values that lie between the same two values. Each late value makes a gap of one. */
function joined<T>(gaps: readonly Sequenced<T>[]): Sequenced<T>[] {
  const out: Sequenced<T>[] = [];
  for (const item of gaps) {
    const last = out.at(-1);
    if (item.kind === 'gap' && last?.kind === 'gap' && last.gap.after === item.gap.after)
      out[out.length - 1] = { kind: 'gap', gap: { ...last.gap, missing: (last.gap.missing ?? 0) + 1 } };
    else out.push(item);
  }
  return out;
}

export function sortedById<T>({ id, compare }: SparseAccess<T>, values: readonly T[]): T[] {
  const sorted = [...values].sort((a, b) => compare(id(a), id(b)));
  return sorted.filter((value, at) => {
    const before = sorted[at - 1];
    return at === 0 || before === undefined || id(value) !== id(before);
  });
}
