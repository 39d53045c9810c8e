import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import { LargeTrades } from '../../../src/market/trades/large-trades.ts';
import { halfEven } from '../naive-figures.ts';
import { anyTrades } from './any-trades.ts';

function judge(large: LargeTrades, ...quantities: readonly string[]) {
  return quantities.map((quantity) => large.next({ quantity }));
}

describe('LargeTrades', () => {
  it('reports a trade as large from exactly the threshold on', () => {
    const large = new LargeTrades({ threshold: 2.5, least: 3 });
    // The mean of 1, 2 and 3 is 2. The mean of 1, 2, 3 and 4.999… is just below 2.75.
    expect(judge(large, '1', '2', '3', '4.999999999999999999')).toEqual([undefined, undefined, undefined, undefined]);
    const other = new LargeTrades({ threshold: 2.5, least: 3 });
    expect(judge(other, '1', '2', '3', '5').at(-1)).toEqual({ averageQuantity: '2', multiple: 2.5 });
  });

  it('reports no large trade before the minimum number of trades', () => {
    const large = new LargeTrades({ threshold: 10 });
    const before = judge(large, ...Array.from({ length: 100 }, (_, index) => (index === 50 ? '1000000' : '1')));
    expect(before.every((figures) => figures === undefined)).toBe(true);
    // The mean is (99 + 1,000,000) / 100.
    expect(judge(large, '100009.9')).toEqual([{ averageQuantity: '10000.99', multiple: 10 }]);
  });

  it('compares a trade with the mean of only the last trades before it', () => {
    const large = new LargeTrades({ threshold: 2, most: 3, least: 1 });
    expect(judge(large, '1', '100', '1', '1', '2', '8')).toEqual([
      undefined,
      { averageQuantity: '1', multiple: 100 },
      undefined,
      undefined,
      undefined,
      // The mean of 1, 1 and 2 is 4/3.
      { averageQuantity: '1.333333333333333333', multiple: 6 },
    ]);
  });

  it('uses the exact decimal of a threshold that a double cannot represent', () => {
    const large = new LargeTrades({ threshold: 1.1, least: 1 });
    expect(judge(large, '10', '11').at(-1)).toEqual({ averageQuantity: '10', multiple: 1.1 });
    const below = new LargeTrades({ threshold: 1.1, least: 1 });
    expect(judge(below, '10', '10.999999999999999999').at(-1)).toBeUndefined();
  });

  it('agrees with naive arithmetic', () => {
    const windows = fc.record({ most: fc.integer({ min: 3, max: 12 }), least: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(anyTrades(), windows, fc.constantFrom(1, 1.5, 3), (trades, { most, least }, threshold) => {
        const large = new LargeTrades({ threshold, most, least });
        for (const [index, trade] of trades.entries()) {
          const before = trades.slice(Math.max(0, index - most), index).map(({ quantity }) => unscaled(quantity));
          const sum = before.reduce((total, each) => total + each, 0n);
          const scaled = unscaled(trade.quantity) * BigInt(before.length);
          const isLarge = before.length >= least && scaled * 2n >= sum * BigInt(threshold * 2);
          const expected = isLarge
            ? {
                averageQuantity: fromUnscaled(halfEven(sum, BigInt(before.length))),
                multiple: Number(`${(scaled * 10n ** 60n) / sum}e-60`),
              }
            : undefined;
          expect(large.next(trade)).toEqual(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    { threshold: 0 },
    { threshold: -1 },
    { threshold: Number.NaN },
    { threshold: 2, least: 0 },
    { threshold: 2, least: 5, most: 4 },
    { threshold: 2, most: 1.5, least: 1 },
  ])('refuses the options %o', (options) => {
    expect(() => new LargeTrades(options)).toThrow(RangeError);
  });
});
