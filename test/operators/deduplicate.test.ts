import { concat, count, defer, interval, map, merge, NEVER, of, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createSeenWindow, deduplicate } from '../../src/operators/deduplicate.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/deduplicate.ts';

const options = { key: (value: string) => value, size: 2 };

describe('deduplicate', () => {
  it('emits the first value of each key, and drops repeats while the key is remembered', () => {
    expectPicture(picture, ([source = NEVER]) => source.pipe(deduplicate(options)));
  });

  it('emits nothing while the source emits nothing', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -');
      const sub = '         ^';
      const expected = '    -';
      expectObservable(source.pipe(deduplicate(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('completes when an empty source completes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|');
      const sub = '         ^-!';
      const expected = '    --|';
      expectObservable(source.pipe(deduplicate(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('emits a single value', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a|');
      const sub = '         ^-!';
      const expected = '    -a|';
      expectObservable(source.pipe(deduplicate(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('drops repeats among values of the same millisecond', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -(abab)-(bcc|)');
      const sub = '         ^-------!     ';
      const expected = '    -(ab)---(c|)  ';
      expectObservable(source.pipe(deduplicate(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('calls onDuplicate for dropped values', () => {
    const left: string[] = [];
    marbles(({ cold, expectObservable }) => {
      const source = cold(' -a-a-b-a-|');
      const expected = '    -a---b---|';
      const onDuplicate = (value: string): void => void left.push(value);
      expectObservable(source.pipe(deduplicate({ ...options, onDuplicate }))).toBe(expected);
    });
    expect(left).toEqual(['a', 'a']);
  });

  it('fails with the error of the source', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-a#');
      const sub = '         ^---!';
      const expected = '    -a--#';
      expectObservable(source.pipe(deduplicate(options))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('unsubscribes from the source when the result is unsubscribed', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-');
      const sub = '         ^---!   ';
      const unsub = '       ----!   ';
      const expected = '    -a-b----';
      expectObservable(source.pipe(deduplicate(options)), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('stops reading a synchronous burst as soon as the subscriber unsubscribes', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = concat(of('a', 'a', 'b', 'c', 'd'), NEVER).pipe(tap(() => pulled++));
      const expected = '(ab|)';
      expectObservable(burst.pipe(deduplicate<string>(options), take(2))).toBe(expected);
    });
    expect(pulled).toBe(3);
  });

  it('fails with the error that a callback throws', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const throwing = (): never => {
        throw 'callback';
      };
      const source = cold('   -a-a-b-');
      const subKey = '        ^!     ';
      const expectedKey = '   -#     ';
      const subThrowing = '       ^--!   ';
      const expectedThrowing = '  -a-#   ';
      expectObservable(source.pipe(deduplicate({ ...options, key: throwing }))).toBe(
        expectedKey,
        undefined,
        'callback',
      );
      const throwing$ = source.pipe(deduplicate({ ...options, onDuplicate: throwing }));
      expectObservable(throwing$).toBe(expectedThrowing, undefined, 'callback');
      expectSubscriptions(source.subscriptions).toBe([subKey, subThrowing]);
    });
  });

  it('remembers keys over a reconnect of one of two lines', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -a-b#          ');
      const again = cold('        --d-e-f--');
      const other = cold('  --a-b-c-d-e----');
      const subFirst = '    ^---!          ';
      const subAgain = '    ------^--------!';
      const subOther = '    ^--------------!';
      const unsub = '       ---------------!';
      const expected = '    -a-b--c-d-e-f--';
      const lines = [first, again];
      const line = defer(() => lines.shift() ?? NEVER);
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      const merged = merge(line.pipe(retryBackoff(retry)), other);
      expectObservable(merged.pipe(deduplicate({ ...options, size: 10 })), unsub).toBe(expected);
      expectSubscriptions(first.subscriptions).toBe(subFirst);
      expectSubscriptions(again.subscriptions).toBe(subAgain);
      expectSubscriptions(other.subscriptions).toBe(subOther);
    });
  });

  it('treats the same id in another epoch as new if the key contains the epoch', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-b-a-A-A-B-|');
      const expected = '    -a-b---A---B-|';
      const values = {
        a: { epoch: 1, id: '7' },
        b: { epoch: 1, id: '8' },
        A: { epoch: 2, id: '7' },
        B: { epoch: 2, id: '8' },
      };
      const trades = source.pipe(map((name) => values[name as keyof typeof values]));
      const key = ({ epoch, id }: { epoch: number; id: string }): string => `${epoch}:${id}`;
      expectObservable(trades.pipe(deduplicate({ key, size: 100 }))).toBe(expected, values);
    });
  });

  it('remembers keys for each subscription separately', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-a-a-');
      const result = source.pipe(deduplicate(options));
      expectObservable(result, '^-----!').toBe('-a-----');
      expectObservable(result, '--^---!').toBe('---a---');
    });
  });

  it('drops every second value when each comes twice, for six hours of virtual time', () => {
    marbles(({ scheduler, expectObservable }) => {
      const source = interval(250, scheduler).pipe(
        take(6 * 3600 * 4),
        map((index) => index >> 1),
      );
      const result = source.pipe(deduplicate({ key: (id) => id, size: 10 }));
      const first = '250ms a 499ms (b|)';
      const all = '  21600s (n|)';
      expectObservable(result.pipe(take(2))).toBe(first, { a: 0, b: 1 });
      expectObservable(result.pipe(count())).toBe(all, { n: 6 * 3600 * 2 });
    });
  });
});

describe('createSeenWindow', () => {
  it('forgets the key with the oldest first arrival when it is full', () => {
    const seen = createSeenWindow<number>(3);
    expect([1, 2, 3, 1, 4, 1, 2, 4].map((key) => seen.add(key))).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
    expect([1, 2, 3, 4].map((key) => seen.has(key))).toEqual([true, true, false, true]);
  });

  it('is empty after clear()', () => {
    const seen = createSeenWindow<string>(2);
    seen.add('a');
    seen.add('b');
    seen.add('c');
    seen.clear();
    expect(['a', 'b', 'c'].map((key) => seen.has(key))).toEqual([false, false, false]);
    expect(['a', 'b', 'c', 'a'].map((key) => seen.add(key))).toEqual([true, true, true, true]);
  });

  it('distinguishes keys of different types', () => {
    const seen = createSeenWindow(10);
    expect([7, 7n, '7', 7n].map((key) => seen.add(key))).toEqual([true, true, true, false]);
  });

  it('returns the same results as a plain list for 5,000 random keys', () => {
    const size = 7;
    const seen = createSeenWindow<number>(size);
    const list: number[] = [];
    let state = 1;
    for (let step = 0; step < 5000; step++) {
      state = (state * 48_271) % 2_147_483_647;
      const key = state % 12;
      const isNew = !list.includes(key);
      if (isNew) {
        list.push(key);
        if (list.length > size) list.shift();
      }
      expect(seen.add(key)).toBe(isNew);
    }
  });

  it('refuses a size that is not a whole number above 0', () => {
    for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createSeenWindow(size)).toThrow(TypeError);
      expect(() => deduplicate({ key: String, size })).toThrow(TypeError);
    }
  });
});
