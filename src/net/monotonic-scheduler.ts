import { performance } from 'node:perf_hooks';
import { asyncScheduler, type SchedulerAction, type SchedulerLike, type Subscription } from 'rxjs';
import { oncePerTask } from './once-per-task.ts';

/**
 * rxjs's asyncScheduler with a clock that never steps: its own `now()` is the wall clock, and somebody who sets that
 * by an hour would make every feed stale, or none ever. Timers are the same (they never followed the wall clock).
 * `now()` counts milliseconds, with fractions, from the start of the process. It stands still during a task of the
 * event loop.
 */
export const monotonicScheduler: SchedulerLike = {
  now: oncePerTask(() => performance.now()),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return asyncScheduler.schedule(work, delay, state);
  },
};
