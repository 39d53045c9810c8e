import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import { digitsOf, doubleOf, integerAt, times } from '../../src/market/digits.ts';
import { decimalOf, ExactSums } from '../../src/market/exact-sum.ts';

const decimals = fc.oneof(
  fc.bigInt({ min: -(10n ** 38n - 1n), max: 10n ** 38n - 1n }).map(fromUnscaled),
  fc
    .tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.integer({ min: 0, max: 9 }))
    .map(([digits, places]) => fromUnscaled(BigInt(digits) * 10n ** BigInt(18 - places))),
);

describe('digitsOf', () => {
  it.each([
    ['61837.63', 6_183_763, 2],
    ['-0.00292', -292, 5],
    ['0', 0, 0],
    ['9007199254740991', 9_007_199_254_740_991, 0],
    ['9007199254740992', 9_007_199_254_740_992n, 0],
    ['900719925474.0993', 9_007_199_254_740_993n, 4],
    ['-99999999999999999999.999999999999999999', -(10n ** 38n - 1n), 18],
  ])('%s is %s with %s places', (decimal, digits, places) => {
    expect(digitsOf(decimal)).toEqual({ digits, places });
  });

  it('represents decimals and their products exactly', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        expect(integerAt(digitsOf(a), 18)).toBe(unscaled(a));
        expect(doubleOf(digitsOf(a))).toBe(Number(a));
        expect(integerAt(times(digitsOf(a), digitsOf(b)), 36)).toBe(unscaled(a) * unscaled(b));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decimalOf', () => {
  it.each([
    [0n, 5, '0'],
    [0n, 0, '0'],
    [120n, 2, '1.2'],
    [100n, 2, '1'],
    [5n, 3, '0.005'],
    [-5n, 3, '-0.005'],
    [70n, 0, '70'],
    // More than 18 places are rounded half-even: 1.5, 2.5 and 2.51 units of the last place.
    [15n, 19, '0.000000000000000002'],
    [25n, 19, '0.000000000000000002'],
    [251n, 20, '0.000000000000000003'],
  ])('%s with %s places is %s', (total, places, decimal) => {
    expect(decimalOf(total, places)).toBe(decimal);
  });
});

describe('ExactSums', () => {
  it('is zero before the first value', () => {
    expect(new ExactSums().toDecimal()).toBe('0');
  });

  it('sums exactly beyond the precision of a double', () => {
    const sum = new ExactSums();
    for (const decimal of ['9007199254740991', '9007199254740991', '0.1', '0.000000000000000001'])
      sum.add(digitsOf(decimal));
    expect(sum.toDecimal()).toBe('18014398509481982.100000000000000001');
    expect(sum.toNumber()).toBeCloseTo(18_014_398_509_481_982, -2);
  });

  it('adds and subtracts any decimals, and adds their products, exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(decimals, decimals)), (pairs) => {
        const values = new ExactSums();
        const products = new ExactSums();
        for (const [a, b] of pairs) {
          values.add(digitsOf(a));
          values.subtract(digitsOf(b));
          products.add(times(digitsOf(a), digitsOf(b)));
        }
        expect(values.total(18)).toBe(pairs.reduce((sum, [a, b]) => sum + unscaled(a) - unscaled(b), 0n));
        expect(products.total(36)).toBe(pairs.reduce((sum, [a, b]) => sum + unscaled(a) * unscaled(b), 0n));
      }),
      { numRuns: 500 },
    );
  });
});
