import fc from 'fast-check';
import { map, type Observable, throwError, timer } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { ClockState } from '../../../src/domain/status-snapshot.ts';
import {
  type ClockSample,
  clockSample,
  estimateClock,
  isStepped,
  watchClock,
} from '../../../src/feed/latency/clock-offset.ts';
import { marbles } from '../../../testing/marbles/marbles.ts';

const sample = (offsetMs: number, roundTripMs = 20): ClockSample => ({ offsetMs, roundTripMs });

describe('clockSample', () => {
  it('assumes that the venue answered halfway through the round trip', () => {
    const asked = { wall: 1000, monotonic: 50 };
    expect(clockSample(asked, { wall: 1040, monotonic: 90 }, 1120)).toEqual({ offsetMs: 100, roundTripMs: 40 });
    expect(clockSample(asked, { wall: 1040, monotonic: 90 }, 920)?.offsetMs).toBe(-100);
  });

  it('returns undefined if the wall clock was set before the answer came', () => {
    const asked = { wall: 1000, monotonic: 50 };
    for (const step of [-3_600_000, -20, 20, 3_600_000])
      expect(clockSample(asked, { wall: 1040 + step, monotonic: 90 }, 1120)).toBeUndefined();
    expect(clockSample(asked, { wall: 1042, monotonic: 90 }, 1120)).toBeDefined();
  });
});

it.each([
  [0, false],
  [200, false],
  [-200, false],
  [300, true],
  [-3_600_000, true],
])('a difference of %d ms between the clocks is a step: %s', (differenceMs, stepped) =>
  expect(isStepped({ wall: 5000, monotonic: 10 }, { wall: 6000 + differenceMs, monotonic: 1010 })).toBe(stepped),
);

describe('estimateClock', () => {
  it('returns null without samples', () => expect(estimateClock([])).toBeNull());

  it('returns the median offset, so that a slow answer does not change it', () => {
    expect(estimateClock([sample(12), sample(11), sample(900, 2000)])).toEqual({ offsetMs: 12, uncertaintyMs: 10 });
    expect(estimateClock([sample(10), sample(14)])?.offsetMs).toBe(12);
  });

  it('returns half the fastest round trip plus its distance to the median as uncertainty', () => {
    expect(estimateClock([sample(12, 40), sample(12, 16), sample(12, 30)])?.uncertaintyMs).toBe(8);
    expect(estimateClock([sample(9, 8), sample(12, 40), sample(13, 40)])?.uncertaintyMs).toBe(3 + 4);
  });

  it('differs from the true offset by at most the uncertainty, also for asymmetric round trips', () => {
    const way = fc.double({ min: 0, max: 3000, noNaN: true });
    const offset = fc.double({ min: -5000, max: 5000, noNaN: true });
    const ways = fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(offset, ways, (truth, trips) => {
        const samples = trips.map(([there, back]) =>
          clockSample({ wall: 0, monotonic: 0 }, { wall: there + back, monotonic: there + back }, there + truth),
        ) as ClockSample[];
        const estimate = estimateClock(samples);
        expect(Math.abs((estimate?.offsetMs ?? Number.NaN) - truth)).toBeLessThanOrEqual(
          (estimate?.uncertaintyMs ?? Number.NaN) + 0.01,
        );
      }),
    );
  });
});

describe('watchClock', () => {
  interface World {
    /** How far the venue's clock is ahead of the true one, milliseconds; it may change. */
    venueAheadMs: number;
    wallAheadMs: number;
    refuses: boolean;
    /** Virtual times of the requests. */
    readonly asked: number[];
    readonly states: (ClockState & { readonly at: number })[];
  }

  const ROUND_TRIP_MS = 20;

  /** Watches a venue in virtual time; `events` change the world at their times. */
  function watched(untilMs: number, events: Readonly<Record<number, (world: World) => void>>): World {
    const world: World = { venueAheadMs: 100, wallAheadMs: 0, refuses: false, asked: [], states: [] };
    marbles(({ scheduler, flush }) => {
      const read = () => ({ wall: scheduler.now() + world.wallAheadMs, monotonic: scheduler.now() });
      const ask = (onSent: () => void) => answer(scheduler, world, onSent);
      const watching = watchClock({ ask, read }, scheduler).subscribe((state) =>
        world.states.push({ ...state, at: scheduler.now() }),
      );
      for (const [at, change] of Object.entries(events)) scheduler.schedule(() => change(world), Number(at));
      scheduler.schedule(() => watching.unsubscribe(), untilMs);
      flush();
    });
    return world;
  }

  function answer(scheduler: TestScheduler, world: World, onSent: () => void): Observable<number> {
    world.asked.push(scheduler.now());
    onSent();
    if (world.refuses) return throwError(() => new Error('451'));
    const venueMs = scheduler.now() + ROUND_TRIP_MS / 2 + world.venueAheadMs;
    return timer(ROUND_TRIP_MS, scheduler).pipe(map(() => venueMs));
  }

  const estimatesOf = ({ states }: World) => states.map(({ estimate }) => estimate?.offsetMs ?? null);

  it('asks five times at intervals of a second, then every minute, with two requests each time', () => {
    const world = watched(190_000, {});
    const rounds = world.asked.filter((_, index) => index % 2 === 0);
    const spans = rounds.slice(1).map((at, index) => at - (rounds[index] as number) - 2 * ROUND_TRIP_MS);
    expect(spans).toEqual([1000, 1000, 1000, 1000, 60_000, 60_000, 60_000]);
    expect(world.states.at(-1)).toMatchObject({ estimate: { offsetMs: 100, uncertaintyMs: 10 }, failures: 0 });
  });

  it("follows a change of the venue's clock as old samples leave the median", () => {
    const world = watched(25 * 60_000, {
      900000: (changed) => {
        changed.venueAheadMs = 160;
      },
    });
    expect(estimatesOf(world).slice(0, 18)).toEqual(Array(18).fill(100));
    expect(estimatesOf(world).at(-1)).toBe(160);
  });

  it.each([3_600_000, -3_600_000])(
    'discards its estimate within a second after the wall clock is set by %d ms, and asks again',
    (stepMs) => {
      const world = watched(120_000, {
        30500: (changed) => {
          changed.wallAheadMs = stepMs;
        },
      });
      const forgotten = world.states.find(({ estimate }) => estimate === null);
      expect(forgotten?.at).toBe(31_000);
      const after = world.states.slice(world.states.indexOf(forgotten as (typeof world.states)[number]) + 1);
      expect(after[0]?.at).toBe(31_000 + 2 * ROUND_TRIP_MS);
      expect(new Set(after.map(({ estimate }) => estimate?.offsetMs))).toEqual(new Set([100 - stepMs]));
      expect(after.filter(({ at }) => at < 40_000)).toHaveLength(5);
    },
  );

  it('ignores a sample if the wall clock was set during its request', () => {
    const world = watched(500, {
      5: (changed) => {
        changed.wallAheadMs = 200;
      },
    });
    // The clock was set during the first request of the round, so only the second one counts.
    expect(estimatesOf(world)).toEqual([-100]);
  });

  it('counts a failure, keeps its estimate, and asks again in a minute', () => {
    const world = watched(130_000, {
      2500: (changed) => {
        changed.refuses = true;
      },
      70000: (changed) => {
        changed.refuses = false;
      },
    });
    const refused = world.states.findIndex(({ failures }) => failures === 1);
    expect(world.states[refused]).toMatchObject({ estimate: { offsetMs: 100 }, failures: 1 });
    expect(world.asked.filter((at) => at > 2500 && at < 62_000)).toHaveLength(1);
    expect(world.states.at(-1)?.failures).toBe(2);
    expect(world.states.at(-1)?.estimate?.offsetMs).toBe(100);
  });

  it('measures the round trip from the time of sending, without the wait before it', () => {
    marbles(({ scheduler, expectObservable }) => {
      const read = () => ({ wall: scheduler.now(), monotonic: scheduler.now() });
      const ask = (onSent: () => void): Observable<number> =>
        timer(5000, scheduler).pipe(
          map(() => {
            onSent();
            return scheduler.now() + 7;
          }),
        );
      expectObservable(watchClock({ ask, read }, scheduler).pipe(map(({ estimate }) => estimate)), '10500ms !').toBe(
        '10s a',
        { a: { offsetMs: 7, uncertaintyMs: 0 } },
      );
    });
  });
});
