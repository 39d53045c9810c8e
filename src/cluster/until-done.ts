import { firstValueFrom, timer } from 'rxjs';
import { asFault } from '../domain/fault.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import type { PipelineDependencies } from '../runtime/run.ts';

/** The pause before another attempt to reach the group, milliseconds. */
export const AGAIN_MS = 1000;
const REMIND_EVERY_MS = 10_000;

/**
 * Retries the work, unless a Fault forbids it. Logs each reason at once, then every ten seconds. Returns undefined if
 * the signal aborts.
 */
export async function untilDone<T>(
  work: () => Promise<T>,
  { log, scheduler = monotonicScheduler, signal }: Pick<PipelineDependencies, 'log' | 'scheduler' | 'signal'>,
  onFailed: (reason: string) => void = () => {},
): Promise<T | undefined> {
  let loggedAt = scheduler.now();
  for (let logged = ''; signal?.aborted !== true; ) {
    try {
      return await work();
    } catch (error) {
      const fault = asFault(error);
      if (fault.retry.kind === 'never') throw fault;
      onFailed(fault.message);
      if (logged !== fault.message || scheduler.now() - loggedAt >= REMIND_EVERY_MS) {
        log.warn({ event: 'group_unreachable' }, `waits for the group: ${fault.message}`);
        loggedAt = scheduler.now();
      }
      logged = fault.message;
      await firstValueFrom(timer(AGAIN_MS, scheduler));
    }
  }
  return undefined;
}
