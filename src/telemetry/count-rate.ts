const SECONDS = 5;

/** The mean rate over the last five whole seconds, from a count that only rises. */
export class CountRate {
  /** The counts at the ends of the last seconds, newest last. */
  readonly #counts: number[] = [];

  /** Adds the count so far. Call it every second. */
  sample(count: number): void {
    this.#counts.push(count);
    if (this.#counts.length > SECONDS + 1) this.#counts.shift();
  }

  get perSecond(): number {
    const [oldest = 0] = this.#counts;
    return this.#counts.length < 2 ? 0 : ((this.#counts.at(-1) ?? 0) - oldest) / (this.#counts.length - 1);
  }
}
