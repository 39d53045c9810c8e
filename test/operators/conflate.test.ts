import { count, interval, NEVER, of, Subject, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { conflate } from '../../src/operators/conflate.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/conflate.ts';

/** A capital letter is a newer value of the key in lower case. */
const key = (value: string): string => value.toLowerCase();

describe('conflate with release$', () => {
  it('emits the newest value of each key at a release, in the order in which the keys began to wait', () => {
    expectPicture(picture, ([source = NEVER, release$ = NEVER]) => source.pipe(conflate({ key, release$ })));
  });

  it('emits nothing at a release if no value waits', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = cold('  -    ');
      const release$ = hot(' -x-x-');
      const sub = '          ^    ';
      const expected = '     -----';
      expectObservable(source.pipe(conflate({ key, release$ }))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes without an array when an empty source completes', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = cold('  --|');
      const release$ = hot(' -x-x-');
      const sub = '          ^-!';
      const expected = '     --|';
      expectObservable(source.pipe(conflate({ key, release$ }))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
      expectSubscriptions(release$.subscriptions).toBe(sub);
    });
  });

  it('emits a single value at the next release', () => {
    marbles(({ cold, hot, expectObservable }) => {
      const source = cold('  -a---|');
      const release$ = hot(' ---x-x');
      const expected = '     ---r-|';
      expectObservable(source.pipe(conflate({ key, release$ }))).toBe(expected, { r: ['a'] });
    });
  });

  it('emits the newest of many values of a key, and calls onReplace for the others', () => {
    const replaced: string[] = [];
    marbles(({ cold, hot, expectObservable }) => {
      const source = cold('  (aAaA)-a-|   ');
      const release$ = hot(' ------x--   ');
      const expected = '     ------r--(s|)';
      const onReplace = (old: string, by: string): void => void replaced.push(`${old} by ${by}`);
      const values = { r: ['A'], s: ['a'] };
      expectObservable(source.pipe(conflate({ key, release$, onReplace }))).toBe(expected, values);
    });
    expect(replaced).toEqual(['a by A', 'A by a', 'a by A']);
  });

  it('treats undefined as a value', () => {
    const replaced: unknown[] = [];
    marbles(({ hot, expectObservable }) => {
      const source = of(undefined, undefined);
      const release$ = hot(' -');
      const expected = '     (r|)';
      const onReplace = (old: undefined): void => void replaced.push(old);
      expectObservable(source.pipe(conflate({ key: () => 'k', release$, onReplace }))).toBe(expected, {
        r: [undefined],
      });
    });
    expect(replaced).toEqual([undefined]);
  });

  it('fails at once with the error of the source, and drops the waiting values', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = cold('  -a-#');
      const release$ = hot(' ----x');
      const sub = '          ^--!';
      const expected = '     ---#';
      expectObservable(source.pipe(conflate({ key, release$ }))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
      expectSubscriptions(release$.subscriptions).toBe(sub);
    });
  });

  it('fails with the error of release$, but continues after its completion', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = cold('   -a-b-|   ');
      const errors$ = hot('   --x-#    ');
      const completes$ = hot('--|      ');
      const subError = '      ^---!    ';
      const subComplete = '   ^----!   ';
      const onError = '       --r-#    ';
      const onComplete = '    -----(s|)';
      expectObservable(source.pipe(conflate({ key, release$: errors$ }))).toBe(onError, { r: ['a'] });
      expectObservable(source.pipe(conflate({ key, release$: completes$ }))).toBe(onComplete, { s: ['a', 'b'] });
      expectSubscriptions(source.subscriptions).toBe([subError, subComplete]);
    });
  });

  it('unsubscribes from the source and release$ when the result is unsubscribed', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('   -a-b-c-');
      const release$ = hot(' --x-x-x');
      const sub = '          ^--!   ';
      const unsub = '        ---!   ';
      const expected = '     --r----';
      expectObservable(source.pipe(conflate({ key, release$ })), unsub).toBe(expected, { r: ['a'] });
      expectSubscriptions(source.subscriptions).toBe(sub);
      expectSubscriptions(release$.subscriptions).toBe(sub);
    });
  });

  it('fails with the error that a callback throws', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const throwing = (): never => {
        throw 'callback';
      };
      const source = cold('     -a-A-');
      const release$ = hot('    -----');
      const subKey = '          ^!   ';
      const expectedKey = '     -#   ';
      const subReplace = '      ^--! ';
      const expectedReplace = ' ---# ';
      const byKey = source.pipe(conflate({ key: throwing, release$ }));
      const byReplace = source.pipe(conflate({ key, release$, onReplace: throwing }));
      expectObservable(byKey).toBe(expectedKey, undefined, 'callback');
      expectObservable(byReplace).toBe(expectedReplace, undefined, 'callback');
      expectSubscriptions(source.subscriptions).toBe([subKey, subReplace]);
      expectSubscriptions(release$.subscriptions).toBe([subKey, subReplace]);
    });
  });

  it('holds a value that arrives during an emission until the next release', () => {
    marbles(({ hot, expectObservable }) => {
      const source = new Subject<string>();
      const release$ = hot(' -x-x-');
      const expected = '     -r-s-';
      const result = source.pipe(
        conflate({ key, release$ }),
        tap((values) => values.includes('a') && source.next('b')),
      );
      expectObservable(result).toBe(expected, { r: ['a'], s: ['b'] });
      hot('a').subscribe(source);
    });
  });

  it('keeps waiting values over a reconnect', () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const line = cold('    -a-#     ');
      const release$ = hot(' -----x---x');
      const subs = ['        ^--!     ', '-----^--!', '----------^!'];
      const unsub = '        -----------!';
      const expected = '     -----r---r-';
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      const result = line.pipe(retryBackoff(retry), conflate({ key, release$ }));
      expectObservable(result, unsub).toBe(expected, { r: ['a'] });
      expectSubscriptions(line.subscriptions).toBe(subs);
    });
  });

  it('keeps values of different epochs apart if the key contains the epoch', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('   -a-A-a-|   ');
      const release$ = hot(' --------   ');
      const expected = '     -------(r|)';
      const epochs = source.pipe(conflate({ key: (value) => value, release$ }));
      expectObservable(epochs).toBe(expected, { r: ['a', 'A'] });
    });
  });
});

describe('conflate with everyMs', () => {
  it('releases the waiting values everyMs after the first of them', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-bA------aA-----b-|   ');
      const sub = '         ^-------------------!   ';
      const expected = '    ------r---------s---(t|)';
      const values = { r: ['A', 'b'], s: ['A'], t: ['b'] };
      expectObservable(source.pipe(conflate({ key, everyMs: 5 }))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits no array for a silent or empty source, at an error or after an early unsubscription', () => {
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const pace = { key, everyMs: 5, scheduler };
      expectObservable(cold('-').pipe(conflate(pace))).toBe('       -');
      expectObservable(cold('--|').pipe(conflate(pace))).toBe('     --|');
      expectObservable(cold('-a-#').pipe(conflate(pace))).toBe('    ---#');
      expectObservable(hot(' -a-----').pipe(conflate(pace)), '----!').toBe('-');
    });
  });

  it('emits a synchronous burst as one array, and ends when take(1) unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = of('a', 'b', 'c').pipe(tap(() => pulled++));
      expectObservable(burst.pipe(conflate({ key, everyMs: 5 }), take(1))).toBe('(r|)', { r: ['a', 'b', 'c'] });
      expectObservable(burst.pipe(conflate({ key, everyMs: 5 }), take(0))).toBe('|');
    });
    expect(pulled).toBe(3);
  });

  it('emits 36,000 arrays for 10 values a second in three hours of virtual time', () => {
    marbles(({ scheduler, expectObservable }) => {
      // One value every 100 ms. An array has the first value that waits and the two values of the next 250 ms.
      const source = interval(100, scheduler).pipe(take(3 * 36_000));
      const result = source.pipe(conflate({ key: (index) => index % 2, everyMs: 250, scheduler }));
      const first = '350ms r 299ms (s|)';
      const all = '  10800s (n|)';
      expectObservable(result.pipe(take(2))).toBe(first, { r: [2, 1], s: [5, 4] });
      expectObservable(result.pipe(count())).toBe(all, { n: 36_000 });
    });
  });
});
