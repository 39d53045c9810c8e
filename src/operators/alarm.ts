import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';

/** One timer of an operator, armed and disarmed as often as needed. */
export interface Alarm {
  /** Goes off once, `delayMs` from now; replaces what was set before. Any length: also longer than one timer can wait. */
  set(delayMs: number): void;
  /** Goes off once, at a time of the scheduler, at the latest: if it is set for an earlier one, that stays. */
  by(time: number): void;
  clear(): void;
}

/** A timer of Node.js or a browser that is longer than this goes off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * An alarm that calls `work`, and dies with `destination`, the subscriber of an operator's result. Whatever `work`
 * throws becomes the result's error.
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
