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
  /** Since 1970; may be stepped. */
  readonly wall: number;
  /** Since whenever; never stepped. */
  readonly monotonic: number;
}

/** One answer of a venue to what time it is. */
export interface ClockSample {
  /** The venue's clock minus ours, were the way there as long as the way back. */
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** Both clocks have run alike between two readings but for this much: smaller differences are how they are read. */
const SAME_PACE_MS = 10;
/** So much between two looks at the clocks, and somebody has set the wall clock, or the machine has slept. */
const STEP_MS = 250;
const LOOK_EVERY_MS = 1000;
const KEPT_SAMPLES = 9;
const FIRST_SAMPLES = 5;
const FIRST_EVERY_MS = 1000;
const EVERY_MS = 60_000;

/** What a question and its answer tell; undefined where the wall clock was stepped in between. */
export function clockSample(asked: ClockReading, answered: ClockReading, venueMs: number): ClockSample | undefined {
  const roundTripMs = answered.monotonic - asked.monotonic;
  if (Math.abs(answered.wall - asked.wall - roundTripMs) > SAME_PACE_MS) return undefined;
  return { offsetMs: venueMs - (asked.wall + roundTripMs / 2), roundTripMs };
}

/** True when the wall clock was set between the readings. */
export function isStepped(before: ClockReading, after: ClockReading): boolean {
  return Math.abs(after.wall - before.wall - (after.monotonic - before.monotonic)) > STEP_MS;
}

/** The median of the samples. The fastest answer bounds its error: the venue read its clock while that was under way. */
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
  /** Asks the venue's time once, milliseconds since 1970; calls `onSent` when the request leaves, as it may have to wait. */
  readonly ask: (onSent: () => void) => Observable<number>;
  readonly read: () => ClockReading;
}

/**
 * One sample: asked twice, the faster answer counts, for the first one may have had to wait for a new connection.
 * Completes without one where the wall clock was stepped; errors are the question's.
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

/** What an event makes of what was known of a clock. */
type ClockEvent = (known: Known) => Known;

const NOTHING_KNOWN: Known = { samples: [], failures: 0 };
const forget: ClockEvent = (known) => ({ ...known, samples: [] });

/**
 * Follows a venue's clock while it is subscribed: five samples a second apart, then one a minute; the last nine count.
 * A stepped wall clock is noticed within a second: what was known is forgotten and asked anew. Failures only count.
 */
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
        // Who refuses once is not pressed.
        taken = FIRST_SAMPLES;
        return of<ClockEvent>((known) => ({ ...known, failures: known.failures + 1 }));
      }),
      repeat({ delay: () => timer(taken < FIRST_SAMPLES ? FIRST_EVERY_MS : EVERY_MS, scheduler) }),
    );
  });
}
