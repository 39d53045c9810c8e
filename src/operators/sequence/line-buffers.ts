import type { SparseAccess } from './passed-values.ts';

/** The state of one line of a `SparseSequence`. */
export interface LineBuffer<T> {
  /** True if the line missed no value that another line in step delivered. */
  inStep: boolean;
  /** True if the line's subscription was acknowledged. */
  acknowledged: boolean;
  /** True if the line's subscription was acknowledged, or the line has delivered a value. */
  subscribed: boolean;
  /** Values that wait for another line or for fetched values, in the order of ids. */
  held: T[];
}

/** The state of each line of a `SparseSequence`. */
export class LineBuffers<T> {
  readonly #access: SparseAccess<T>;
  readonly #lines = new Map<number, LineBuffer<T>>();

  constructor(access: SparseAccess<T>) {
    this.#access = access;
  }

  /**
   * Adds a line that has connected. It is not in step: until an overlap proves the opposite, it may have missed values.
   */
  add(line: number): LineBuffer<T> {
    const added = { inStep: false, acknowledged: false, subscribed: false, held: [] };
    this.#lines.set(line, added);
    return added;
  }

  of(line: number): LineBuffer<T> {
    return this.#lines.get(line) ?? this.add(line);
  }

  remove(line: number): LineBuffer<T> | undefined {
    const removed = this.#lines.get(line);
    this.#lines.delete(line);
    return removed;
  }

  isInStep(line: number): boolean {
    return this.#lines.get(line)?.inStep === true;
  }

  get isAnyInStep(): boolean {
    for (const line of this.#lines.values()) if (line.inStep) return true;
    return false;
  }

  get isAnyHeld(): boolean {
    for (const line of this.#lines.values()) if (line.held.length > 0) return true;
    return false;
  }

  get subscribed(): Set<number> {
    const subscribed = new Set<number>();
    for (const [number, line] of this.#lines) if (line.subscribed) subscribed.add(number);
    return subscribed;
  }

  /**
   * Yields the lines that may have missed values (not in step) and hold a value for which `isIt` is true. Each line is
   * checked when the loop gets to it, because passing one line's values may change the others.
   */
  *holding(isIt: (value: T) => boolean): Iterable<LineBuffer<T>> {
    for (const line of this.#lines.values()) if (!line.inStep && line.held.some(isIt)) yield line;
  }

  /** Yields, as `holding` does, the lines that hold the value with this id. */
  *holdingId(id: string): Iterable<LineBuffer<T>> {
    for (const line of this.#lines.values()) if (!line.inStep && this.#holds(line, id)) yield line;
  }

  /** Returns the line with the oldest held value; undefined if no line holds any. */
  oldest(lines: Iterable<number> = this.#lines.keys()): LineBuffer<T> | undefined {
    const { id, compare } = this.#access;
    let first: LineBuffer<T> | undefined;
    for (const number of lines) {
      const line = this.of(number);
      const [value, oldest] = [line.held[0], first?.held[0]];
      if (value !== undefined && (oldest === undefined || compare(id(value), id(oldest)) < 0)) first = line;
    }
    return first;
  }

  #holds({ held }: LineBuffer<T>, id: string): boolean {
    const { compare, id: idOf } = this.#access;
    let [from, to] = [0, held.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const value = held[middle];
      if (value !== undefined && compare(idOf(value), id) < 0) from = middle + 1;
      else to = middle;
    }
    const found = held[from];
    return found !== undefined && idOf(found) === id;
  }
}

/** Inserts a value into a line's held values, in the order of ids. */
export function hold<T>({ id, compare }: SparseAccess<T>, { held }: LineBuffer<T>, value: T): void {
  const at = held.findLastIndex((one) => compare(id(one), id(value)) <= 0) + 1;
  held.splice(at, 0, value);
}
