import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { at } from '../domain/at.ts';

interface Due {
  /** When it is due, milliseconds of virtual time. */
  readonly moment: number;
  /** Orders actions that are due at the same moment. */
  readonly order: number;
  readonly run: () => void;
}

/** Larger than the rounding errors of sums of times, milliseconds. */
const MIN_STEP_MS = 1e-6;

/**
 * Scheduler for replays and backtests. Its time, in milliseconds, advances only by `runNext` and `moveTo`; only
 * `runNext` runs actions.
 */
export class VirtualScheduler implements SchedulerLike {
  #now: number;
  #orders = 0;
  /** The scheduled actions, latest first: the action that is due next is the last. */
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

  /** When the next action is due, milliseconds; undefined: no action is scheduled. */
  get nextDueAt(): number | undefined {
    return this.#due.at(-1)?.moment;
  }

  /** Runs the next action, at its moment. */
  runNext(): void {
    const due = this.#due.pop();
    if (due === undefined) return;
    this.#now = Math.max(this.#now, due.moment);
    due.run();
  }

  /** Moves time forward, never back. Before the call, run all actions due before `now`. */
  moveTo(now: number): void {
    this.#now = Math.max(this.#now, now);
  }

  /** Schedules an action. Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    let moment = this.#now + Math.max(0, delayMs);
    // Rounding may make the moment equal to now. An action that checks the clock and waits again would never end.
    if (delayMs > 0 && moment === this.#now) moment += Math.max(MIN_STEP_MS, 2 * Number.EPSILON * moment);
    const due: Due = { moment, order: this.#orders++, run };
    this.#due.splice(this.#placeOf(due), 0, due);
    return () => {
      const place = this.#placeOf(due);
      if (this.#due[place] === due) this.#due.splice(place, 1);
    };
  }

  /** Returns the index of an action, or the index at which to insert it. */
  #placeOf({ moment, order }: Due): number {
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = at(this.#due, middle);
      if (other.moment > moment || (other.moment === moment && other.order > order)) low = middle + 1;
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
    this.#cancel = this.#scheduler.after(delay, () => {
      this.#cancel = undefined;
      this.#work.call(this, state);
    });
    return this;
  }
}
