import type { Hole, Mark, Sequenced } from './contiguous-sequence.ts';

export interface OverlapAccess<T> {
  /** The id, as a key of a set. */
  id(value: T): string;
  /** Negative, zero or positive as the id a is less than, equal to or greater than b. */
  compare(a: string, b: string): number;
  /** Venue's time, milliseconds. */
  timestamp(value: T): number;
}

export interface OverlapOptions {
  /** How many of the last values are remembered to tell a repeat from a late one. */
  readonly window: number;
  /** The source's last values can be asked for: after a time without any line in step, values wait for them. */
  readonly recent: boolean;
  /** How many wait for them at the most. */
  readonly maxHeld: number;
}

interface Line<T> {
  inStep: boolean;
  /** Its subscription was acknowledged; or it was, or the line has delivered. */
  acknowledged: boolean;
  subscribed: boolean;
  /** What waits for another line, or for the recent values. */
  held: T[];
}

/** Lines whose values wait for the recent ones: each misses nothing from its first on. */
interface Wait {
  readonly since: number;
  readonly lines: Set<number>;
}

/**
 * Puts the values of one key in order where ids rise but jump, so that only a second line shows a loss.
 *
 * Of lines that are in step the first arrival wins and the second is a repeat. A line that joins while another is in
 * step holds its values until one of them has come by a line in step, too: from there on both overlap. A value that was
 * passed on by nobody and lies behind one that was is too late: it becomes a hole of one.
 *
 * When no line was left in step, the source's last values are asked for, and what the lines deliver is held meanwhile.
 * If they reach back to the last value passed on, nothing but they was missed: those that are new are passed on in
 * order, then the held ones. If they do not, or cannot be had, what was missed is a hole of unknown size.
 */
export class OverlapSequence<T> {
  readonly #access: OverlapAccess<T>;
  readonly #options: OverlapOptions;
  readonly #lines = new Map<number, Line<T>>();
  /** Passed on lately, in order: as many as the window has, and those since. */
  #older: T[] = [];
  #recent: T[] = [];
  /** Ids of what came while these were passed on, late ones included: they are forgotten together. */
  #olderIds = new Set<string>();
  #recentIds = new Set<string>();
  /** Those of them that came right behind a hole of unknown size: what is too late for it is named by it. */
  readonly #behindHoles = new Set<string>();
  /** What came before the first that is remembered; undefined: nothing did. */
  #floor: Mark | undefined;
  #lastId: string | undefined;
  #lastTimestamp = 0;
  /** Where a former run ended. */
  #resumedId: string | undefined;
  /** No line was in step for some time since the last value was passed on. */
  #unwatched = false;
  #wait: Wait | undefined;
  /** What was missed up to now was filled with recent values: a hole, once the next value comes by a line. */
  #open: { readonly before: Mark; filled: number } | undefined;
  /** Nothing is out of the ordinary: the hot path is open. */
  #plain = true;
  duplicates = 0;

  constructor(access: OverlapAccess<T>, options: OverlapOptions) {
    this.#access = access;
    this.#options = options;
  }

  /** Since when the recent values are waited for; undefined: they are not. */
  get heldSince(): number | undefined {
    return this.#wait?.since;
  }

  /** The first value that waits for the recent ones; undefined: none does. */
  get waiting(): T | undefined {
    return this.#wait === undefined ? undefined : this.#furthestBack()?.held[0];
  }

  /** The last value passed on, while the recent ones are waited for: they should reach back to it. */
  get wanted(): Mark | undefined {
    return this.#wait === undefined ? undefined : this.#mark();
  }

  /** The last value passed on, while some may have been missed since, whether the recent ones are waited for or not. */
  get unwatched(): Mark | undefined {
    return this.#lastId === undefined || (!this.#unwatched && this.#wait === undefined) ? undefined : this.#mark();
  }

  /** Goes on where a former run ended, as if the value with that id had been passed on. To be called before any value. */
  resume(mark: Mark): void {
    this.#lastId = mark.id;
    this.#lastTimestamp = mark.timestamp;
    this.#resumedId = mark.id;
    this.#floor = mark;
    this.#unwatched = true;
    this.#plain = false;
  }

  /** Undoes `resume`, if nothing was passed on since: the first value that came begins, and no hole lies before it. */
  forget(): Sequenced<T>[] {
    if (this.#resumedId === undefined || this.#lastId !== this.#resumedId) return [];
    this.#lastId = undefined;
    this.#floor = undefined;
    this.#recentIds.clear();
    this.#unwatched = false;
    return this.#settled(this.#giveUp());
  }

  /** A line has connected: until proven otherwise it has missed something. */
  joined(line: number): void {
    this.#lines.set(line, { inStep: false, acknowledged: false, subscribed: false, held: [] });
  }

  /** The venue has acknowledged a line's subscription: it misses nothing from now on. For the second time: from now on again. */
  subscribed(line: number, now: number): Sequenced<T>[] {
    const out = this.#line(line).acknowledged ? this.lost(line, now) : [];
    const state = this.#line(line);
    state.acknowledged = true;
    state.subscribed = true;
    this.#seek(now);
    return this.#settled(out);
  }

  /** A line is gone; what the others held may become due. */
  lost(line: number, now: number): Sequenced<T>[] {
    const gone = this.#lines.get(line);
    this.#lines.delete(line);
    if (gone?.subscribed !== true || this.#lastId === undefined) return [];
    const out: Sequenced<T>[] = [];
    if (this.#wait !== undefined) {
      this.#wait.lines.delete(line);
      if (this.#wait.lines.size > 0) return [];
      this.#wait = undefined;
      out.push(...this.#inStep(gone));
    } else if (this.#anyInStep()) return this.#settled([]);
    this.#unwatched = true;
    if (this.#options.recent) this.#seek(now);
    else out.push(...this.#giveUp());
    return this.#settled(out);
  }

  /** A line's subscription ends: what still comes may be of it, and its next one is acknowledged as for the second time. */
  unsubscribed(line: number, now: number): Sequenced<T>[] {
    const out = this.lost(line, now);
    this.joined(line);
    this.#line(line).acknowledged = true;
    return out;
  }

  /**
   * A line takes another's place, which is let go. Both were subscribed for a time; but where no value came by both, some
   * may still have been on their way by the former one: the recent ones tell, if they can be had.
   */
  handedOver(from: number, to: number, now: number): Sequenced<T>[] {
    const former = this.#lines.get(from);
    const heir = this.#line(to);
    this.#lines.delete(from);
    heir.subscribed ||= former?.subscribed === true;
    const out: Sequenced<T>[] = [];
    if (this.#wait?.lines.delete(from) === true) {
      this.#wait.lines.add(to);
      heir.held = this.#sorted([...(former?.held ?? []), ...heir.held]);
    } else if (former?.inStep === true && !this.#anyInStep()) {
      this.#unwatched = this.#options.recent && this.#lastId !== undefined;
      if (this.#unwatched) this.#seek(now);
      else out.push(...this.#inStep(heir));
    }
    return this.#settled(out);
  }

  /** True where the value is simply the next one by a line in step: the hot path, without a result object. It counts as passed on. */
  next(line: number, value: T): boolean {
    if (!this.#plain || this.#lastId === undefined || this.#lines.get(line)?.inStep !== true) return false;
    const id = this.#access.id(value);
    if (this.#access.compare(id, this.#lastId) <= 0) return false;
    this.#remember(id, value);
    return true;
  }

  /** What to pass on now that a value has come by a line; `now` in milliseconds, any origin. */
  accept(line: number, value: T, now: number): Sequenced<T>[] {
    const state = this.#line(line);
    state.subscribed = true;
    this.#seek(now);
    if (this.#wait?.lines.has(line) === true) return this.#settled(this.#keep(state, value));
    if (!state.inStep) {
      if (this.#wait !== undefined || this.#anyInStep()) return this.#settled(this.#join(state, value));
      state.inStep = true;
    }
    return this.#settled(this.#pass(value));
  }

  /** Takes the source's last values, in any order, those that were passed on before among them. */
  fill(values: readonly T[]): Sequenced<T>[] {
    if (this.#wait === undefined || values.length === 0) return [];
    const { id, compare } = this.#access;
    const recent = this.#sorted(values);
    const oldest = id(recent[0] as T);
    const reachesBack = compare(oldest, this.#lastId as string) <= 0;
    const first = this.#furthestBack()?.held[0];
    // A line that delivered what is older than all of them knows more.
    if (!reachesBack && first !== undefined && compare(id(first), oldest) < 0) return this.#settled(this.#giveUp());
    const waiting = [...this.#wait.lines].map((number) => this.#line(number));
    const begun = waiting.filter((line) => line.held.length > 0);
    const held = begun.flatMap((line) => line.held.splice(0));
    // What another has begun with, one that brought nothing yet may begin behind: it joins by overlap.
    for (const line of begun.length > 0 ? begun : waiting) line.inStep = true;
    this.#wait = undefined;
    return this.#settled([...this.#merged(recent, this.#sorted(held), reachesBack), ...this.#overlaps()]);
  }

  #merged(recent: readonly T[], held: readonly T[], reachesBack: boolean): Sequenced<T>[] {
    const { id, compare } = this.#access;
    const live = new Set(held.map(id));
    const end = held.at(-1);
    // Behind the last one that came by a line nothing was missed: that is on its way.
    const fetched = recent.filter(
      (value) =>
        !live.has(id(value)) && this.#isBeyond(value) && (end === undefined || compare(id(value), id(end)) < 0),
    );
    const all = this.#sorted([...held, ...fetched]).filter((value) => this.#isBeyond(value));
    const out = held.flatMap((value) => this.#lateOrSeen(value) ?? []);
    if (reachesBack) this.#unwatched = false;
    else if (all[0] !== undefined) out.push(this.#unknownHole(all[0]));
    for (const value of all) {
      if (reachesBack && !live.has(id(value))) {
        this.#open ??= { before: this.#mark(), filled: 0 };
        this.#open.filled++;
      } else if (this.#open !== undefined) out.push(this.#filledHole(value));
      this.#remember(id(value), value);
      out.push({ kind: 'value', value });
    }
    return out;
  }

  /** Waits for the recent values no longer, if they were waited for since `openedBy`: what is held follows a hole. */
  release(openedBy = Number.POSITIVE_INFINITY): Sequenced<T>[] {
    if (this.#wait === undefined || this.#wait.since > openedBy) return [];
    return this.#settled(this.#giveUp());
  }

  #line(line: number): Line<T> {
    let state = this.#lines.get(line);
    if (state === undefined) {
      this.joined(line);
      state = this.#lines.get(line) as Line<T>;
    }
    return state;
  }

  /** Has the lines that are subscribed wait for the recent values, where these can tell what was missed. */
  #seek(now: number): void {
    if (!this.#unwatched || !this.#options.recent || this.#wait !== undefined) return;
    const lines = new Set<number>();
    for (const [number, line] of this.#lines) if (line.subscribed) lines.add(number);
    if (lines.size > 0) this.#wait = { since: now, lines };
  }

  /** A value comes while the recent ones are waited for. */
  #keep(line: Line<T>, value: T): Sequenced<T>[] {
    const late = this.#lateOrSeen(value);
    if (late !== undefined) return late;
    const { id, compare } = this.#access;
    let at = line.held.length;
    while (at > 0 && compare(id(line.held[at - 1] as T), id(value)) > 0) at--;
    line.held.splice(at, 0, value);
    return line.held.length > this.#options.maxHeld ? this.#giveUp() : [];
  }

  /** The line that holds the oldest value of all; undefined: none holds any. */
  #furthestBack(): Line<T> | undefined {
    const { id, compare } = this.#access;
    let first: Line<T> | undefined;
    for (const number of this.#wait?.lines ?? this.#lines.keys()) {
      const line = this.#line(number);
      const [value, oldest] = [line.held[0], first?.held[0]];
      if (value === undefined) continue;
      if (oldest === undefined || compare(id(value), id(oldest)) < 0) first = line;
    }
    return first;
  }

  /**
   * What was missed will not be known. The line that came first goes on; the others join it. Where nothing waited it
   * is told when something comes.
   */
  #giveUp(): Sequenced<T>[] {
    const first = this.#furthestBack();
    this.#wait = undefined;
    return first === undefined ? [] : [...this.#inStep(first), ...this.#overlaps()];
  }

  /** Lines that hold what was passed on by now are in step. */
  #overlaps(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    for (const line of this.#lines.values())
      if (!line.inStep && line.held.some((value) => this.#hasSeen(this.#access.id(value))))
        out.push(...this.#inStep(line));
    return out;
  }

  /** By id, each once. */
  #sorted(values: readonly T[]): T[] {
    const { id, compare } = this.#access;
    const sorted = [...values].sort((a, b) => compare(id(a), id(b)));
    return sorted.filter((value, at) => at === 0 || id(value) !== id(sorted[at - 1] as T));
  }

  #join(state: Line<T>, value: T): Sequenced<T>[] {
    if (this.#hasSeen(this.#access.id(value))) {
      this.duplicates++;
      state.inStep = true;
      state.held = [];
      return [];
    }
    state.held.push(value);
    if (state.held.length > this.#options.window) state.held.shift();
    return [];
  }

  #pass(value: T): Sequenced<T>[] {
    const known = this.#lateOrSeen(value);
    if (known !== undefined) {
      // It was passed on before, so nothing lies between: no hole after all.
      if (known.length === 0) this.#unwatched = false;
      return known;
    }
    const out: Sequenced<T>[] = [];
    if (this.#unwatched && this.#lastId !== undefined) out.push(this.#unknownHole(value));
    else if (this.#open !== undefined) out.push(this.#filledHole(value));
    const id = this.#access.id(value);
    this.#remember(id, value);
    out.push({ kind: 'value', value });
    for (const line of this.#lines.values()) {
      const at = line.inStep ? -1 : line.held.findIndex((held) => this.#access.id(held) === id);
      if (at < 0) continue;
      this.duplicates++;
      out.push(...this.#inStep(line));
    }
    return out;
  }

  /** A line that held its values is in step: those beyond the last one are the next ones. */
  #inStep(line: Line<T>): Sequenced<T>[] {
    line.inStep = true;
    return line.held.splice(0).flatMap((value) => this.#pass(value));
  }

  #isBeyond(value: T): boolean {
    return this.#lastId === undefined || this.#access.compare(this.#access.id(value), this.#lastId) > 0;
  }

  #mark(): Mark {
    return { id: this.#lastId as string, timestamp: this.#lastTimestamp };
  }

  #unknownHole(after: T): Sequenced<T> {
    const { before, filled } = this.#open ?? { before: this.#mark(), filled: 0 };
    this.#open = undefined;
    this.#unwatched = false;
    this.#behindHoles.add(this.#access.id(after));
    return { kind: 'hole', hole: { before, after, missing: null, filled } };
  }

  #filledHole(after: T): Sequenced<T> {
    const { before, filled } = this.#open as { before: Mark; filled: number };
    this.#open = undefined;
    return { kind: 'hole', hole: { before, after, missing: filled, filled } };
  }

  /** Undefined: the value is a new one. Nothing: it was passed on before. A hole: it was not, and is too late now. */
  #lateOrSeen(value: T): Sequenced<T>[] | undefined {
    const id = this.#access.id(value);
    if (this.#hasSeen(id) || id === this.#floor?.id) {
      this.duplicates++;
      return [];
    }
    if (this.#isBeyond(value)) return undefined;
    this.#recentIds.add(id);
    return this.#late(id);
  }

  #hasSeen(id: string): boolean {
    return this.#recentIds.has(id) || this.#olderIds.has(id);
  }

  #late(id: string): Sequenced<T>[] {
    const { compare, timestamp, id: idOf } = this.#access;
    const isBefore = (value: T): boolean => compare(idOf(value), id) <= 0;
    const at = this.#recent.findLastIndex(isBefore);
    const older = at < 0 ? this.#older.findLastIndex(isBefore) : -1;
    const previous = at < 0 ? this.#older[older] : this.#recent[at];
    const before = previous === undefined ? this.#floor : { id: idOf(previous), timestamp: timestamp(previous) };
    const after = at < 0 ? (this.#older[older + 1] ?? this.#recent[0]) : this.#recent[at + 1];
    // Before all that is remembered: not ours to report.
    if (before === undefined || after === undefined || compare(before.id, id) > 0) return [];
    if (this.#behindHoles.has(idOf(after))) return [];
    const hole: Hole<T> = { before, after, missing: 1, filled: 0 };
    return [{ kind: 'hole', hole }];
  }

  #remember(id: string, value: T): void {
    this.#lastId = id;
    this.#lastTimestamp = this.#access.timestamp(value);
    this.#recentIds.add(id);
    this.#recent.push(value);
    if (this.#recent.length < this.#options.window) return;
    for (const old of this.#olderIds) this.#behindHoles.delete(old);
    const floor = this.#older.at(-1);
    if (floor !== undefined) this.#floor = { id: this.#access.id(floor), timestamp: this.#access.timestamp(floor) };
    this.#older = this.#recent;
    this.#olderIds = this.#recentIds;
    this.#recent = [];
    this.#recentIds = new Set();
  }

  #settled(out: Sequenced<T>[]): Sequenced<T>[] {
    this.#plain = !this.#unwatched && this.#wait === undefined && this.#open === undefined;
    if (this.#plain) for (const line of this.#lines.values()) if (line.held.length > 0) this.#plain = false;
    return out;
  }

  #anyInStep(): boolean {
    for (const line of this.#lines.values()) if (line.inStep) return true;
    return false;
  }
}
