import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { at } from '../domain/at.ts';

interface Due {
  readonly at: number;
  /** Of two that are due at the same moment, what was scheduled first comes first. */
  readonly order: number;
  readonly run: () => void;
}

/** More than the hairs by which sums of times differ. */
const LEAST_MS = 1e-6;

/**
 * Time that is set, not measured: milliseconds, moved on by its owner alone. What is scheduled runs when its moment is
 * reached, in the order of these moments.
 */
export class VirtualScheduler implements SchedulerLike {
  #now: number;
  #orders = 0;
  /** The next one is the last. */
  readonly #due: Due[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new VirtualAction(this, work).schedule(state, delay);
  }

  /** When the next thing is due; undefined: nothing is. */
  get next(): number | undefined {
    return this.#due.at(-1)?.at;
  }

  /** Runs the first thing that is due, at its moment. */
  runNext(): void {
    const due = this.#due.pop();
    if (due === undefined) return;
    this.#now = Math.max(this.#now, due.at);
    due.run();
  }

  /** Moves time on where nothing is due before. Never back. */
  moveTo(now: number): void {
    this.#now = Math.max(this.#now, now);
  }

  /** Returns how to call it off. */
  at(delay: number, run: () => void): () => void {
    let at = this.#now + Math.max(0, delay);
    // Who waits for a moment that is a hair away, and looks at the clock then, would else do so for ever.
    if (delay > 0 && at === this.#now) at += Math.max(LEAST_MS, 2 * Number.EPSILON * at);
    const due: Due = { at, order: this.#orders++, run };
    this.#due.splice(this.#placeOf(due), 0, due);
    return () => {
      const place = this.#placeOf(due);
      if (this.#due[place] === due) this.#due.splice(place, 1);
    };
  }

  /** Where it is, or would be: behind all that is due later. */
  #placeOf({ at: moment, order }: Due): number {
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = at(this.#due, middle);
      if (other.at > moment || (other.at === moment && other.order > order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #scheduler: VirtualScheduler;
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  #callOff: (() => void) | undefined;

  constructor(scheduler: VirtualScheduler, work: (this: SchedulerAction<T>, state?: T) => void) {
    super(() => this.#callOff?.());
    this.#scheduler = scheduler;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#callOff?.();
    this.#callOff = this.#scheduler.at(delay, () => {
      this.#callOff = undefined;
      this.#work.call(this, state);
    });
    return this;
  }
}
