import { concat, defer, filter, finalize, ignoreElements, interval, map, NEVER, of, switchMap, take, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { detectStale, type Freshness } from '../../src/operators/detect-stale.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/detect-stale.ts';

// d: data, p: pong.
const isData = (value: string): boolean => value === 'd';
const options = { staleAfterMs: 5, isData };
const stale = (lastDataAt: number | null, ageMs = 5): Freshness => ({ kind: 'stale', ageMs, lastDataAt });
const passed = { d: 'd', p: 'p' };
const recovered = (staleForMs: number): Freshness => ({ kind: 'recovered', staleForMs });

describe('detectStale', () => {
  it('emits stale once when data stops, and recovered right before the next data, ignoring pongs', () => {
    expectPicture(picture, ([source = NEVER]) => source.pipe(detectStale(options)));
  });

  it('emits stale once, counted from the subscription, if no value ever comes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('   -');
      const subscription = '  --^----------------!';
      const sub = '           --^----------------!';
      const expected = '      -------s------------';
      expectObservable(source.pipe(detectStale(options)), subscription).toBe(expected, { s: stale(null) });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes when an empty source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|');
      const sub = '         ^-!';
      const expected = '    --|';
      expectObservable(source.pipe(detectStale(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits stale after a single value', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -d------|');
      const sub = '         ^-------!';
      const expected = '    -d----s-|';
      expectObservable(source.pipe(detectStale(options))).toBe(expected, { ...passed, s: stale(1) });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('does not emit stale if data comes no more than staleAfterMs apart', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' d----d-dd---d----d|');
      const sub = '         ^-----------------!';
      const expected = '    d----d-dd---d----d|';
      expectObservable(source.pipe(detectStale(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits stale exactly staleAfterMs after the last data, at any phase of its timer', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' d--d--------d---d-----');
      const sub = '         ^---------------------!';
      const unsub = '       ----------------------!';
      const expected = '    d--d----s---(rd)d----t';
      const values = { ...passed, s: stale(3), r: recovered(4), t: stale(16) };
      expectObservable(source.pipe(detectStale(options)), unsub).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('fails with the error of the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -d-#');
      const sub = '         ^--!';
      const expected = '    -d-#';
      expectObservable(source.pipe(detectStale(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('unsubscribes from the source and emits no stale after the result is unsubscribed', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -d--------');
      const sub = '         ^----!    ';
      const unsub = '       -----!    ';
      const expected = '    -d--------';
      expectObservable(source.pipe(detectStale(options)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits nothing after recovered if the subscriber then unsubscribes', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -------d------------');
      const sub = '         ^------!            ';
      const expected = '    -----s-(r|)         ';
      const values = { ...passed, s: stale(null), r: recovered(2) };
      expectObservable(source.pipe(detectStale(options), take(2))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = concat(of('d', 'd', 'd', 'd'), NEVER).pipe(tap(() => pulled++));
      expectObservable(burst.pipe(detectStale(options), take(2))).toBe('(dd|)');
    });
    expect(pulled).toBe(2);
  });

  it('fails with the error that a callback throws', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -p-d-d---');
      const sub = '         ^--!      ';
      const expected = '    -p-#      ';
      const throwing = (each: string): boolean => {
        if (each === 'd') throw 'callback';
        return false;
      };
      const result = source.pipe(detectStale({ ...options, isData: throwing }));
      expectObservable(result).toBe(expected, undefined, 'callback');
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('continues to count the time without data over a reconnect, until data comes back', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -d#           ');
      const second = cold('     ---p--d-- ');
      const sub1 = '        ^-!           ';
      const sub2 = '        ----^--------!';
      const unsub = '       -------------!';
      const expected = '    -d----sp--(rd)';
      const lines = [first, second];
      const source = defer(() => lines.shift() ?? NEVER);
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData };
      const result = source.pipe(retryBackoff(retry), detectStale(options));
      expectObservable(result, unsub).toBe(expected, { ...passed, s: stale(1), r: recovered(4) });
      expectSubscriptions(first.subscriptions).toBe(sub1);
      expectSubscriptions(second.subscriptions).toBe(sub2);
    });
  });

  it('counts from the start of each new subscription, for example after a change of venue', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const venue = hot('   a------b------');
      const a = cold('      -d            ');
      const b = cold('             ---d--- ');
      const subA = '        ^------!      ';
      const subB = '        -------^-----!';
      const unsub = '       -------------!';
      const expected = '    -d----s---d---';
      const result = venue.pipe(switchMap((name) => (name === 'a' ? a : b).pipe(detectStale(options))));
      expectObservable(result, unsub).toBe(expected, { ...passed, s: stale(1) });
      expectSubscriptions(a.subscriptions).toBe(subA);
      expectSubscriptions(b.subscriptions).toBe(subB);
    });
  });

  it('emits one stale and one recovered for a pause of three hours after a day of data', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const day = interval(1000).pipe(
        take(86_400),
        map(() => 'd'),
      );
      const later = cold('                                   10800000ms d');
      const source = concat(day, later).pipe(detectStale({ staleAfterMs: 5000, isData }));
      const expected = '86405000ms s 10794999ms (rd)';
      const reported = source.pipe(filter((event, index) => typeof event !== 'string' || index > 86_400));
      const values = { ...passed, s: stale(86_400_000, 5000), r: recovered(10_795_000) };
      expectObservable(reported, '97201s !').toBe(expected, values);
      expectSubscriptions(later.subscriptions).toBe('86400s ^ 10800999ms !');
    });
  });

  it('sets fewer than 20 timers for 1,000 values', () => {
    let timers = 0;
    marbles(({ scheduler, expectObservable }) => {
      const schedule = vi.spyOn(scheduler, 'schedule');
      const source = interval(1, scheduler).pipe(
        take(1000),
        map(() => 'd'),
        finalize(() => {
          timers = schedule.mock.calls.length;
        }),
      );
      const result = source.pipe(detectStale({ ...options, staleAfterMs: 100, scheduler }), ignoreElements());
      expectObservable(result).toBe('1s |');
    });
    expect(timers).toBeGreaterThan(0);
    expect(timers).toBeLessThan(20);
  });
});
