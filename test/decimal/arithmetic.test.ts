import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  divide,
  max,
  min,
  multiply,
  type Rounding,
  type RoundingOptions,
  subtract,
} from '../../src/decimal/index.ts';
import { Fraction } from '../market/fraction.ts';

const ROUNDINGS: readonly Rounding[] = ['half-even', 'half-up', 'down', 'up'];

/** Decimals of market data, of all sizes, and few enough small ones that ties happen. */
const decimals = fc
  .oneof(
    fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.integer({ min: 0, max: 8 })),
    fc.tuple(fc.bigInt({ min: -(10n ** 28n), max: 10n ** 28n }), fc.integer({ min: 8, max: 18 })),
    fc.tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.integer({ min: 0, max: 18 })),
  )
  .map(([digits, places]) => new Fraction(digits, 10n ** BigInt(places)).toDecimal());

const roundings: fc.Arbitrary<Required<RoundingOptions>> = fc.record({
  places: fc.integer({ min: 0, max: 18 }),
  rounding: fc.constantFrom(...ROUNDINGS),
});

/** The two neighbours of a fraction with so many places, in units of the last place; equal if it lies on one. */
function neighbours(exact: Fraction, places: number): readonly [towardsZero: bigint, away: bigint] {
  const scaled = exact.above * 10n ** BigInt(places);
  const cut = scaled / exact.below;
  if (cut * exact.below === scaled) return [cut, cut];
  return [cut, scaled < 0n ? cut - 1n : cut + 1n];
}

/** The rounded value by the definition of each rounding: it compares the distances to both neighbours. */
function expected(exact: Fraction, { places, rounding }: Required<RoundingOptions>): string {
  const [cut, away] = neighbours(exact, places);
  const unit = 10n ** BigInt(places);
  const text = (units: bigint): string => new Fraction(units, unit).toDecimal();
  if (rounding === 'down') return text(cut);
  if (rounding === 'up') return text(away);
  const middle = new Fraction(cut + away, 2n * unit);
  const size = (value: Fraction): Fraction => (value.above < 0n ? new Fraction(-value.above, value.below) : value);
  const order = size(exact).compare(size(middle));
  if (order !== 0) return text(order < 0 ? cut : away);
  return text(rounding === 'half-up' || cut % 2n !== 0n ? away : cut);
}

/** True if the value, rounded in any way, has at most 20 digits before the point. */
const fits = (exact: Fraction): boolean => {
  const whole = exact.above / exact.below;
  return (whole < 0n ? -whole : whole) < 10n ** 20n - 1n;
};

describe('against fractions', () => {
  it('add and subtract are exact', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const sum = Fraction.of(a).plus(Fraction.of(b));
        const difference = Fraction.of(a).minus(Fraction.of(b));
        if (fits(sum)) expect(add(a, b)).toBe(sum.toDecimal());
        if (fits(difference)) expect(subtract(a, b)).toBe(difference.toDecimal());
      }),
      { numRuns: 1000 },
    );
  });

  it('multiply is exact up to 18 places, and rounds half-even beyond', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const exact = Fraction.of(a).times(Fraction.of(b));
        if (fits(exact)) expect(multiply(a, b)).toBe(exact.toDecimal());
      }),
      { numRuns: 1000 },
    );
  });

  it('multiply and divide round to the given places', () => {
    fc.assert(
      fc.property(decimals, decimals, roundings, (a, b, options) => {
        const product = Fraction.of(a).times(Fraction.of(b));
        if (fits(product)) expect(multiply(a, b, options)).toBe(expected(product, options));
        if (b === '0') return;
        const quotient = Fraction.of(a).over(Fraction.of(b));
        if (fits(quotient)) expect(divide(a, b, options)).toBe(expected(quotient, options));
      }),
      { numRuns: 2000 },
    );
  });

  it('compare, min and max follow the order of the values', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const order = Fraction.of(a).compare(Fraction.of(b));
        expect(compare(a, b)).toBe(order);
        expect(min(a, b)).toBe(order <= 0 ? a : b);
        expect(max(a, b)).toBe(order >= 0 ? a : b);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('rounding', () => {
  it.each<[a: string, b: string, options: RoundingOptions, rounded: string]>([
    ['1', '8', { places: 2 }, '0.12'],
    ['3', '8', { places: 2 }, '0.38'],
    ['1', '8', { places: 2, rounding: 'half-up' }, '0.13'],
    ['-1', '8', { places: 2, rounding: 'half-up' }, '-0.13'],
    ['1', '3', { places: 2, rounding: 'up' }, '0.34'],
    ['-1', '3', { places: 2, rounding: 'up' }, '-0.34'],
    ['2', '3', { places: 2, rounding: 'down' }, '0.66'],
    ['-2', '3', { places: 2, rounding: 'down' }, '-0.66'],
    ['-1', '300', { places: 0 }, '0'],
    ['1', '3', {}, '0.333333333333333333'],
    ['1000', '61837.63', { places: 5, rounding: 'down' }, '0.01617'],
    ['1', '4', { places: 18 }, '0.25'],
  ])('%s / %s with %j is %s', (a, b, options, rounded) => {
    expect(divide(a, b, options)).toBe(rounded);
  });

  it('refuses other places and roundings, and 0 as divisor', () => {
    const rounded = (options: unknown) => () => divide('1', '3', options as RoundingOptions);
    expect(rounded({ places: 19 })).toThrow(
      new TypeError('divide: places is 19, allowed: a whole number from 0 to 18'),
    );
    expect(() => multiply('1', '3', { places: 1.5 })).toThrow('multiply: places is 1.5, allowed: ');
    expect(rounded({ rounding: 'floor' })).toThrow(
      'divide: rounding is "floor", allowed: half-even, half-up, down, up',
    );
    expect(rounded({ place: 2 })).toThrow('divide: no option place (did you mean places?); there are places, rounding');
    expect(rounded(2)).toThrow('divide: options are 2, allowed: an object with places, rounding');
    expect(() => divide('5', '0')).toThrow(new RangeError('5 cannot be divided by 0'));
  });
});

describe('texts', () => {
  it('accepts decimals that are not canonical, and returns canonical ones', () => {
    expect(add('1.50', '-0')).toBe('1.5');
    expect(multiply('1e3', '0.10')).toBe('100');
    expect(compare('1.0', '1')).toBe(0);
    expect(min('2.0', '3')).toBe('2');
    expect(max('2.0', '3.10')).toBe('3.1');
    expect(min('1', '2', '0')).toBe('0');
    expect(max('1', '2', '0', '2.50')).toBe('2.5');
    expect(max('1.0')).toBe('1');
    expect(() => min('1', '2', 'x')).toThrow(RangeError);
    expect(() => (min as () => unknown)()).toThrow('undefined is not text');
  });

  it.each(['', 'a', '1,5', '0x10', ' 1', 'Infinity', '1e65', '0.0000000000000000001', `1${'0'.repeat(20)}`])(
    'refuses %j as a decimal',
    (text) => {
      for (const call of [add, subtract, multiply, divide, compare, min, max]) {
        expect(() => call(text, '1')).toThrow(
          new RangeError(
            `${JSON.stringify(text)} is not a decimal of at most 20 digits before and 18 after the point, such as "1.5"`,
          ),
        );
        expect(() => call('1', text)).toThrow(RangeError);
      }
    },
  );

  it.each([1.5, null, undefined, 10n])('refuses %s, which is no text', (value) => {
    const given = { value } as { value: unknown } as { value: string };
    expect(() => add(given.value, '1')).toThrow(
      TypeError(`${String(value)} is not text: a decimal is text such as "1.5"`),
    );
  });

  it('refuses a result with more than 20 digits before the point', () => {
    const most = '9'.repeat(20);
    for (const call of [() => add(most, '1'), () => multiply(most, '2'), () => divide(most, '0.1')])
      expect(call).toThrow(RangeError);
    expect(() => add(most, '1')).toThrow(/^100000000000000000000 has more than 20 digits before the point/);
    expect(add(most, '-1')).toBe(`${'9'.repeat(19)}8`);
    expect(subtract(`-${most}`, '-1')).toBe(`-${'9'.repeat(19)}8`);
  });
});
