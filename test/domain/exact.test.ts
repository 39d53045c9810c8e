import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unscaled } from '../../src/domain/decimal.ts';
import { fromProduct, ONE, quotient, ratio, roundHalfEven } from '../../src/domain/exact.ts';

const LIMIT = 10n ** 38n - 1n;
const values = fc.oneof(
  fc.bigInt({ min: -LIMIT, max: LIMIT }),
  fc.bigInt({ min: -1_000n, max: 1_000n }),
  fc.bigInt({ min: -1_000n, max: 1_000n }).map((n) => n * ONE),
);
const divisors = values.filter((value) => value !== 0n);

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The exact fraction of a double in the normal range. */
function fraction(double: number): readonly [bigint, bigint] {
  const exponent = Math.floor(Math.log2(Math.abs(double))) - 54;
  const digits = BigInt(double / 2 ** exponent);
  return exponent < 0 ? [digits, 1n << BigInt(-exponent)] : [digits << BigInt(exponent), 1n];
}

/**
 * The distance of a double from a / b, times b × divisor. Compare it only with another distance for the same a and b.
 */
function distance(double: number, a: bigint, b: bigint): readonly [bigint, bigint] {
  const [above, below] = fraction(double);
  return [size(above * b - a * below), size(b * below)];
}

/** The next smaller and the next larger double. */
function neighbours(double: number): readonly number[] {
  const bits = new BigInt64Array(new Float64Array([double]).buffer)[0] ?? 0n;
  return [...new Float64Array(new BigInt64Array([bits - 1n, bits + 1n]).buffer)];
}

describe('roundHalfEven', () => {
  it.each([
    [7n, 2n, 4n], // 3.5
    [5n, 2n, 2n], // 2.5
    [-5n, 2n, -2n],
    [5n, -2n, -2n],
    [-7n, 2n, -4n],
    [-7n, -2n, 4n],
    [1n, 2n, 0n], // 0.5
    [3n, 2n, 2n], // 1.5
    [-1n, 2n, 0n],
    [10n, 4n, 2n], // 2.5
    [11n, 4n, 3n], // 2.75
    [9n, 4n, 2n], // 2.25
    [2n, 3n, 1n],
    [1n, 3n, 0n],
    [-2n, 3n, -1n],
    [0n, 5n, 0n],
    [6n, 3n, 2n],
  ])('rounds %s / %s to %s', (value, divisor, rounded) => {
    expect(roundHalfEven(value, divisor)).toBe(rounded);
  });

  it('is at most one half away, and even at exactly one half', () => {
    fc.assert(
      fc.property(values, divisors, (value, divisor) => {
        const rounded = roundHalfEven(value, divisor);
        const away = 2n * size(value - rounded * divisor);
        expect(away <= size(divisor)).toBe(true);
        if (away === size(divisor)) expect(rounded % 2n).toBe(0n);
      }),
    );
  });

  it('refuses 0 as divisor', () => {
    expect(() => roundHalfEven(1n, 0n)).toThrow(RangeError);
  });
});

describe('products and quotients', () => {
  it.each([
    ['1.5', '2', '3'],
    ['0.000000001', '0.000000001', '0.000000000000000001'],
    ['0.000000000000000001', '0.5', '0'], // 0.5 of the last place rounds to the even digit 0
    ['0.000000000000000003', '0.5', '0.000000000000000002'], // 1.5 of the last place rounds to the even digit 2
    ['-0.000000000000000003', '0.5', '-0.000000000000000002'],
    ['61837.63', '0.00292', '180.5658796'],
  ])('%s × %s is %s', (a, b, expected) => {
    expect(fromProduct(unscaled(a) * unscaled(b))).toBe(expected);
  });

  it.each([
    ['1', '3', '0.333333333333333333'],
    ['2', '3', '0.666666666666666667'],
    ['-2', '3', '-0.666666666666666667'],
    ['0.000000000000000001', '2', '0'],
    ['0.000000000000000003', '2', '0.000000000000000002'],
    ['10', '4', '2.5'],
    ['0', '4', '0'],
  ])('%s / %s is %s', (a, b, expected) => {
    expect(quotient(unscaled(a), unscaled(b))).toBe(expected);
    expect(quotient(unscaled(a) * ONE, unscaled(b) * ONE)).toBe(expected);
  });

  it('refuse 0 as divisor', () => {
    expect(() => quotient(1n, 0n)).toThrow(RangeError);
  });
});

describe('ratio', () => {
  it.each([
    [1n, 3n, 1 / 3],
    [-1n, 3n, -1 / 3],
    [1n, -3n, -1 / 3],
    [-2n, -3n, 2 / 3],
    [7n, 10n, 0.7],
    [7n * ONE, 10n * ONE, 0.7],
    [0n, 3n, 0],
    [0n, -3n, 0],
    [3n, 3n, 1],
    [(1n << 53n) + 1n, 1n, 2 ** 53], // a tie rounds to the even double
    [(1n << 53n) + 3n, 1n, 2 ** 53 + 4],
    [(1n << 54n) + 2n, 2n, 2 ** 53],
    [3n * (1n << 53n) + 4n, 3n, 2 ** 53 + 2], // 2 ** 53 + 1.33 is above the tie
    [3n * ((1n << 63n) + (1n << 10n)) + 1n, 3n, 2 ** 63 + 2 ** 11], // above the tie by the remainder of the division
    [10n ** 76n, 1n, 1e76],
    [1n, 10n ** 76n, 1e-76],
  ])('%s / %s is %s', (a, b, expected) => {
    expect(ratio(a, b)).toBe(expected);
  });

  it('is the nearest double', () => {
    fc.assert(
      fc.property(divisors, divisors, (a, b) => {
        const nearest = ratio(a, b);
        const [near, nearScale] = distance(nearest, a, b);
        for (const other of neighbours(nearest)) {
          const [far, farScale] = distance(other, a, b);
          expect(near * farScale <= far * nearScale).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('equals the division of doubles if both integers are exact doubles', () => {
    const exact = fc.maxSafeInteger().filter((n) => n !== 0);
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        expect(ratio(BigInt(a), BigInt(b))).toBe(a / b);
      }),
    );
  });

  it('refuses 0 as divisor', () => {
    expect(() => ratio(1n, 0n)).toThrow(RangeError);
  });
});
