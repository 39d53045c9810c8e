import { SETTLES_MS } from './audit-scope.ts';

/** Groups the trades of a series by intervals of event time. Closes an interval when event time is well past its end. */
export class EventBins<T> {
  readonly #lengthMs: number;
  readonly #create: () => T;
  readonly #close: (start: number, bin: T) => void;
  readonly #bins = new Map<number, T>();
  /** Event time from which the oldest interval is closed. */
  #closesAt = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;

  /** @param close gets the intervals in rising order */
  constructor(lengthMs: number, create: () => T, close: (start: number, bin: T) => void) {
    this.#lengthMs = lengthMs;
    this.#create = create;
    this.#close = close;
  }

  /** Returns the interval of a time, milliseconds, if it is open. */
  find(time: number): T | undefined {
    return this.#bins.get(Math.floor(time / this.#lengthMs) * this.#lengthMs);
  }

  /** Returns the interval of a time, milliseconds. Opens it if it is new, and closes the old ones. */
  at(time: number): T {
    if (time > this.#newest) this.#newest = time;
    if (this.#newest >= this.#closesAt) this.#closeUntil(this.#newest - SETTLES_MS);
    const start = Math.floor(time / this.#lengthMs) * this.#lengthMs;
    let bin = this.#bins.get(start);
    if (bin === undefined) {
      bin = this.#create();
      this.#bins.set(start, bin);
      this.#closesAt = Math.min(this.#closesAt, start + this.#lengthMs + SETTLES_MS);
    }
    return bin;
  }

  end(): void {
    this.#closeUntil(Number.POSITIVE_INFINITY);
  }

  #closeUntil(end: number): void {
    const starts = [...this.#bins.keys()].filter((start) => start + this.#lengthMs <= end).sort((a, b) => a - b);
    for (const start of starts) {
      const bin = this.#bins.get(start);
      this.#bins.delete(start);
      if (bin !== undefined) this.#close(start, bin);
    }
    this.#closesAt = Math.min(...this.#bins.keys()) + this.#lengthMs + SETTLES_MS;
  }
}
