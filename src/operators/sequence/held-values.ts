import type { Checkpoint, SequenceGap } from './id-sequence.ts';

/* Keeps the values after a gap until the gap is filled or given up, for ids that step by one. */

/** Reads ids and times of values whose ids step by one. */
export interface ContiguousAccess<T> {
  /** First id that the value stands for; a safe integer. */
  first(value: T): number;
  /** Last id that the value stands for; equal to the first for a single trade. */
  last(value: T): number;
  /** Venue's time, milliseconds. */
  timestamp(value: T): number;
}

export interface HeldValue<T> {
  readonly value: T;
  /** When a line delivered the value, by the caller's clock, milliseconds; Infinity if it was fetched. */
  readonly since: number;
  readonly fetched: boolean;
  /**
   * True if the gap before this value was announced. An announced gap keeps its end, even if values inside it come
   * later.
   */
  announced: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Keeps the values that wait until the first gap ends, sorted by first id and without overlap. The last value always
 * came by a line.
 */
export class HeldValues<T> {
  readonly #access: ContiguousAccess<T>;
  #values: HeldValue<T>[] = [];
  #fetched = 0;
  /** The last id before each announced gap, in order. */
  readonly #announced: number[] = [];
  #since = NEVER;
  #unannouncedSince = NEVER;

  constructor(access: ContiguousAccess<T>) {
    this.#access = access;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Number of values that came by a line. */
  get count(): number {
    return this.#values.length - this.#fetched;
  }

  /** Since when the oldest gap is open, by the caller's clock, milliseconds; Infinity if no gap is open. */
  get since(): number {
    return this.#since;
  }

  /** Since when an unannounced gap may be open, by the same clock; Infinity if there is none. */
  get unannouncedSince(): number {
    return this.#unannouncedSince;
  }

  get first(): T | undefined {
    return this.#values.find(({ fetched }) => !fetched)?.value;
  }

  get last(): T | undefined {
    return this.#values.at(-1)?.value;
  }

  /** The id before the first announced gap; Infinity if no gap is announced. */
  get idBeforeAnnounced(): number {
    return this.#announced[0] ?? NEVER;
  }

  /** Adds a value from a line. If it overlaps another value, it is dropped, and the result is false. */
  add(value: T, now: number): boolean {
    const { first, last } = this.#access;
    const at = this.#values.findLastIndex((held) => first(held.value) <= first(value)) + 1;
    const before = this.#values[at - 1]?.value;
    const after = this.#values[at]?.value;
    if (before !== undefined && last(before) >= first(value)) return false;
    if (after !== undefined && first(after) <= last(value)) return false;
    this.#values.splice(at, 0, { value, since: now, fetched: false, announced: false });
    const opens = before === undefined || after !== undefined || last(before) + 1 < first(value);
    if (opens) this.#unannouncedSince = Math.min(this.#unannouncedSince, now);
    this.#since = Math.min(this.#since, now);
    return true;
  }

  /** Adds the fetched values that lie inside the gaps after `lastId`. */
  addFetched(values: readonly T[], lastId: number): void {
    const { first, last } = this.#access;
    const fetched = [...values].sort((a, b) => first(a) - first(b));
    const all: HeldValue<T>[] = [];
    let at = 0;
    let end = lastId;
    for (const held of this.#values) {
      const begin = first(held.value);
      for (let value = fetched[at]; value !== undefined && first(value) < begin; value = fetched[++at]) {
        if (first(value) <= end || last(value) >= begin) continue;
        all.push({ value, since: NEVER, fetched: true, announced: false });
        this.#fetched++;
        end = last(value);
      }
      all.push(held);
      end = last(held.value);
    }
    this.#values = all;
  }

  /** Returns the gaps after a checkpoint. */
  gapsAfter(checkpoint: Checkpoint): { readonly before: Checkpoint; readonly after: T }[] {
    const gaps: { readonly before: Checkpoint; readonly after: T }[] = [];
    let before = checkpoint;
    for (const { value } of this.#values) {
      if (this.#access.first(value) > Number(before.id) + 1) gaps.push({ before, after: value });
      before = checkpointOf(this.#access, value);
    }
    return gaps;
  }

  /**
   * Announces the gaps that opened no later than `openedBy`, and all gaps before them. The first gap begins at `start`.
   */
  announce(openedBy: number, start: Checkpoint): SequenceGap<T>[] {
    if (this.#unannouncedSince > openedBy) return [];
    this.#unannouncedSince = NEVER;
    const end = this.#values.findLastIndex(({ since }) => since <= openedBy);
    const known = this.#values.findLastIndex(({ announced }) => announced);
    const last = this.#values[known];
    let before = last === undefined ? start : checkpointOf(this.#access, last.value);
    const gaps: SequenceGap<T>[] = [];
    for (const [at, held] of this.#values.entries()) {
      const { value, since, fetched } = held;
      if (at <= known || fetched) continue;
      const gap = gapBetween(this.#access, before, value, 0);
      if (gap.missing > 0 && at <= end) {
        held.announced = true;
        this.#announced.push(Number(before.id));
        gaps.push(gap);
      } else if (gap.missing > 0) this.#unannouncedSince = Math.min(this.#unannouncedSince, since);
      before = checkpointOf(this.#access, value);
    }
    return gaps;
  }

  /**
   * Removes and returns the first value if no id is missing between `lastId` and this value. Call `settle` after the
   * last removal.
   */
  removeNext(lastId: number): HeldValue<T> | undefined {
    const [held] = this.#values;
    if (held === undefined || this.#access.first(held.value) > lastId + 1) return undefined;
    this.#values.shift();
    this.#removed(held);
    return held;
  }

  /** Removes the first gap. Returns the values inside it and the value that ends it. */
  removeGap(): { readonly inside: readonly T[]; readonly after: T } | undefined {
    const end = this.#values.findIndex(({ fetched, announced }) => (this.#announced.length > 0 ? announced : !fetched));
    const after = this.#values[end];
    if (after === undefined) return undefined;
    const inside = this.#values.splice(0, end + 1).slice(0, -1);
    for (const held of [...inside, after]) this.#removed(held);
    this.settle();
    return { inside: inside.map(({ value }) => value), after: after.value };
  }

  /**
   * Drops the gap before the first value that came by a line, with the fetched values in it. Returns this first value;
   * undefined if there is none.
   */
  startAtFirst(): T | undefined {
    const at = this.#values.findIndex(({ fetched }) => !fetched);
    for (const held of this.#values.splice(0, Math.max(at, 0))) this.#removed(held);
    this.settle();
    const [head] = this.#values;
    if (head?.announced === true) this.#announced.shift();
    if (head !== undefined) head.announced = false;
    return head?.value;
  }

  /** Computes again since when gaps are open. Call it after values were removed. */
  settle(): void {
    this.#since = this.#values.reduce((oldest, { since }) => Math.min(oldest, since), NEVER);
    if (this.#values.length === 0) this.#unannouncedSince = NEVER;
  }

  #removed({ fetched, announced }: HeldValue<T>): void {
    if (fetched) this.#fetched--;
    if (announced) this.#announced.shift();
  }
}

export function checkpointOf<T>(access: ContiguousAccess<T>, value: T): Checkpoint {
  return { id: String(access.last(value)), timestamp: access.timestamp(value) };
}

export function gapBetween<T>(
  access: ContiguousAccess<T>,
  before: Checkpoint,
  after: T,
  filled: number,
): SequenceGap<T> & { readonly missing: number } {
  return { before, after, missing: access.first(after) - Number(before.id) - 1, filled };
}
