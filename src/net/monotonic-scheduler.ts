import { performance } from 'node:perf_hooks';
import { asyncScheduler, type SchedulerAction, type SchedulerLike, type Subscription } from 'rxjs';
import { oncePerTask } from './once-per-task.ts';

/** rxjs's asyncScheduler with a clock that never steps: a step of the wall clock would make every feed stale. */
export const monotonicScheduler: SchedulerLike = {
  now: oncePerTask(() => performance.now()),
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return asyncScheduler.schedule(work, delay, state);
  },
};
