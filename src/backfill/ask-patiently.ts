import { catchError, firstValueFrom, type SchedulerLike, takeUntil, throwError } from 'rxjs';
import { asFault, Fault } from '../domain/fault.ts';
import { aborted$ } from '../net/aborted.ts';
import { type RetryNotice, retryBackoff } from '../operators/retry-backoff.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import type { Ask } from './history-span.ts';

const TIMEOUT_MS = 20_000;
const ATTEMPTS = 5;
/** The longest pause that a venue may ask for, milliseconds. A longer one ends the job. */
const LONGEST_WAIT_MS = 600_000;

export interface AskPatientlyOptions {
  readonly rest: VenueRest;
  readonly scheduler: SchedulerLike;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Called at the start of each wait. */
  readonly onWait: (fault: Fault, delayMs: number) => void;
}

/** Retries requests that failed for a passing reason, after the pause that the venue asks for. */
export function askPatiently({ rest, scheduler, random, signal, onWait }: AskPatientlyOptions): Ask {
  return (request) =>
    firstValueFrom(
      rest.ask$(request, TIMEOUT_MS).pipe(
        catchError((error: unknown) => throwError(() => unlessTooLong(asFault(error)))),
        retryBackoff({
          initialDelayMs: 1000,
          maxDelayMs: 15_000,
          maxAttempts: ATTEMPTS,
          isData: () => true,
          random,
          scheduler,
          onRetry: ({ error, delayMs }: RetryNotice) => onWait(asFault(error), delayMs),
        }),
        takeUntil(aborted$(signal)),
      ),
    );
}

function unlessTooLong(fault: Fault): Fault {
  const { kind, retry } = fault;
  if (retry.kind !== 'after') return fault;
  // No wait helps against a blocked region.
  if (retry.afterMs <= LONGEST_WAIT_MS && kind !== 'region_blocked') return fault;
  const message = `${fault.message}; the venue asks for a pause of ${Math.ceil(retry.afterMs / 60_000)} minutes`;
  return new Fault(kind, message, { retry: { kind: 'never' }, cause: fault });
}
