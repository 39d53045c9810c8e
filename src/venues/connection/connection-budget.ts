const WINDOW_MS = 300_000;
/** The share of the limit that is used: attempts are counted by the venue as they arrive. */
const SHARE = 0.9;

/** Attempts to connect that a venue takes from one address in five minutes: says how long the next one has to wait. No clock. */
export class ConnectionBudget {
  /** When the last attempts were due, as many as five minutes may have. */
  readonly #dueAt: number[];
  #oldest = 0;

  /** `perFiveMinutes`: the venue's limit; `share`: of it what is ours. */
  constructor(perFiveMinutes: number, share = 1) {
    const most = Math.max(1, Math.floor(perFiveMinutes * share * SHARE));
    this.#dueAt = new Array(most).fill(Number.NEGATIVE_INFINITY);
  }

  /** Takes an attempt from the budget; returns how long to wait before it, milliseconds. `now`: monotonic milliseconds. */
  take(now: number): number {
    const dueAt = Math.max(now, (this.#dueAt[this.#oldest] ?? now) + WINDOW_MS);
    this.#dueAt[this.#oldest] = dueAt;
    this.#oldest = (this.#oldest + 1) % this.#dueAt.length;
    return dueAt - now;
  }
}
