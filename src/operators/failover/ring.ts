/** A value that a source gave while another one served its key. */
export interface Held<T> {
  readonly key: string;
  readonly at: number;
  readonly value: T;
}

/** The recent values of one source that does not serve their keys, oldest first: a switch continues from here. */
export class Ring<T> {
  readonly #span: number;
  #held: Held<T>[] = [];

  /** @param span how far back values are kept, in the unit of `at`. */
  constructor(span: number) {
    this.#span = span;
  }

  /** The keys with at least one value. */
  get keys(): ReadonlySet<string> {
    return new Set(this.#held.map(({ key }) => key));
  }

  /** Keeps a value. Returns the keys of the values that became too old, if any did. */
  push(held: Held<T>): ReadonlySet<string> | undefined {
    this.#held.push(held);
    // Cut in large pieces: the ring may grow to twice its span, and each value is moved once.
    const middle = this.#held.length >> 1;
    const oldest = held.at - this.#span;
    const isOver = (index: number): boolean => (this.#held[index]?.at ?? held.at) < oldest;
    if (!isOver(middle)) return undefined;
    let kept = middle;
    while (isOver(kept)) kept++;
    return new Set(this.#held.splice(0, kept).map(({ key }) => key));
  }

  /** Removes and returns the values of these keys. */
  take(keys: ReadonlyMap<string, unknown>): readonly Held<T>[] {
    const taken = this.#held.filter(({ key }) => keys.has(key));
    this.#held = this.#held.filter(({ key }) => !keys.has(key));
    return taken;
  }

  /** True if a value received at `at` is too old for a source whose last data came at `lastAt`. */
  isTooOld(at: number, lastAt: number): boolean {
    return at < lastAt - this.#span;
  }
}
