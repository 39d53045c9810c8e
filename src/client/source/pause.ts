import type { SchedulerLike } from 'rxjs';

/** Resolves after so many milliseconds, or when the signal aborts. */
export function pause(milliseconds: number, scheduler: SchedulerLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      timer.unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = scheduler.schedule(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
