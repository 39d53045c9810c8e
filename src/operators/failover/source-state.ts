import { type FailoverTiming, type HealthEvent, nextHealth, type SourceHealth, UNTRIED } from './failover-decision.ts';

/* The state of one source of `failover`: its health, and its recent values for a switch. */

/** A value of a source that does not serve its key. */
interface Held<T> {
  readonly key: string;
  readonly at: number;
  readonly value: T;
}

/** Keeps recent values of the keys that a source does not serve, oldest first. A switch to the source emits them. */
class Ring<T> {
  readonly #span: number;
  #held: Held<T>[] = [];

  /** @param span how long values are kept, in the unit of `at` */
  constructor(span: number) {
    this.#span = span;
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.#held.map(({ key }) => key));
  }

  /** Adds a value. Returns the keys of values that became too old, if any. */
  push(held: Held<T>): ReadonlySet<string> | undefined {
    this.#held.push(held);
    // Old values are removed only when they are half of the ring. Then each value is moved about once, and the ring
    // covers up to twice its span.
    const middle = this.#held.length >> 1;
    const oldest = held.at - this.#span;
    const isOver = (index: number): boolean => (this.#held[index]?.at ?? held.at) < oldest;
    if (!isOver(middle)) return undefined;
    let kept = middle;
    while (isOver(kept)) kept++;
    return new Set(this.#held.splice(0, kept).map(({ key }) => key));
  }

  /** Removes and returns the values of these keys. */
  remove(keys: ReadonlyMap<string, unknown>): readonly Held<T>[] {
    const taken = this.#held.filter(({ key }) => keys.has(key));
    this.#held = this.#held.filter(({ key }) => !keys.has(key));
    return taken;
  }

  /** Returns true if a value received at `at` is too old for a source whose last data came at `lastAt`. */
  isTooOld(at: number, lastAt: number): boolean {
    return at < lastAt - this.#span;
  }
}

/** One source of a failover: its health, its last data and its ring. */
export class SourceState<T> {
  readonly id: string;
  readonly ring: Ring<T>;
  health: SourceHealth = UNTRIED;
  /** When its last data was received, in the unit of `at`. */
  lastAt = Number.NEGATIVE_INFINITY;
  hasEnded = false;
  readonly #timing: FailoverTiming;

  constructor(id: string, timing: FailoverTiming, ringSpan: number) {
    this.id = id;
    this.ring = new Ring(ringSpan);
    this.#timing = timing;
  }

  get isHealthy(): boolean {
    return this.health.healthySince !== null;
  }

  /** True if the next data changes the health. */
  get awaitsData(): boolean {
    return !this.health.hasData || this.health.stale;
  }

  next(event: HealthEvent, now: number): void {
    this.health = nextHealth(this.health, event, now, this.#timing);
  }
}
