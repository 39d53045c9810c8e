import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';

/** A timer of an operator. */
export interface Alarm {
  /**
   * Makes the alarm go off once, `delayMs` milliseconds from now, in place of an earlier setting. The delay may exceed
   * `LONGEST_TIMER_MS`.
   */
  set(delayMs: number): void;
  /**
   * Makes the alarm go off once, at `time` at the latest (milliseconds by the scheduler's clock). An earlier setting
   * stays.
   */
  by(time: number): void;
  clear(): void;
}

/** Longest delay of a timer, milliseconds. In Node.js and browsers, a timer with a longer delay fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Makes an alarm that calls `work` when it goes off, until `destination` ends. What `work` throws becomes the result's
 * error.
 */
export function createAlarm<R>(destination: Subscriber<R>, scheduler: SchedulerLike, work: () => void): Alarm {
  let pending: Subscription | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  const clear = (): void => {
    pending?.unsubscribe();
    pending = undefined;
    dueAt = Number.POSITIVE_INFINITY;
  };
  const arm = (time: number, delayMs: number): void => {
    clear();
    if (destination.closed) return;
    dueAt = time;
    const step = Math.min(delayMs, LONGEST_TIMER_MS);
    pending = scheduler.schedule(() => {
      clear();
      if (delayMs > step) return arm(time, delayMs - step);
      try {
        work();
      } catch (error) {
        destination.error(error);
      }
    }, step);
  };
  destination.add(clear);
  return {
    set: (delayMs) => arm(scheduler.now() + delayMs, delayMs),
    by(time) {
      if (time < dueAt) arm(time, Math.max(0, time - scheduler.now()));
    },
    clear,
  };
}
