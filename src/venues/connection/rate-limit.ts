const FIVE_MINUTES_MS = 300_000;
/** The part of the limit that is used. Some room is left, because the venue counts attempts when they arrive. */
const SHARE = 0.9;

/**
 * Allows `most` uses in a time window, and returns how long the next use must wait. Times are milliseconds of a
 * monotonic clock.
 */
export class RateLimit {
  readonly #windowMs: number;
  /** The times of the last uses, as many as the window allows. */
  readonly #dueAt: number[];
  #oldest = 0;

  constructor(most: number, windowMs: number) {
    this.#windowMs = windowMs;
    this.#dueAt = new Array(Math.max(1, Math.floor(most))).fill(Number.NEGATIVE_INFINITY);
  }

  waitMs(now: number): number {
    return Math.max(0, (this.#dueAt[this.#oldest] ?? now) + this.#windowMs - now);
  }

  /** Counts a use; `at` may be in the future. */
  count(at: number): void {
    this.#dueAt[this.#oldest] = at;
    this.#oldest = (this.#oldest + 1) % this.#dueAt.length;
  }
}

/** Limits the attempts to connect to a venue from one address. */
export class ConnectionBudget {
  readonly #limit: RateLimit;

  /** @param share our part of the venue's limit, from 0 to 1 */
  constructor(perFiveMinutes: number, share = 1) {
    this.#limit = new RateLimit(perFiveMinutes * share * SHARE, FIVE_MINUTES_MS);
  }

  /** Reserves an attempt; returns how long to wait before it, milliseconds. */
  reserve(now: number): number {
    const waitMs = this.#limit.waitMs(now);
    this.#limit.count(now + waitMs);
    return waitMs;
  }
}
