/** Over how many whole seconds trades are averaged. */
const SECONDS = 5;
const SLOTS = SECONDS + 1;

/** How many trades a second came, over the last five whole seconds. Times are the scheduler's milliseconds. */
export class TradeRate {
  /** By second, the running one among them. */
  readonly #counts = new Float64Array(SLOTS);
  readonly #first: number;
  #second: number;

  constructor(now: number) {
    this.#first = Math.floor(now / 1000);
    this.#second = this.#first;
  }

  add(now: number): void {
    this.#advance(now);
    const slot = this.#second % SLOTS;
    this.#counts[slot] = (this.#counts[slot] as number) + 1;
  }

  perSecond(now: number): number {
    this.#advance(now);
    const seconds = Math.min(this.#second - this.#first, SECONDS);
    if (seconds === 0) return 0;
    const running = this.#counts[this.#second % SLOTS] as number;
    return (this.#counts.reduce((sum, count) => sum + count, 0) - running) / seconds;
  }

  #advance(now: number): void {
    const second = Math.max(Math.floor(now / 1000), this.#second);
    const passed = Math.min(second - this.#second, SLOTS);
    for (let back = 0; back < passed; back++) this.#counts[(second - back) % SLOTS] = 0;
    this.#second = second;
  }
}
