import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import { at } from '../domain/at.ts';

interface Due {
  readonly at: number;
  /** Of two that are due at the same moment, what was scheduled first comes first. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** More than the hairs by which sums of times differ. */
const LEAST_MS = 1e-6;

/**
 * Time that is told, not measured: milliseconds, moved on by `advance` alone. What is scheduled runs when its moment is
 * reached, in the order of these moments.
 */
export class VirtualScheduler implements SchedulerLike {
  #now: number;
  #orders = 0;
  #cancelled = 0;
  /** A binary heap. */
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
    while (this.#due[0]?.cancelled === true) {
      this.#pop();
      this.#cancelled--;
    }
    return this.#due[0]?.at;
  }

  /** Runs the first thing that is due, at its moment. */
  runNext(): void {
    const due = this.next === undefined ? undefined : this.#pop();
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
    const due: Due = { at, order: this.#orders++, run, cancelled: false };
    this.#push(due);
    return () => {
      if (due.cancelled) return;
      due.cancelled = true;
      if (++this.#cancelled > 1000 && this.#cancelled > this.#due.length / 2) this.#sweep();
    };
  }

  #push(due: Due): void {
    const heap = this.#due;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(due, at(heap, parent))) break;
      heap[place] = at(heap, parent);
      place = parent;
    }
    heap[place] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#due;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(at(heap, child + 1), at(heap, child))) child++;
      if (!before(at(heap, child), last)) break;
      heap[place] = at(heap, child);
      place = child;
    }
    heap[place] = last;
    return top;
  }

  #sweep(): void {
    const left = this.#due.filter(({ cancelled }) => !cancelled);
    this.#due.length = 0;
    for (const due of left) this.#push(due);
    this.#cancelled = 0;
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
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
