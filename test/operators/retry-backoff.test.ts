import { defer, merge, type Observable, of, Subject, take, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { RetriesExhausted, type RetryNotice, retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/retry-backoff.ts';

// o: opened, a: acknowledgement, d: data. With `top` as `random`, every delay is at its upper bound.
const isData = (value: string): boolean => value === 'd';
const top = (): number => 1;
const backoff = { initialDelayMs: 2, maxDelayMs: 8, isData, random: top };

/** A source that opens a new connection at each subscription: the first, the second, …, then the last one again. */
function connections(...lines: Observable<string>[]): Observable<string> {
  let next = 0;
  return defer(() => lines[Math.min(next++, lines.length - 1)] ?? throwError(() => 'no line'));
}

const blocked = new Fault('region_blocked', 'HTTP 451', { retry: { kind: 'never' }, status: 451 });
const limited = (afterMs: number): Fault =>
  new Fault('rate_limited', 'HTTP 429', { retry: { kind: 'after', afterMs } });

describe('retryBackoff', () => {
  it('subscribes again after a wait that doubles until data flows', () => {
    expectPicture(picture, (lines) => connections(...lines).pipe(retryBackoff(backoff)));
  });

  it('stays subscribed to a source that emits nothing', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -');
      const sub = '         ^';
      const expected = '    -';
      expectObservable(source.pipe(retryBackoff(backoff))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes without a retry when an empty source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|');
      const sub = '         ^-!';
      const expected = '    --|';
      expectObservable(source.pipe(retryBackoff(backoff))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits a single value and completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -d|');
      const sub = '         ^-!';
      const expected = '    -d|';
      expectObservable(source.pipe(retryBackoff(backoff))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits all values unchanged', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -od(da)d-|');
      const sub = '         ^--------!';
      const expected = '    -od(da)d-|';
      expectObservable(source.pipe(retryBackoff(backoff))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('does not reset the waits at an open or an acknowledgement: they are 2, 4, 8 and 8 ms', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -oa#                              ');
      const subs = [
        '                   ^--!                              ',
        '                   -----^--!                         ',
        '                   ------------^--!                  ',
        '                   -----------------------^--!       ',
        '                   ----------------------------------^--!',
      ];
      const unsub = '       -------------------------------------!';
      const expected = '    -oa---oa-----oa---------oa---------oa-';
      expectObservable(source.pipe(retryBackoff(backoff)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('draws each delay between a floor above 0 and its upper bound', () => {
    const notices: RetryNotice[] = [];
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const draws = [0, 1, 0.5, 0];
      const random = (): number => draws.shift() ?? 1;
      const onRetry = (notice: RetryNotice): void => void notices.push(notice);
      const source = cold(' #');
      // The lower bound is 1 ms; the upper bounds are 10, 20, 30, 30, 30 ms.
      const subs = ['       (^!)', '1ms (^!)', '21ms (^!)', '36.5ms (^!)', '37.5ms (^!)'];
      const unsub = '       60ms !';
      const expected = '    -';
      const options = { initialDelayMs: 10, maxDelayMs: 30, isData, random, onRetry };
      expectObservable(source.pipe(retryBackoff(options)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
    expect(notices.map(({ delayMs }) => delayMs)).toEqual([1, 20, 15.5, 1, 30]);
    expect(notices[1]).toEqual({ attempt: 2, delayMs: 20, error: 'error', probing: false });
  });

  it('waits exactly as long as the error says, but never less than the floor', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -#                   ', undefined, limited(12));
      const second = cold('              d-#     ', undefined, limited(0));
      const third = cold('                   d-- ');
      const sub1 = '        ^!                   ';
      const sub2 = '        -------------^-!     ';
      const sub3 = '        -----------------^--!';
      const unsub = '       --------------------!';
      const expected = '    -------------d---d-- ';
      const options = { ...backoff, initialDelayMs: 20, maxDelayMs: 100 };
      expectObservable(connections(first, second, third).pipe(retryBackoff(options)), unsub).toBe(expected);
      expectSubscriptions(first.subscriptions).toBe(sub1);
      expectSubscriptions(second.subscriptions).toBe(sub2);
      expectSubscriptions(third.subscriptions).toBe(sub3);
    });
  });

  it('ends with the error of the source if that says never to retry', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -o-#', undefined, blocked);
      const sub = '         ^--!';
      const expected = '    -o-#';
      expectObservable(source.pipe(retryBackoff(backoff))).toBe(expected, undefined, blocked);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('gives up after maxAttempts, with the last error as cause', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const last = new Fault('connect_failed', 'ECONNREFUSED');
      const first = cold('  #       ', undefined, new Fault('connection_closed', 'closed 1006'));
      const second = cold('   #     ', undefined, last);
      const third = cold('        #', undefined, last);
      const sub1 = '        (^!)    ';
      const sub2 = '        --(^!)  ';
      const sub3 = '        ------(^!)';
      const expected = '    ------# ';
      const exhausted = new RetriesExhausted('gave up after 2 attempts without data: ECONNREFUSED', { cause: last });
      const result = connections(first, second, third).pipe(retryBackoff({ ...backoff, maxAttempts: 2 }));
      expectObservable(result).toBe(expected, undefined, exhausted);
      expectSubscriptions(first.subscriptions).toBe(sub1);
      expectSubscriptions(second.subscriptions).toBe(sub2);
      expectSubscriptions(third.subscriptions).toBe(sub3);
    });
  });

  it('continues every probeEveryMs after maxAttempts, and counts anew after the first data', () => {
    const notices: string[] = [];
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const dead = cold('   #                               ');
      const alive = cold('                         -d-#     ');
      const subs = ['       (^!)', '--(^!)', '------(^!)', '---------------(^!)', '-----------------------------(^!)'];
      const sub5 = '        ------------------------^--!     ';
      const unsub = '       ------------------------------!  ';
      const expected = '    -------------------------d-----  ';
      const onRetry = ({ attempt, delayMs, probing }: RetryNotice): void =>
        void notices.push(`${scheduler.now()}: attempt ${attempt}, ${delayMs} ms${probing ? ', probing' : ''}`);
      const source = connections(dead, dead, dead, dead, alive, dead);
      const result = source.pipe(retryBackoff({ ...backoff, maxAttempts: 2, probeEveryMs: 9, onRetry }));
      expectObservable(result, unsub).toBe(expected);
      expectSubscriptions(dead.subscriptions).toBe(subs);
      expectSubscriptions(alive.subscriptions).toBe(sub5);
    });
    expect(notices).toEqual([
      '0: attempt 1, 2 ms',
      '2: attempt 2, 4 ms',
      '6: attempt 3, 9 ms, probing',
      '15: attempt 4, 9 ms, probing',
      '27: attempt 1, 2 ms',
      '29: attempt 2, 4 ms',
    ]);
  });

  it('with probeEveryMs, tries again no earlier than the error allows', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' #', undefined, limited(20));
      const subs = ['       (^!)', '20ms (^!)', '40ms (^!)', '60ms (^!)'];
      const options = { ...backoff, maxAttempts: 1, probeEveryMs: 9 };
      expectObservable(source.pipe(retryBackoff(options)), '70ms !').toBe('-');
      expectSubscriptions(source.subscriptions).toBe(subs);
    });
  });

  it('unsubscribes from the source or cancels the wait when the result is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -o-d-#      ');
      const sub = '         ^---!       ';
      const unsub = '       ----!       ';
      const expected = '    -o-d-       ';
      expectObservable(source.pipe(retryBackoff(backoff)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);

      const waiting = cold('-#          ');
      const waitSub = '     ^!          ';
      const waitUnsub = '   --!         ';
      const nothing = '     ---         ';
      expectObservable(waiting.pipe(retryBackoff(backoff)), waitUnsub).toBe(nothing);
      expectSubscriptions(waiting.subscriptions).toBe(waitSub);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = of('d', 'd', 'd', 'd').pipe(tap(() => pulled++));
      expectObservable(burst.pipe(retryBackoff(backoff), take(2))).toBe('(dd|)');
    });
    expect(pulled).toBe(2);
  });

  it('fails with the error that a callback throws', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const throwing = (): never => {
        throw 'callback';
      };
      const first = cold('  -o-#           ');
      const sub1 = '        ^!             ';
      const sub2 = '        ^--!           ';
      const dataFails = '   -#             ';
      const retryFails = '  -o-#           ';
      expectObservable(first.pipe(retryBackoff({ ...backoff, isData: throwing }))).toBe(
        dataFails,
        undefined,
        'callback',
      );
      expectObservable(first.pipe(retryBackoff({ ...backoff, onRetry: throwing }))).toBe(
        retryFails,
        undefined,
        'callback',
      );
      expectObservable(first.pipe(retryBackoff({ ...backoff, random: throwing }))).toBe(
        retryFails,
        undefined,
        'callback',
      );
      expectSubscriptions(first.subscriptions).toBe([sub1, sub2, sub2]);
    });
  });

  describe('with the option immediate', () => {
    const immediate = { afterMs: 5, jitterMs: 1, everyMs: 40 };

    it('retries at once after a source that delivered for afterMs, then backs off from the second attempt', () => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const first = cold('  -d-d--#                 ');
        const second = cold('        -#               ');
        const third = cold('            -#            ');
        const fourth = cold('                --d      ');
        const subs = [
          '                   ^-----!                 ',
          '                   -------^!               ',
          '                   ----------^!            ',
          '                   ---------------^        ',
        ];
        const expected = '    -d-d-------------d      ';
        expectObservable(connections(first, second, third, fourth).pipe(retryBackoff({ ...backoff, immediate }))).toBe(
          expected,
        );
        for (const [index, source] of [first, second, third, fourth].entries())
          expectSubscriptions(source.subscriptions).toBe(subs[index] ?? '');
      });
    });

    it('makes no immediate attempt if less than afterMs has passed since the first data', () => {
      marbles(({ cold, expectObservable }) => {
        const first = cold('  -----d---#              ');
        const second = cold('             d           ');
        const expected = '    -----d-----d            ';
        expectObservable(connections(first, second).pipe(retryBackoff({ ...backoff, immediate }))).toBe(expected);
      });
    });

    it('makes at most one immediate attempt in everyMs if the server closes each connection', () => {
      marbles(({ cold, expectObservable }) => {
        const line = cold('   d----#');
        const expected = '    d-----d------d------d------d------d------d-----d------d-----';
        expectObservable(line.pipe(retryBackoff({ ...backoff, immediate })), '60ms !').toBe(expected);
      });
    });

    it('makes no immediate attempt if the error sets the wait', () => {
      marbles(({ cold, expectObservable }) => {
        const first = cold('  d-----#', undefined, limited(4));
        const second = cold('           d');
        const expected = '    d---------d';
        expectObservable(connections(first, second).pipe(retryBackoff({ ...backoff, immediate }))).toBe(expected);
      });
    });
  });

  it('with onNever probe, retries an error that says never after probeEveryMs, and does not count it as an attempt', () => {
    const retries: unknown[] = [];
    const onRetry = ({ attempt, delayMs, probing }: RetryNotice) => retries.push([attempt, delayMs, probing]);
    marbles(({ cold, expectObservable }) => {
      const first = cold('  -#            ', undefined, blocked);
      const second = cold('       -#      ', undefined, new Error('lost'));
      const third = cold('           d    ');
      const expected = '    ---------d    ';
      const options = { ...backoff, probeEveryMs: 5, onNever: 'probe' as const, onRetry };
      expectObservable(connections(first, second, third).pipe(retryBackoff(options))).toBe(expected);
    });
    expect(retries).toEqual([
      [1, 5, true],
      [1, 2, false],
    ]);
    expect(() => retryBackoff({ ...backoff, onNever: 'probe' })).toThrow(TypeError);
  });

  it('reconnects one of two connections, without an effect on the other one', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const lineA = cold('  -a-d#                ');
      const lineB = cold('  d-----d-----d-----d--');
      const subA = [
        '                   ^---!                ',
        '                   ------^---!          ',
        '                   ------------^---!    ',
        '                   ------------------^-!',
      ];
      const subB = '        ^-------------------!';
      const unsub = '       --------------------!';
      const expected = '    da-d--da-d--da-d--da-';
      expectObservable(merge(lineA.pipe(retryBackoff(backoff)), lineB), unsub).toBe(expected);
      expectSubscriptions(lineA.subscriptions).toBe(subA);
      expectSubscriptions(lineB.subscriptions).toBe(subB);
    });
  });

  it('counts the attempts of each subscription separately', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('-#');
      const seen = new Subject<string>();
      const result = source.pipe(retryBackoff({ ...backoff, onRetry: ({ attempt }) => seen.next(`${attempt}`) }));
      expectObservable(result, '^---!    ').toBe('-');
      expectObservable(result, '-----^--!').toBe('-');
      expectObservable(seen).toBe('-1----1');
    });
  });

  it('retries every minute while a source is down for a day, until it delivers', () => {
    let asked = 0;
    marbles(({ cold, expectObservable }) => {
      const dead = cold<string>('#');
      const alive = cold('d-');
      const source = defer(() => (++asked <= 1441 ? dead : alive));
      const result = source.pipe(retryBackoff({ initialDelayMs: 60_000, maxDelayMs: 60_000, isData, random: top }));
      expectObservable(result, '1441m -!').toBe('1441m d');
    });
    expect(asked).toBe(1442);
  });

  it('waits 30 days, which is longer than one timer of Node.js can wait', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const days = 30 * 24 * 3_600_000;
      const first = cold('#', undefined, limited(days));
      const second = cold('d');
      expectObservable(connections(first, second).pipe(retryBackoff(backoff)), `${days + 1}ms !`).toBe(`${days}ms d`);
      expectSubscriptions(second.subscriptions).toBe(`${days}ms ^!`);
    });
  });

  it('refuses an initial delay that is not above 0', () => {
    for (const initialDelayMs of [0, -1, Number.NaN]) {
      expect(() => retryBackoff({ ...backoff, initialDelayMs })).toThrow(TypeError);
    }
  });
});
