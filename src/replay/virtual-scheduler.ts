import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { at } from '../domain/at.ts';

interface Due {
  readonly at: number;
  /** Orders actions that are due at the same moment. */
  readonly order: number;
  readonly run: () => void;
}

/** More than the rounding errors of sums of times. */
const LEAST_MS = 1e-6;

/** Time in milliseconds that only its owner advances. Actions run when time reaches their moments, in order. */
export class VirtualScheduler implements SchedulerLike {
  #now: number;
  #orders = 0;
  /** Sorted backwards: the next one is the last. */
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

  /** When the next action is due; undefined: none is. */
  get next(): number | undefined {
    return this.#due.at(-1)?.at;
  }

  /** Runs the next action, at its moment. */
  runNext(): void {
    const due = this.#due.pop();
    if (due === undefined) return;
    this.#now = Math.max(this.#now, due.at);
    due.run();
  }

  /** Moves time forward, never back. No action may be due before. */
  moveTo(now: number): void {
    this.#now = Math.max(this.#now, now);
  }

  /** Schedules an action. Returns a function that cancels it. */
  at(delay: number, run: () => void): () => void {
    let at = this.#now + Math.max(0, delay);
    // Rounding may make the moment equal to now. An action that checks the clock and waits again would never end.
    if (delay > 0 && at === this.#now) at += Math.max(LEAST_MS, 2 * Number.EPSILON * at);
    const due: Due = { at, order: this.#orders++, run };
    this.#due.splice(this.#placeOf(due), 0, due);
    return () => {
      const place = this.#placeOf(due);
      if (this.#due[place] === due) this.#due.splice(place, 1);
    };
  }

  /** The index of an action, or where it belongs. */
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
  #cancel: (() => void) | undefined;

  constructor(scheduler: VirtualScheduler, work: (this: SchedulerAction<T>, state?: T) => void) {
    super(() => this.#cancel?.());
    this.#scheduler = scheduler;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#cancel?.();
    this.#cancel = this.#scheduler.at(delay, () => {
      this.#cancel = undefined;
      this.#work.call(this, state);
    });
    return this;
  }
}
