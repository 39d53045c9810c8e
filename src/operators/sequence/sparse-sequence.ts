import { COUNT, FLAG, FUNCTION, type OptionRules, objectWith, required, requireOptions } from '../check-option.ts';
import {
  type Checkpoint,
  type IdSequence,
  type MissingValues,
  NO_LINE,
  type PossibleGap,
  type Sequenced,
} from './id-sequence.ts';
import { hold, type LineBuffer, LineBuffers } from './line-buffers.ts';
import { PassedValues, type SparseAccess, sortedById } from './passed-values.ts';

/** Options of a `SparseSequence`. */
export interface SparseOptions {
  /**
   * How many of the last values are remembered, to distinguish duplicates from late values. Fewer are remembered if they
   * reach back a minute, but at least 128.
   */
  readonly window: number;
  /**
   * True if the source's last values can be fetched. If every line may have missed values, new values wait for the
   * fetched ones.
   */
  readonly recent: boolean;
  /** How many values of a line wait for fetched values at most. */
  readonly maxHeld: number;
}

const RULES: OptionRules<SparseOptions> = {
  window: required(COUNT),
  recent: required(FLAG),
  maxHeld: required(COUNT),
};
const ACCESS = objectWith('an object with id, compare and timestamp', {
  id: required(FUNCTION),
  compare: required(FUNCTION),
  timestamp: required(FUNCTION),
});

/** Returns the options. @throws TypeError that names an argument or option that cannot be used. */
function checked(access: SparseAccess<never>, options: SparseOptions): SparseOptions {
  requireOptions('SparseSequence', { access }, { access: required(ACCESS) });
  requireOptions('SparseSequence', options, RULES);
  return options;
}

const NONE: readonly never[] = [];

/** The lines whose values wait for fetched values. Each of these lines misses nothing after its first value. */
interface Wait {
  readonly since: number;
  readonly lines: Set<number>;
}

/**
 * Orders the values of one key whose ids rise but jump. The ids do not show a gap; only a second line shows it.
 *
 * A line is in step if it missed no value that another line in step delivered. Of two lines in step, the first to
 * deliver a value wins, and the repeat by the second line is a duplicate. A line that is not in step holds its values
 * until one of them has also come by a line in step. A value with a new id below the last passed id is too late: it is
 * dropped and reported as a gap.
 *
 * If no line is left in step, the source's last values are fetched, and values from the lines wait. The wait ends early
 * if a line repeats a passed value before any new one, because it then delivers all that follows. If the fetched values
 * reach back to the last passed value, the newer ones are passed on in order, then the waiting values. If they
 * do not reach back, or the fetch fails, the missing values are a gap of unknown size. A fetched value that could not
 * be read is such a gap too, unless a line has it.
 */
export class SparseSequence<T> implements IdSequence<T> {
  readonly #access: SparseAccess<T>;
  readonly #options: SparseOptions;
  readonly #lines: LineBuffers<T>;
  readonly #passed: PassedValues<T>;
  /** The last id of the previous run. */
  #resumedId: string | undefined;
  #wait: Wait | undefined;
  /** True if `next` may pass values on: no gap, no wait, nothing held. */
  #plain = true;
  readonly isFilledByLines = false;
  readonly unannouncedSince = undefined;

  constructor(access: SparseAccess<T>, options: SparseOptions) {
    this.#access = access;
    this.#options = checked(access, options);
    this.#lines = new LineBuffers(access);
    this.#passed = new PassedValues(access, options.window);
  }

  get duplicates(): number {
    return this.#passed.duplicates;
  }

  get heldSince(): number | undefined {
    return this.#wait?.since;
  }

  get waiting(): T | undefined {
    return this.#wait === undefined ? undefined : this.#lines.oldest(this.#wait.lines)?.held[0];
  }

  get gaps(): readonly MissingValues<T>[] {
    const before = this.#wait === undefined ? undefined : this.#passed.last;
    return before === undefined ? [] : [{ before, after: this.waiting }];
  }

  get possibleGap(): PossibleGap | undefined {
    const before = this.#passed.isUnwatched || this.#wait !== undefined ? this.#passed.last : undefined;
    return before === undefined ? undefined : { before, since: this.#wait?.since ?? NO_LINE };
  }

  get isResumed(): boolean {
    return this.#resumedId !== undefined && this.#passed.last?.id === this.#resumedId;
  }

  resume(checkpoint: Checkpoint): void {
    this.#passed.startAt(checkpoint);
    this.#resumedId = checkpoint.id;
    this.#passed.isUnwatched = true;
    this.#plain = false;
  }

  forget(): Sequenced<T>[] {
    if (!this.isResumed) return [];
    this.#passed.startAt(undefined);
    this.#passed.isUnwatched = false;
    return this.#settled(this.#giveUp());
  }

  /** Notes a connected line. Until an overlap proves the opposite, it may have missed values. */
  joined(line: number): void {
    this.#lines.add(line);
  }

  /** Notes an acknowledgement: the line misses nothing from now on. A second one begins a new subscription. */
  subscribed(line: number, now: number): Sequenced<T>[] {
    const out = this.#lines.of(line).acknowledged ? this.lost(line, now) : [];
    Object.assign(this.#lines.of(line), { acknowledged: true, subscribed: true });
    this.#seek(now);
    return this.#settled(out);
  }

  /** Notes a lost line. Values that other lines hold may then be passed on. */
  lost(line: number, now: number): Sequenced<T>[] {
    const gone = this.#lines.remove(line);
    if (gone?.subscribed !== true || this.#passed.isEmpty) return [];
    const out: Sequenced<T>[] = [];
    if (this.#wait !== undefined) {
      this.#wait.lines.delete(line);
      if (this.#wait.lines.size > 0) return [];
      this.#wait = undefined;
      out.push(...this.#inStep(gone));
    } else if (this.#lines.isAnyInStep) return this.#settled([]);
    this.#passed.isUnwatched = true;
    if (this.#options.recent) this.#seek(now);
    else out.push(...this.#giveUp());
    return this.#settled(out);
  }

  /**
   * Notes the end of a subscription. Its last values may still come, until the next acknowledgement begins a new
   * subscription.
   */
  unsubscribed(line: number, now: number): Sequenced<T>[] {
    const out = this.lost(line, now);
    this.#lines.add(line).acknowledged = true;
    return out;
  }

  /**
   * Notes that line `to` replaces line `from`. If no value came by both lines, values may be missing between them. They
   * are fetched if possible.
   */
  replaced(from: number, to: number, now: number): Sequenced<T>[] {
    const previous = this.#lines.remove(from);
    const heir = this.#lines.of(to);
    heir.subscribed ||= previous?.subscribed === true;
    const out: Sequenced<T>[] = [];
    if (this.#wait?.lines.delete(from) === true) {
      this.#wait.lines.add(to);
      heir.held = sortedById(this.#access, [...(previous?.held ?? []), ...heir.held]);
    } else if (previous?.inStep === true && !this.#lines.isAnyInStep) {
      this.#passed.isUnwatched = this.#options.recent && !this.#passed.isEmpty;
      if (this.#passed.isUnwatched) this.#seek(now);
      else out.push(...this.#inStep(heir));
    }
    return this.#settled(out);
  }

  next(line: number, value: T): boolean {
    if (!this.#plain || this.#passed.isEmpty || !this.#lines.isInStep(line)) return false;
    const id = this.#access.id(value);
    if (!this.#passed.isBeyond(id)) return false;
    this.#passed.add(id, value);
    return true;
  }

  accept(line: number, value: T, now: number): readonly Sequenced<T>[] {
    const state = this.#lines.of(line);
    state.subscribed = true;
    // When two lines are in step, this shortcut handles half of all values.
    if (this.#plain && state.inStep && this.#passed.has(this.#access.id(value))) {
      this.#passed.duplicates++;
      return NONE;
    }
    this.#seek(now);
    // A line that repeats a passed value before any new one has missed nothing, so the wait ends.
    if (this.#wait !== undefined && state.held.length === 0 && this.#passed.isKnown(this.#access.id(value))) {
      this.#passed.duplicates++;
      this.#passed.isUnwatched = false;
      return this.#settled(this.#giveUp(state));
    }
    if (this.#wait?.lines.has(line) === true) return this.#settled(this.#keep(state, value));
    if (!state.inStep) {
      if (this.#wait !== undefined || this.#lines.isAnyInStep) return this.#settled(this.#join(state, value));
      state.inStep = true;
    }
    return this.#settled(this.#pass(value));
  }

  announce(): Sequenced<T>[] {
    return [];
  }

  fill(values: readonly (T | undefined)[]): Sequenced<T>[] {
    const { id, compare } = this.#access;
    const readable = values.filter((value) => value !== undefined);
    const recent = sortedById(this.#access, readable);
    const [oldest] = recent;
    if (this.#wait === undefined || oldest === undefined) return [];
    const reachesBack = !this.#passed.isBeyond(id(oldest));
    const { waiting } = this;
    // A line holds a value that is older than all fetched ones, so the fetched values add nothing.
    if (!reachesBack && waiting !== undefined && compare(id(waiting), id(oldest)) < 0)
      return this.#settled(this.#giveUp());
    const lines = [...this.#wait.lines].map((number) => this.#lines.of(number));
    const begun = lines.filter((line) => line.held.length > 0);
    const held = begun.flatMap((line) => line.held.splice(0));
    // A line without held values may have missed values. It is in step only after an overlap.
    for (const line of begun.length > 0 ? begun : lines) line.inStep = true;
    this.#wait = undefined;
    const unread = unreadAfter(values, (newer) => this.#passed.isBeyond(id(newer))).map(id);
    const out = this.#passed.passFilled(recent, sortedById(this.#access, held), { reachesBack, unread });
    return this.#settled([...out, ...this.#joinOverlapping()]);
  }

  release(openedBy = Number.POSITIVE_INFINITY): Sequenced<T>[] {
    if (this.#wait === undefined || this.#wait.since > openedBy) return [];
    return this.#settled(this.#giveUp());
  }

  /** Makes the subscribed lines wait for fetched values, if these can show what was missed. */
  #seek(now: number): void {
    if (!this.#passed.isUnwatched || !this.#options.recent || this.#wait !== undefined) return;
    const lines = this.#lines.subscribed;
    if (lines.size > 0) this.#wait = { since: now, lines };
  }

  /** Keeps a value that arrives during the wait. */
  #keep(line: LineBuffer<T>, value: T): Sequenced<T>[] {
    const late = this.#passed.lateOrSeen(value);
    if (late !== undefined) return late;
    hold(this.#access, line, value);
    return line.held.length > this.#options.maxHeld ? this.#giveUp() : [];
  }

  /** Ends the wait. The line `first` continues. The other lines are in step after an overlap with it. */
  #giveUp(first = this.#lines.oldest(this.#wait?.lines)): Sequenced<T>[] {
    this.#wait = undefined;
    return first === undefined ? [] : [...this.#inStep(first), ...this.#joinOverlapping()];
  }

  /** Puts the lines in step that hold a value that was already passed on. */
  #joinOverlapping(): Sequenced<T>[] {
    const out: Sequenced<T>[] = [];
    for (const line of this.#lines.holding((value) => this.#passed.has(this.#access.id(value))))
      out.push(...this.#inStep(line));
    return out;
  }

  #join(line: LineBuffer<T>, value: T): Sequenced<T>[] {
    if (this.#passed.has(this.#access.id(value))) {
      this.#passed.duplicates++;
      line.inStep = true;
      line.held = [];
      return [];
    }
    hold(this.#access, line, value);
    if (line.held.length > this.#options.window) line.held.shift();
    return [];
  }

  #pass(value: T): Sequenced<T>[] {
    const known = this.#passed.lateOrSeen(value);
    if (known !== undefined) {
      // The line repeats a passed value, so it missed no value after it: there is no gap after all.
      if (known.length === 0) this.#passed.isUnwatched = false;
      return known;
    }
    const id = this.#access.id(value);
    const out = this.#passed.pass(value);
    for (const line of this.#lines.holdingId(id)) {
      this.#passed.duplicates++;
      out.push(...this.#inStep(line));
    }
    return out;
  }

  /** Puts a line in step and passes its held values. */
  #inStep(line: LineBuffer<T>): Sequenced<T>[] {
    line.inStep = true;
    return line.held.splice(0).flatMap((value) => this.#pass(value));
  }

  #settled(out: Sequenced<T>[]): Sequenced<T>[] {
    this.#plain = this.#passed.isWhole && this.#wait === undefined && !this.#lines.isAnyHeld;
    return out;
  }
}

/**
 * Returns the fetched value right before each value that could not be read and may be missing. `values` is newest
 * first.
 */
function unreadAfter<T>(values: readonly (T | undefined)[], isNew: (newer: T) => boolean): readonly T[] {
  return values.flatMap((value, at) => {
    if (value === undefined || at === 0 || values[at - 1] !== undefined) return [];
    const newer = values.slice(0, at).findLast((one) => one !== undefined);
    return newer === undefined || isNew(newer) ? [value] : [];
  });
}
