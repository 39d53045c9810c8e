import { type SchedulerLike, Subscription } from 'rxjs';

/** The timers of one owner; `clear` ends them together. */
export class Timers {
  readonly #scheduler: SchedulerLike;
  readonly #pending = new Subscription();
  readonly #stopped = Promise.withResolvers<void>();

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  /** The time by the monotonic clock, milliseconds. */
  now(): number {
    return this.#scheduler.now();
  }

  after(ms: number, work: () => void): Subscription {
    const timer = this.#scheduler.schedule(() => {
      this.#pending.remove(timer);
      work();
    }, ms);
    this.#pending.add(timer);
    return timer;
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Resolves after `ms`, or when `stopPauses` is called. */
  pause(ms: number): Promise<void> {
    return Promise.race([this.delay(ms), this.#stopped.promise]);
  }

  stopPauses(): void {
    this.#stopped.resolve();
  }

  /** Ends all timers, for good. */
  clear(): void {
    this.#pending.unsubscribe();
  }
}
