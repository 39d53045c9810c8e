import { concat, defer, interval, map, NEVER, of, take, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type BreakerDecision, type ConditionReport, circuitBreaker } from '../../src/operators/circuit-breaker.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/circuit-breaker.ts';

type Source = 'a' | 'b';
type Report = ConditionReport<Source>;
const reports: Record<string, Report> = {
  a: { source: 'a', ok: true },
  b: { source: 'b', ok: true },
  x: { source: 'a', ok: false, reason: 'too old' },
  X: { source: 'a', ok: false, reason: 'much too old' },
  y: { source: 'b', ok: false },
};
const options = { sources: { a: {}, b: {} }, resumeAfterMs: 4 };
const silent = { sources: { a: { maxSilenceMs: 5 }, b: {} }, resumeAfterMs: 4 };

const halted = (reason: string, since: number): BreakerDecision => ({ state: 'halted', reason, since });
const allowed = (since: number): BreakerDecision => ({ state: 'allowed', reason: 'ok', since });
const s = halted('starting', 0);

describe('circuitBreaker', () => {
  it('halts at once on a bad report, and allows again after all are good for resumeAfterMs', () => {
    expectPicture(picture, ([source = NEVER]) => source.pipe(circuitBreaker(options)));
  });

  it('stays halted with reason starting while no report comes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -', reports);
      const sub = '         ^';
      const expected = '    s';
      expectObservable(source.pipe(circuitBreaker(options))).toBe(expected, { s });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('halts with reason ended when the reports complete', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|   ', reports);
      const sub = '         ^-!   ';
      const expected = '    s-(e|)';
      expectObservable(source.pipe(circuitBreaker(options))).toBe(expected, { s, e: halted('ended', 0) });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('waits for a report of every source before it allows', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' -a--|   ', reports);
      const ofTwo = '       s---(e|)';
      const ofOne = '       so--(f|)';
      const values = { s, o: allowed(1), e: halted('ended', 0), f: halted('ended', 4) };
      expectObservable(source.pipe(circuitBreaker(options))).toBe(ofTwo, values);
      expectObservable(source.pipe(circuitBreaker<string>({ sources: { a: {} }, resumeAfterMs: 4 }))).toBe(
        ofOne,
        values,
      );
    });
  });

  it('emits only changed decisions, with reasons in the order of the sources', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  (abab)---y-xX--yb-a--', reports);
      const unsub = '       ----------------------!';
      const expected = '    (so)-----h-ij---k---- ';
      const values = {
        s,
        o: allowed(0),
        h: halted('b', 9),
        i: halted('a: too old; b', 9),
        j: halted('a: much too old; b', 9),
        k: halted('a: much too old', 9),
      };
      expectObservable(source.pipe(circuitBreaker(options)), unsub).toBe(expected, values);
    });
  });

  it('after a bad report at the start, allows only after all are good for resumeAfterMs', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  --x--a-b------', reports);
      const unsub = '       -------------!';
      const expected = '    s-h--------o--';
      const values = { s, h: halted('a: too old', 0), o: allowed(11) };
      expectObservable(source.pipe(circuitBreaker(options)), unsub).toBe(expected, values);
    });
  });

  it('restarts resumeAfterMs when a source becomes bad again', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  (ab)-x-a-x-a--y-b------', reports);
      const unsub = '       ----------------------!';
      const expected = '    (so)-h--------i-----p--';
      const values = { s, o: allowed(0), h: halted('a: too old', 5), i: halted('b', 5), p: allowed(20) };
      expectObservable(source.pipe(circuitBreaker(options)), unsub).toBe(expected, values);
    });
  });

  it('resumes at once if resumeAfterMs is 0', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  (ab)-x-a-|   ', reports);
      const expected = '    (so)-h-p-(e|)';
      const values = { s, o: allowed(0), h: halted('a: too old', 5), p: allowed(7), e: halted('ended', 9) };
      expectObservable(source.pipe(circuitBreaker({ ...options, resumeAfterMs: 0 }))).toBe(expected, values);
    });
  });

  it('halts exactly maxSilenceMs after the last report of a source, until it reports again', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  (ab)-a------a--a---a--', reports);
      const sub = '         ^--------------------!';
      const unsub = '       ---------------------!';
      const expected = '    (so)------h-----p-----';
      const values = { s, o: allowed(0), h: halted('a: silence', 10), p: allowed(16) };
      expectObservable(source.pipe(circuitBreaker(silent)), unsub).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('counts maxSilenceMs from the subscription for a source that never reports', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  ------------', reports);
      const subscription = '--^--------!';
      const expected = '    --s----h----';
      const values = { s: halted('starting', 2), h: halted('a: silence', 2) };
      expectObservable(source.pipe(circuitBreaker(silent)), subscription).toBe(expected, values);
    });
  });

  it('fails with the error of the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-#', reports);
      const sub = '         ^--!';
      const expected = '    s--#';
      expectObservable(source.pipe(circuitBreaker(silent))).toBe(expected, { s });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('unsubscribes from the reports when the result is unsubscribed', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-----', reports);
      const sub = '         ^----!   ';
      const unsub = '       -----!   ';
      const expected = '    s--o-----';
      expectObservable(source.pipe(circuitBreaker(silent)), unsub).toBe(expected, { s, o: allowed(3) });
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = concat(of('a', 'b', 'a', 'b'), NEVER).pipe(
        tap(() => pulled++),
        map((name): Report => ({ source: name as Source, ok: true })),
      );
      expectObservable(burst.pipe(circuitBreaker(silent), take(2))).toBe('(so|)', { s, o: allowed(0) });
    });
    expect(pulled).toBe(2);
  });

  it('does not subscribe to the reports if the subscriber unsubscribes at the first decision', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' a', reports);
      expectObservable(source.pipe(circuitBreaker(silent), take(1))).toBe('(s|)', { s });
      expectSubscriptions(source.subscriptions).toBe([]);
    });
  });

  it('fails at a report of a source that is not listed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<ConditionReport<string>>(' -c-', { c: { source: 'c', ok: true } });
      const sub = '                                  ^!  ';
      const expected = '                             s#  ';
      const error = new RangeError('circuitBreaker: c is not among its sources');
      expectObservable(source.pipe(circuitBreaker<string>(options))).toBe(expected, { s }, error);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('fails with the error that the scheduler’s clock throws', () => {
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-b-', reports);
      const sub = '         ^--!  ';
      const expected = '    s--#  ';
      const now = (): number => {
        if (scheduler.now() >= 3) throw 'clock';
        return scheduler.now();
      };
      const clock = { now, schedule: scheduler.schedule.bind(scheduler) };
      const result = source.pipe(circuitBreaker({ ...options, scheduler: clock }));
      expectObservable(result).toBe(expected, { s }, 'clock');
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('remembers earlier reports over a reconnect of the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -a-b-#         ', reports);
      const again = cold('         --a--x- ', reports);
      const subFirst = '    ^----!         ';
      const subAgain = '    -------^------!';
      const unsub = '       --------------!';
      const expected = '    s--o--------h--';
      const lines = [first, again];
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      const source = defer(() => lines.shift() ?? NEVER).pipe(retryBackoff(retry));
      const values = { s, o: allowed(3), h: halted('a: too old', 12) };
      expectObservable(source.pipe(circuitBreaker(options)), unsub).toBe(expected, values);
      expectSubscriptions(first.subscriptions).toBe(subFirst);
      expectSubscriptions(again.subscriptions).toBe(subAgain);
    });
  });

  it('starts from the beginning at each subscription', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('     -a-b-a-b-', reports);
      const result = source.pipe(circuitBreaker(options));
      const subscription = '   ----^---!';
      const expected = '       ----s--o-';
      expectObservable(result, subscription).toBe(expected, { s: halted('starting', 4), o: allowed(7) });
    });
  });

  it('stays allowed while reports come for twelve hours, then halts, and sets fewer than 100 timers', () => {
    const schedule = vi.fn();
    marbles(({ scheduler, expectObservable }) => {
      const counted: typeof scheduler.schedule = (...action) => {
        schedule();
        return scheduler.schedule(...action);
      };
      const clock = { now: () => scheduler.now(), schedule: counted };
      const hours = interval(1000, scheduler).pipe(
        take(12 * 3600),
        map((): ConditionReport<'a'> => ({ source: 'a', ok: true })),
      );
      const limits = { sources: { a: { maxSilenceMs: 600_000 } }, resumeAfterMs: 5000, scheduler: clock };
      const result = concat(hours, NEVER).pipe(circuitBreaker(limits));
      const expected = 's 999ms o 43798999ms h';
      const values = { s, o: allowed(1000), h: halted('a: silence', 43_800_000) };
      expectObservable(result, '44000s !').toBe(expected, values);
    });
    expect(schedule.mock.calls.length).toBeLessThan(100);
  });
});
