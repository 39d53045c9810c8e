import { catchError, EMPTY, fromEvent, lastValueFrom, merge, repeat, takeUntil, timer, toArray } from 'rxjs';
import { asFault } from '../../domain/fault.ts';
import type { ClockEstimate } from '../../domain/status-snapshot.ts';
import { askClock, estimateClock } from '../../feed/latency/clock-offset.ts';
import { monotonicScheduler } from '../../net/monotonic-scheduler.ts';
import { wallClock } from '../../net/wall-clock.ts';
import type { Venue } from '../../venues/contract.ts';
import { VenueRest } from '../../venues/rest/rest-client.ts';

const WITHIN_MS = 3000;
const SAMPLES = 3;
export const NOT_REACHABLE = 'not reachable';
/** A larger offset means that this machine's clock is wrong, milliseconds. */
export const WARN_ABOVE_MS = 500;

/** The venue's clock offset for people, `bybit +12 ms ± 8 ms`, or why it is unknown. Takes at most three seconds. */
export async function venueClock(venue: Venue, restUrls: readonly string[], signal: AbortSignal): Promise<string> {
  const rest = new VenueRest(venue, restUrls, monotonicScheduler);
  const { estimate, reason } = await measureClock(venue, rest, signal);
  if (estimate === null) return `${venue.id} ${NOT_REACHABLE} (${reason})`;
  const text = `${venue.id} ${clockText(estimate)}`;
  if (Math.abs(Math.round(estimate.offsetMs)) <= WARN_ABOVE_MS) return text;
  return `${text}  WARNING: more than ${WARN_ABOVE_MS} ms, is this machine's clock right?`;
}

/** Measures a venue's clock offset; `reason` says why there is none. Takes at most three seconds. */
export async function measureClock(
  venue: Venue,
  rest: VenueRest,
  signal: AbortSignal,
): Promise<{ readonly estimate: ClockEstimate | null; readonly reason: string }> {
  const clock = wallClock();
  let reason = `no answer within ${WITHIN_MS / 1000} s`;
  const samples = await lastValueFrom(
    askClock({
      ask: (onSent) => rest.ask$(venue.time, WITHIN_MS, onSent),
      read: () => ({ wall: clock() / 1000, monotonic: monotonicScheduler.now() }),
    }).pipe(
      repeat(SAMPLES),
      takeUntil(merge(timer(WITHIN_MS), fromEvent(signal, 'abort'))),
      catchError((error: unknown) => {
        reason = asFault(error).message;
        return EMPTY;
      }),
      toArray(),
    ),
  );
  return { estimate: estimateClock(samples), reason };
}

export function clockText({ offsetMs, uncertaintyMs }: ClockEstimate): string {
  const offset = Math.round(offsetMs);
  return `${offset < 0 ? '-' : '+'}${Math.abs(offset)} ms ± ${Math.ceil(uncertaintyMs)} ms`;
}
