import { firstValueFrom, fromEvent, type Observable, of, race, type SchedulerLike, take, timer } from 'rxjs';

/** Emits once when the signal aborts, or at once if it has already aborted. Unsubscribing removes the listener. */
export const aborted$ = (signal: AbortSignal): Observable<unknown> =>
  signal.aborted ? of(undefined) : fromEvent(signal, 'abort').pipe(take(1));

/** Resolves after `milliseconds`, or when the signal aborts. */
export async function pauseFor(milliseconds: number, scheduler: SchedulerLike, signal: AbortSignal): Promise<void> {
  await firstValueFrom(race(timer(milliseconds, scheduler), aborted$(signal)));
}
