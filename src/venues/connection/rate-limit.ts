const FIVE_MINUTES_MS = 300_000;
/** The share of the limit that is used: attempts are counted by the venue as they arrive. */
const SHARE = 0.9;

/** At most so many in a window of time: says how long the next one has to wait. Times are monotonic milliseconds. No clock. */
export class RateLimit {
  readonly #windowMs: number;
  /** When the last ones were due, as many as the window may have. */
  readonly #dueAt: number[];
  #oldest = 0;

  constructor(most: number, windowMs: number) {
    this.#windowMs = windowMs;
    this.#dueAt = new Array(Math.max(1, Math.floor(most))).fill(Number.NEGATIVE_INFINITY);
  }

  waitMs(now: number): number {
    return Math.max(0, (this.#dueAt[this.#oldest] ?? now) + this.#windowMs - now);
  }

  /** One is due at `at`. */
  count(at: number): void {
    this.#dueAt[this.#oldest] = at;
    this.#oldest = (this.#oldest + 1) % this.#dueAt.length;
  }
}

/** Attempts to connect that a venue takes from one address in five minutes. */
export class ConnectionBudget {
  readonly #limit: RateLimit;

  /** `perFiveMinutes`: the venue's limit; `share`: of it what is ours. */
  constructor(perFiveMinutes: number, share = 1) {
    this.#limit = new RateLimit(perFiveMinutes * share * SHARE, FIVE_MINUTES_MS);
  }

  /** Takes an attempt from the budget; returns how long to wait before it, milliseconds. */
  take(now: number): number {
    const waitMs = this.#limit.waitMs(now);
    this.#limit.count(now + waitMs);
    return waitMs;
  }
}
