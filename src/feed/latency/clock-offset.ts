import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  interval,
  map,
  mergeMap,
  type Observable,
  of,
  pairwise,
  reduce,
  repeat,
  type SchedulerLike,
  scan,
  startWith,
  switchAll,
  tap,
  timer,
} from 'rxjs';
import type { ClockEstimate, ClockState } from '../../domain/status-snapshot.ts';

/** Our two clocks at one moment, milliseconds with fractions. */
export interface ClockReading {
  /** The wall clock, since 1970; it may be stepped. */
  readonly wall: number;
  /** The monotonic clock, from any start; it is never stepped. */
  readonly monotonic: number;
}

export interface ClockSample {
  /** The venue's clock minus ours, if both ways took equally long. */
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/**
 * A request's durations by the two clocks may differ by this, because the clocks are read one after the other.
 * Milliseconds.
 */
const SAME_PACE_MS = 10;
/** If the clocks differ by more between two readings, the wall clock was set, or the machine slept. Milliseconds. */
const STEP_MS = 250;
const LOOK_EVERY_MS = 1000;
const KEPT_SAMPLES = 9;
const FIRST_SAMPLES = 5;
const FIRST_EVERY_MS = 1000;
const EVERY_MS = 60_000;

/** Makes a sample of a request and its response. Undefined if the wall clock was stepped between them. */
export function clockSample(asked: ClockReading, answered: ClockReading, venueMs: number): ClockSample | undefined {
  const roundTripMs = answered.monotonic - asked.monotonic;
  if (Math.abs(answered.wall - asked.wall - roundTripMs) > SAME_PACE_MS) return undefined;
  return { offsetMs: venueMs - (asked.wall + roundTripMs / 2), roundTripMs };
}

export function isStepped(before: ClockReading, after: ClockReading): boolean {
  return Math.abs(after.wall - before.wall - (after.monotonic - before.monotonic)) > STEP_MS;
}

/**
 * Returns the median of the samples. The fastest request bounds the error, because the venue read its clock between
 * request and response.
 */
export function estimateClock(samples: readonly ClockSample[]): ClockEstimate | null {
  if (samples.length === 0) return null;
  const fastest = samples.reduce(faster);
  const offsets = samples.map(({ offsetMs }) => offsetMs).sort((a, b) => a - b);
  const middle = offsets.slice(Math.floor((offsets.length - 1) / 2), Math.floor(offsets.length / 2) + 1);
  const offsetMs = middle.reduce((sum, offset) => sum + offset, 0) / middle.length;
  const uncertaintyMs = Math.abs(offsetMs - fastest.offsetMs) + fastest.roundTripMs / 2;
  return { offsetMs: toMicros(offsetMs), uncertaintyMs: toMicros(uncertaintyMs) };
}

function toMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function faster(one: ClockSample, other: ClockSample): ClockSample {
  return one.roundTripMs <= other.roundTripMs ? one : other;
}

export interface ClockQuestion {
  /** Fetches the venue's time, milliseconds since 1970. Calls `onSent` when the request is sent. */
  readonly ask: (onSent: () => void) => Observable<number>;
  readonly read: () => ClockReading;
}

/**
 * Emits the faster of two samples, because the first request may wait for a connection. If the wall clock was stepped
 * during both, it emits nothing.
 */
export function askClock({ ask, read }: ClockQuestion): Observable<ClockSample> {
  const once$ = defer(() => {
    let asked = read();
    return ask(() => {
      asked = read();
    }).pipe(
      mergeMap((venueMs) => {
        const sample = clockSample(asked, read(), venueMs);
        return sample === undefined ? EMPTY : of(sample);
      }),
    );
  });
  return concat(once$, once$).pipe(reduce(faster));
}

interface Known extends Omit<ClockState, 'estimate'> {
  readonly samples: readonly ClockSample[];
}

type ClockEvent = (known: Known) => Known;

const NOTHING_KNOWN: Known = { samples: [], failures: 0 };
const forget: ClockEvent = (known) => ({ ...known, samples: [] });

/** Follows a venue's clock: five samples a second apart, then one a minute. A step of the wall clock discards them. */
export function watchClock(question: ClockQuestion, scheduler: SchedulerLike): Observable<ClockState> {
  return defer(() => {
    const stepped$ = interval(LOOK_EVERY_MS, scheduler).pipe(
      map(question.read),
      startWith(question.read()),
      pairwise(),
      filter(([before, after]) => isStepped(before, after)),
    );
    const start$ = samples(question, scheduler);
    const again$ = start$.pipe(startWith(forget));
    return stepped$.pipe(
      map(() => again$),
      startWith(start$),
      switchAll(),
      scan((known, event) => event(known), NOTHING_KNOWN),
      map(({ samples: known, ...state }) => ({ ...state, estimate: estimateClock(known) })),
    );
  });
}

function samples(question: ClockQuestion, scheduler: SchedulerLike): Observable<ClockEvent> {
  return defer(() => {
    let taken = 0;
    return askClock(question).pipe(
      map(
        (sample): ClockEvent =>
          (known) => ({ ...known, samples: [...known.samples, sample].slice(-KEPT_SAMPLES) }),
      ),
      tap(() => taken++),
      catchError(() => {
        // A venue that refuses is asked less often.
        taken = FIRST_SAMPLES;
        return of<ClockEvent>((known) => ({ ...known, failures: known.failures + 1 }));
      }),
      repeat({ delay: () => timer(taken < FIRST_SAMPLES ? FIRST_EVERY_MS : EVERY_MS, scheduler) }),
    );
  });
}
