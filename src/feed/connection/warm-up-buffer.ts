/**
 * Keeps the venue's data in order until the process may publish. With more than `most` values, it drops the oldest ones
 * for which `mayGo` is true.
 */
export class WarmUpBuffer<T> {
  readonly #most: number;
  readonly #mayGo: (value: T) => boolean;
  #values: T[] = [];
  #isEmptied = false;

  constructor(most: number, mayGo: (value: T) => boolean) {
    this.#most = most;
    this.#mayGo = mayGo;
  }

  push(value: T): void {
    this.#values.push(value);
    if (this.#values.length > this.#most && !this.#isEmptied) this.#thinOut();
  }

  /** Passes all values to `next`, also values that are pushed meanwhile. */
  empty(next: (value: T) => void): void {
    this.#isEmptied = true;
    for (const value of this.#values) next(value);
  }

  /** Drops a tenth of the values at once, because each call passes over all values. */
  #thinOut(): void {
    let surplus = Math.ceil(this.#most / 10);
    this.#values = this.#values.filter((value) => surplus <= 0 || !this.#mayGo(value) || surplus-- <= 0);
  }
}
