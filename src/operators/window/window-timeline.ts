/** A closed window with its accumulator. */
export interface ClosedWindow<A> {
  readonly key: string;
  /** Start of the window, inclusive, milliseconds. */
  readonly windowStart: number;
  /** End of the window, exclusive, milliseconds. */
  readonly windowEnd: number;
  readonly accumulator: A;
  /** False if a cut closed the window before its time. */
  readonly complete: boolean;
}

/** An open window. */
export interface Window<A> {
  accumulator: A;
  /** True if a cut has emitted the window. It stays here until it is due, so that it is not emitted again. */
  cut: boolean;
}

const NONE: readonly never[] = [];

/** The open windows of one length and all keys, and their event time. */
export class WindowTimeline<A> {
  /** Highest timestamp seen, milliseconds. */
  eventTime = Number.NEGATIVE_INFINITY;
  /** Windows that end at this time or before have closed, whatever the event time. */
  closedEnd = Number.NEGATIVE_INFINITY;
  readonly windowMs: number;
  readonly #latenessMs: number;
  /** Start of the earliest open window. */
  #earliest = Number.POSITIVE_INFINITY;
  /** Open windows by start, then by key. */
  readonly #windows = new Map<number, Map<string, Window<A>>>();

  constructor(windowMs: number, allowedLatenessMs: number) {
    this.windowMs = windowMs;
    this.#latenessMs = allowedLatenessMs;
  }

  startOf(timestamp: number): number {
    return Math.floor(timestamp / this.windowMs) * this.windowMs;
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0;
  }

  /** The event time that closes the earliest window; Infinity if none is open. */
  get closesAt(): number {
    return this.#closesAt(this.#earliest);
  }

  hasClosed(windowStart: number, eventTime = this.eventTime): boolean {
    return this.#closesAt(windowStart) <= eventTime || windowStart + this.windowMs <= this.closedEnd;
  }

  window(windowStart: number, key: string): Window<A> | undefined {
    return this.#windows.get(windowStart)?.get(key);
  }

  open(windowStart: number, key: string, window: Window<A>): void {
    let byKey = this.#windows.get(windowStart);
    if (byKey === undefined) {
      byKey = new Map();
      this.#windows.set(windowStart, byKey);
      if (windowStart < this.#earliest) this.#earliest = windowStart;
    }
    byKey.set(key, window);
  }

  /** Closes the windows that are due at this event time. Returns them ordered by end. */
  closeDue(eventTime = this.eventTime): readonly ClosedWindow<A>[] {
    if (!this.hasClosed(this.#earliest, eventTime)) return NONE;
    const closed: ClosedWindow<A>[] = [];
    for (const windowStart of [...this.#windows.keys()].sort((a, b) => a - b)) {
      if (!this.hasClosed(windowStart, eventTime)) break;
      for (const [key, { accumulator, cut }] of this.#windows.get(windowStart) ?? NONE) {
        if (!cut) closed.push(this.#closed(key, windowStart, accumulator, true));
      }
      this.#windows.delete(windowStart);
      this.closedEnd = Math.max(this.closedEnd, windowStart + this.windowMs);
    }
    this.#findEarliest();
    return closed;
  }

  /**
   * Closes the windows of one key, or of all keys, before their time. They stay in the timeline, but take no more
   * values.
   */
  cut(key?: string): ClosedWindow<A>[] {
    const closed: ClosedWindow<A>[] = [];
    for (const [windowStart, byKey] of this.#windows) {
      for (const owner of key === undefined ? byKey.keys() : [key]) {
        const window = byKey.get(owner);
        if (window === undefined || window.cut) continue;
        window.cut = true;
        closed.push(this.#closed(owner, windowStart, window.accumulator, false));
      }
    }
    return closed;
  }

  /** Takes the windows of a key from another timeline. */
  moveKey(key: string, from: WindowTimeline<A>): void {
    for (const [windowStart, byKey] of from.#windows) {
      const window = byKey.get(key);
      if (window === undefined) continue;
      byKey.delete(key);
      if (byKey.size === 0) from.#windows.delete(windowStart);
      this.open(windowStart, key, window);
    }
    from.#findEarliest();
  }

  #closesAt(windowStart: number): number {
    return windowStart + this.windowMs + this.#latenessMs;
  }

  #findEarliest(): void {
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const windowStart of this.#windows.keys()) if (windowStart < this.#earliest) this.#earliest = windowStart;
  }

  #closed(key: string, windowStart: number, accumulator: A, complete: boolean): ClosedWindow<A> {
    return { key, windowStart, windowEnd: windowStart + this.windowMs, accumulator, complete };
  }
}
