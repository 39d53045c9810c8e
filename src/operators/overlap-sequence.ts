import type { Hole, Sequenced } from './contiguous-sequence.ts';

/**
 * Puts the values of one key in order where ids rise but jump, so that only a second line shows a loss.
 *
 * Of lines that are in step the first arrival wins and the second is a repeat. A line that joins while another is in
 * step holds its values until one of them has come by a line in step, too: from there on both overlap. When the last
 * line in step is lost, what a joining line holds is passed on. A value that was passed on by nobody and lies behind
 * one that was is too late: it becomes a hole of one. When no line was left, what was missed until the next value is
 * a hole of unknown size.
 */
export interface OverlapAccess<T> {
  /** Negative, zero or positive as the id of a is less than, equal to or greater than that of b. */
  compare(a: T, b: T): number;
  /** The id, as a key of a set. */
  id(value: T): string;
}

interface Line<T> {
  inStep: boolean;
  held: T[];
}

export class OverlapSequence<T> {
  readonly #access: OverlapAccess<T>;
  readonly #window: number;
  readonly #lines = new Map<number, Line<T>>();
  /** Passed on lately, in order; `#seen` holds their ids. */
  #recent: T[] = [];
  readonly #seen = new Set<string>();
  #last: T | undefined;
  #unwatched = false;
  duplicates = 0;

  /** @param window how many of the last values are remembered to tell a repeat from a late one. */
  constructor(access: OverlapAccess<T>, window: number) {
    this.#access = access;
    this.#window = window;
  }

  /** A line has connected: until proven otherwise it has missed something. */
  joined(line: number): void {
    this.#lines.set(line, { inStep: false, held: [] });
  }

  /** A line is gone; what the others held may become due. */
  lost(line: number): Sequenced<T>[] {
    this.#lines.delete(line);
    return this.#anyInStep() ? [] : this.#promote();
  }

  /** True where the value is simply the next one by a line in step: the hot path, without a result object. It counts as passed on. */
  next(line: number, value: T): boolean {
    if (this.#unwatched || this.#lines.get(line)?.inStep !== true) return false;
    if (this.#last === undefined || this.#access.compare(value, this.#last) <= 0) return false;
    this.#remember(this.#access.id(value), value);
    return true;
  }

  /** What to pass on now that a value has come by a line. */
  accept(line: number, value: T): Sequenced<T>[] {
    const state = this.#lines.get(line) ?? { inStep: false, held: [] };
    this.#lines.set(line, state);
    if (!state.inStep) {
      if (this.#anyInStep()) return this.#join(state, value);
      state.inStep = true;
    }
    return this.#pass(value);
  }

  #join(state: Line<T>, value: T): Sequenced<T>[] {
    if (!this.#seen.has(this.#access.id(value))) {
      state.held.push(value);
      if (state.held.length > this.#window) state.held.shift();
      return [];
    }
    this.duplicates++;
    state.inStep = true;
    state.held = [];
    return [];
  }

  #pass(value: T): Sequenced<T>[] {
    const id = this.#access.id(value);
    if (this.#seen.has(id)) {
      this.duplicates++;
      // It was passed on before, so nothing lies between: no hole after all.
      this.#unwatched = false;
      return [];
    }
    if (this.#last !== undefined && this.#access.compare(value, this.#last) < 0) {
      this.#seen.add(id);
      return this.#late(value);
    }
    const out: Sequenced<T>[] = [];
    if (this.#unwatched && this.#last !== undefined)
      out.push({ kind: 'hole', hole: { before: this.#last, after: value, missing: null, filled: 0 } });
    this.#unwatched = false;
    this.#remember(id, value);
    out.push({ kind: 'value', value });
    return out;
  }

  /** Nobody is in step any more: what joining lines hold is all there is. */
  #promote(): Sequenced<T>[] {
    this.#unwatched = true;
    const held: T[] = [];
    for (const line of this.#lines.values()) {
      if (line.held.length === 0) continue;
      held.push(...line.held);
      line.held = [];
      line.inStep = true;
    }
    // A line that held the value after the last one passed on overlaps with the line that is lost; whether it did is not known.
    held.sort((a, b) => this.#access.compare(a, b));
    return held
      .filter((value) => this.#last === undefined || this.#access.compare(value, this.#last) > 0)
      .flatMap((value) => this.#pass(value));
  }

  #late(value: T): Sequenced<T>[] {
    let at = this.#recent.length;
    while (at > 0 && this.#access.compare(this.#recent[at - 1] as T, value) > 0) at--;
    const before = this.#recent[at - 1];
    const after = this.#recent[at];
    // Before the first one that is remembered: not ours to report.
    if (before === undefined || after === undefined) return [];
    const hole: Hole<T> = { before, after, missing: 1, filled: 0 };
    return [{ kind: 'hole', hole }];
  }

  #remember(id: string, value: T): void {
    this.#last = value;
    this.#seen.add(id);
    this.#recent.push(value);
    if (this.#recent.length < 2 * this.#window) return;
    for (const old of this.#recent.slice(0, this.#window)) this.#seen.delete(this.#access.id(old));
    this.#recent = this.#recent.slice(this.#window);
  }

  #anyInStep(): boolean {
    for (const line of this.#lines.values()) if (line.inStep) return true;
    return false;
  }
}
