import fc from 'fast-check';
import { concat, defer, from, interval, last, map, NEVER, of, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';
import { type Rolled, type RollingStatsOptions, rollingStats } from '../../src/operators/rolling-stats.ts';
import { expectPicture } from '../../testing/marbles/expect-picture.ts';
import { marbles } from '../../testing/marbles/marbles.ts';
import { picture } from './pictures/rolling-stats.ts';

const sums: RollingStatsOptions<number, number> = {
  size: 2,
  keyOf: () => 'k',
  create: () => 0,
  add: (sum, value) => sum + value,
  remove: (sum, value) => sum - value,
};
/** The letters that count, in their order. */
const letters: RollingStatsOptions<string, string> = {
  size: 2,
  keyOf: (value) => (value === value.toUpperCase() ? 'upper' : 'lower'),
  create: () => '',
  add: (text, value) => text + value,
  remove: (text) => text.slice(1),
};
const rolled = (accumulator: string, key = 'lower'): Rolled<string> => ({
  key,
  count: accumulator.length,
  accumulator,
});
const told = { a: rolled('a'), b: rolled('ab'), c: rolled('bc'), d: rolled('cd') };

describe('rollingStats', () => {
  it('tells the sum of the last values after each', () => {
    expectPicture(picture, ([source = NEVER]) => source.pipe(rollingStats(sums)));
  });

  it('never', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -');
      const sub = '         ^';
      const expected = '    -';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('empty', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' --|');
      const sub = '         ^-!';
      const expected = '    --|';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('one value', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a|');
      const sub = '         ^-!';
      const expected = '    -a|';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected, told);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('many values at once', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' -(abc)-(d|)');
      const expected = '    -(abc)-(d|)';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected, told);
    });
  });

  it('keys have values of their own', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' -aAbBc|');
      const expected = '    -aAbBc|';
      const both = { ...told, A: rolled('A', 'upper'), B: rolled('AB', 'upper') };
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected, both);
    });
  });

  it('values that are too old leave, in the order in which they came', () => {
    const countsOf = (size: number, ...times: readonly number[]): readonly number[] => {
      const counts: number[] = [];
      from(times)
        .pipe(rollingStats({ ...sums, size, spanMs: 10, timestampOf: (time) => time }))
        .subscribe(({ count }) => counts.push(count));
      return counts;
    };
    // 10 puts 0 out; the late 3 stays as long as 4, which came before it; 30 is alone.
    expect(countsOf(10, 0, 4, 9, 10, 3, 30)).toEqual([1, 2, 3, 3, 4, 1]);
    // The late 6 puts 5 out for want of places, and 3 goes with it: against the highest, 14, it is too old.
    expect(countsOf(3, 5, 3, 14, 6)).toEqual([1, 2, 3, 2]);
    // What has no time is no limit for the others, and leaves as what is too old.
    expect(countsOf(10, 0, Number.NaN, 4, 30, 31)).toEqual([1, 2, 3, 1, 2]);
  });

  it('source error', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold(' -a-b#');
      const sub = '         ^---!';
      const expected = '    -a-b#';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected, told);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('early unsubscribe', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-c-');
      const sub = '         ^---!   ';
      const unsub = '       ----!   ';
      const expected = '    -a-b----';
      expectObservable(source.pipe(rollingStats(letters)), unsub).toBe(expected, told);
      expectSubscriptions(source.subscriptions).toBe(sub);
    });
  });

  it('early unsubscribe in the middle of a synchronous burst', () => {
    let pulled = 0;
    marbles(({ expectObservable }) => {
      const burst = concat(of('a', 'b', 'c', 'd'), NEVER).pipe(tap(() => pulled++));
      const expected = '(ab|)';
      expectObservable(burst.pipe(rollingStats(letters), take(2))).toBe(expected, told);
    });
    expect(pulled).toBe(2);
  });

  it.each(['keyOf', 'create', 'add', 'remove', 'timestampOf'])(
    '%s that throws ends the result with its error',
    (name) => {
      marbles(({ cold, expectObservable, expectSubscriptions }) => {
        const throwing = (): never => {
          throw 'callback';
        };
        const source = cold('            -a-b-');
        // With one place the second value is the first that puts another out.
        const options = { ...letters, size: 1, spanMs: 5, timestampOf: () => 0, [name]: throwing };
        const sub = name === 'remove' ? '^--!' : '^!';
        const expected = name === 'remove' ? '-a-#' : '-#';
        expectObservable(source.pipe(rollingStats(options))).toBe(expected, told, 'callback');
        expectSubscriptions(source.subscriptions).toBe(sub);
      });
    },
  );

  it('keeps what counts over the loss of a line', () => {
    marbles(({ cold, expectObservable }) => {
      const lines = [cold('-a-b#'), cold('  -c-d|')];
      const expected = '   -a-b---c-d|';
      const line = defer(() => lines.shift() ?? NEVER);
      const retry = { initialDelayMs: 2, maxDelayMs: 2, random: () => 1, isData: () => true };
      expectObservable(line.pipe(retryBackoff(retry), rollingStats(letters))).toBe(expected, told);
    });
  });

  it('begins anew with another epoch, where the key names it', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold(' -a-b-A-|');
      const expected = '    -a-b-A-|';
      expectObservable(source.pipe(rollingStats(letters))).toBe(expected, { ...told, A: rolled('A', 'upper') });
    });
  });

  it('each subscription has values of its own', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('  -a-b-');
      const result = source.pipe(rollingStats(letters));
      expectObservable(result, '^---!').toBe('-a-b', told);
      expectObservable(result, '--^-!').toBe('---b', { b: rolled('b') });
    });
  });

  it('long virtual time: ten values a second for six hours', () => {
    marbles(({ scheduler, expectObservable }) => {
      const values = 6 * 3600 * 10;
      const source = interval(100, scheduler).pipe(take(values));
      const mean = source.pipe(
        rollingStats({ ...sums, size: 1000 }),
        last(),
        map(({ accumulator, count }) => [count, accumulator / count]),
      );
      expectObservable(mean).toBe('21600s (m|)', { m: [1000, values - 500.5] });
    });
  });

  it('agrees with a plain list', () => {
    const values = fc.array(fc.record({ value: fc.nat(100), time: fc.nat(50) }));
    const sorted = values.map((list) => list.toSorted((a, b) => a.time - b.time));
    fc.assert(
      fc.property(sorted, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 20 }), (list, size, spanMs) => {
        const results: number[] = [];
        from(list)
          .pipe(
            rollingStats({
              size,
              spanMs,
              timestampOf: ({ time }) => time,
              keyOf: () => 'k',
              create: () => 0,
              add: (sum: number, { value }) => sum + value,
              remove: (sum: number, { value }) => sum - value,
            }),
          )
          .subscribe(({ accumulator }) => results.push(accumulator));
        const expected = list.map(({ time }, index) =>
          list
            .slice(Math.max(0, index + 1 - size), index + 1)
            .filter((each) => each.time > time - spanMs)
            .reduce((sum, { value }) => sum + value, 0),
        );
        expect(results).toEqual(expected);
      }),
    );
  });

  it('refuses a size that is no whole number above 0, a span of no length, and one without timestamps', () => {
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => rollingStats({ ...sums, size })).toThrow(RangeError);
    for (const spanMs of [0, -1, Number.NaN]) {
      expect(() => rollingStats({ ...sums, spanMs, timestampOf: () => 0 })).toThrow(RangeError);
    }
    expect(() => rollingStats({ ...sums, spanMs: 5 })).toThrow('timestampOf');
  });
});
