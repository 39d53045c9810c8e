import { concat, defer, finalize, ignoreElements, interval, map, NEVER, of, skip, switchMap, take, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type Fresh, requireFresh, StaleDataError } from '../../src/operators/require-fresh.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/require-fresh.ts';

const halt = { maxAgeMs: 5, onStale: 'halt' } as const;
const error = { maxAgeMs: 5, onStale: 'error' } as const;
const value = (value: string): Fresh<string> => ({ kind: 'value', value });
const halted = (ageMs = 5): Fresh<string> => ({ kind: 'halted', ageMs });
const resumed = (haltedForMs: number, leftOut = 0): Fresh<string> => ({ kind: 'resumed', haltedForMs, leftOut });
const passed = { a: value('a'), b: value('b'), c: value('c'), d: value('d') };

describe('requireFresh', () => {
  it('halts on old data, drops values that arrive too old, and resumes right before a fresh value', () => {
    const madeAt: Record<string, number> = { a: 1, b: 3, c: 11, o: 9, d: 17 };
    expectPicture(picture, ([source = NEVER], { scheduler }) =>
      source.pipe(requireFresh({ ...halt, receivedAt: (each) => madeAt[each] as number, scheduler })),
    );
  });

  it('with onStale error, emits the values unchanged, then fails with a StaleDataError and the age', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-b--------d-');
      const sub = '         ^-------!     ';
      const expected = '    -a-b----#     ';
      expectObservable(source.pipe(requireFresh(error))).toBe(expected, undefined, new StaleDataError(5));
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('with onStale error, fails at once when a value arrives too old', () => {
    marbles(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const source = cold(' -a-b---');
      const sub = '         ^--!   ';
      const expected = '    -a-#   ';
      const result = source.pipe(requireFresh({ ...error, receivedAt: (each) => (each === 'b' ? -4 : 1), scheduler }));
      expectObservable(result).toBe(expected, undefined, new StaleDataError(7));
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits halted once, counted from the subscription, if no value ever comes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('   -');
      const subscription = '  --^----------------!';
      const sub = '           --^----------------!';
      const expected = '      -------h------------';
      expectObservable(source.pipe(requireFresh(halt)), subscription).toBe(expected, { h: halted() });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes when an empty source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|');
      const sub = '         ^-!';
      const expected = '    --|';
      expectObservable(source.pipe(requireFresh(halt))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits halted after a single value', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a------|');
      const sub = '         ^-------!';
      const expected = '    -a----h-|';
      expectObservable(source.pipe(requireFresh(halt))).toBe(expected, { ...passed, h: halted() });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('does not halt if values come no more than maxAgeMs apart', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' a----b-cd---a----b|');
      const sub = '         ^-----------------!';
      const expected = '    a----b-cd---a----b|';
      expectObservable(source.pipe(requireFresh(halt))).toBe(expected, passed);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('halts earlier after a value that is older than the one before', () => {
    marbles(({ cold, expectObservable, scheduler }) => {
      const source = cold(' a--b----c---');
      const expected = '    a--bh---(rc)';
      const unsub = '       -----------!';
      const madeAt: Record<string, number> = { a: 0, b: -1, c: 8 };
      const result = source.pipe(requireFresh({ ...halt, receivedAt: (each) => madeAt[each] as number, scheduler }));
      expectObservable(result, unsub).toBe(expected, { ...passed, h: halted(), r: resumed(4) });
    });
  });

  it('halts exactly maxAgeMs after the last value, even after a resumption', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' a------b---c---------');
      const expected = '    a----h-(rb)c----h----';
      const unsub = '       --------------------!';
      const result = source.pipe(requireFresh(halt));
      expectObservable(result, unsub).toBe(expected, { ...passed, h: halted(), r: resumed(2) });
    });
  });

  it('compares receivedAt with the given clock, and treats a value from the future as new', () => {
    marbles(({ cold, expectObservable, scheduler }) => {
      const source = cold(' a--b-------- ');
      const expected = '    a--b--h----- ';
      const unsub = '       -----------! ';
      const clock = () => 1_700_000_000_000 + scheduler.now();
      const madeAt: Record<string, number> = { a: 1_700_000_900_000, b: 1_700_000_000_001 };
      const result = source.pipe(
        requireFresh({ ...halt, receivedAt: (each) => madeAt[each] as number, clock, scheduler }),
      );
      expectObservable(result, unsub).toBe(expected, { ...passed, h: halted() });
    });
  });

  it('treats a value whose age is NaN as too old', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('                                -a-|');
      const result = source.pipe(requireFresh({ ...halt, receivedAt: () => Number.NaN }));
      expectObservable(result).toBe('                      -h-|', { h: halted(Number.NaN) });
    });
  });

  it('fails with the error of the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-#');
      const sub = '         ^--!';
      const expected = '    -a-#';
      expectObservable(source.pipe(requireFresh(halt))).toBe(expected, passed);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('unsubscribes from the source and does not halt after the result is unsubscribed', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a--------');
      const sub = '         ^----!    ';
      const unsub = '       -----!    ';
      const expected = '    -a--------';
      expectObservable(source.pipe(requireFresh(halt)), unsub).toBe(expected, passed);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits nothing after resumed if the subscriber then unsubscribes', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -------d------------');
      const sub = '         ^------!            ';
      const expected = '    -----h-(r|)         ';
      expectObservable(source.pipe(requireFresh(halt), take(2))).toBe(expected, { h: halted(), r: resumed(2) });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = concat(of('a', 'a', 'a', 'a'), NEVER).pipe(tap(() => pulled++));
      expectObservable(burst.pipe(requireFresh(error), take(2))).toBe('(aa|)');
    });
    expect(pulled).toBe(2);
  });

  it('fails with the error that a callback throws', () => {
    for (const throwing of ['receivedAt', 'clock'] as const) {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold(' -a-d---');
        const sub = '         ^!     ';
        const expected = '    -#     ';
        const callbacks = {
          receivedAt: () => 0,
          [throwing]: (): number => {
            throw 'callback';
          },
        };
        expectObservable(source.pipe(requireFresh({ ...halt, ...callbacks }))).toBe(expected, passed, 'callback');
        expectSubscriptions(source.subscriptions).toBe(sub);
      });
    }
  });

  it('continues to count the age of the last value over a reconnect', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -a#           ');
      const second = cold('     ------d-- ');
      const sub1 = '        ^-!           ';
      const sub2 = '        ----^--------!';
      const unsub = '       -------------!';
      const expected = '    -a----h---(rd)';
      const lines = [first, second];
      const source = defer(() => lines.shift() ?? NEVER);
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      const result = source.pipe(retryBackoff(retry), requireFresh(halt));
      expectObservable(result, unsub).toBe(expected, { ...passed, h: halted(), r: resumed(4) });
      expectSubscriptions(first.subscriptions).toBe(sub1);
      expectSubscriptions(second.subscriptions).toBe(sub2);
    });
  });

  it('counts from the start of each new subscription, for example after a change of venue', () => {
    marbles(({ hot, cold, expectObservable }) => {
      const venue = hot('   a------b------');
      const a = cold('      -a            ');
      const b = cold('             ---d--- ');
      const unsub = '       -------------!';
      const expected = '    -a----h---d---';
      const result = venue.pipe(switchMap((name) => (name === 'a' ? a : b).pipe(requireFresh(halt))));
      expectObservable(result, unsub).toBe(expected, { ...passed, h: halted() });
    });
  });

  it('emits one halted and one resumed for a pause of three hours after a day of data', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const day = interval(1000).pipe(
        take(86_400),
        map(() => 'd'),
      );
      const later = cold('                                   10800000ms d');
      const result = concat(day, later).pipe(requireFresh({ ...halt, maxAgeMs: 5000 }), skip(86_400));
      const expected = '86405000ms h 10794999ms (rd)';
      const values = { ...passed, h: halted(5000), r: resumed(10_795_000) };
      expectObservable(result, '97201s !').toBe(expected, values);
      expectSubscriptions(later.subscriptions).toBe('86400s ^ 10800999ms !');
    });
  });

  it('sets fewer than 20 timers for 1,000 values', () => {
    let timers = 0;
    marbles(({ scheduler, expectObservable }) => {
      const schedule = vi.spyOn(scheduler, 'schedule');
      const source = interval(1, scheduler).pipe(
        take(1000),
        finalize(() => {
          timers = schedule.mock.calls.length;
        }),
      );
      const result = source.pipe(requireFresh({ ...halt, maxAgeMs: 100, scheduler }), ignoreElements());
      expectObservable(result).toBe('1s |');
    });
    expect(timers).toBeGreaterThan(0);
    expect(timers).toBeLessThan(20);
  });
});
