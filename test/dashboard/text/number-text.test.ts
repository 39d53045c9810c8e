import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amount, change, compact, count, percent, rate, rounded } from '../../../dashboard/text/number-text.ts';
import { fromUnscaled } from '../../../src/domain/decimal.ts';

const decimal = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map(fromUnscaled);

describe('amount', () => {
  it.each([
    ['61837.63', 0, '61,837.63'],
    ['61837.6', 2, '61,837.60'],
    ['0.00292', 0, '0.00292'],
    ['-1234567', 1, '-1,234,567.0'],
    ['12345678901234567890.123456789012345678', 0, '12,345,678,901,234,567,890.123456789012345678'],
  ])('formats %s with %i places as %s', (value, places, text) => expect(amount(value, places)).toBe(text));

  it('keeps every digit of the value', () => {
    fc.assert(
      fc.property(decimal, fc.nat(20), (value, places) => {
        const plain = amount(value, places).replaceAll(',', '');
        expect(plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain).toBe(value);
      }),
    );
  });
});

it.each([
  ['63751.220000000000000001', 2, '63,751.22'],
  ['0.125', 2, '0.12'],
  ['0.135', 2, '0.14'],
  ['-2.5', 0, '-2'],
  ['999.995', 2, '1,000.00'],
])('rounded formats %s with %i places as %s', (value, places, text) => expect(rounded(value, places)).toBe(text));

it.each([
  ['0', '0'],
  ['0.000292', '0.000292'],
  ['0.18911', '0.189'],
  ['12.3', '12.3'],
  ['812.44', '812'],
  ['123456.789', '123 K'],
  ['1340710536.502904', '1.34 B'],
  ['999999999999999', '1,000 T'],
])('compact formats %s as %s', (value, text) => expect(compact(value)).toBe(text));

it.each([
  ['2.945', '+2.94 %'],
  ['-1.3', '−1.30 %'],
  ['0', '0.00 %'],
  ['-0.001', '0.00 %'],
])('change formats %s as %s', (value, text) => expect(change(value)).toBe(text));

it('all number formats show a dash for a missing value', () => {
  expect([amount(null), rounded(undefined, 2), compact(null), change(null), percent(null)]).toEqual(
    Array.from({ length: 5 }, () => '–'),
  );
});

it('count, rate and percent format counts, rates and shares', () => {
  expect([count(1234567), count(12_345_678), rate(9.96), rate(1234.4), percent(0.555, 1)]).toEqual([
    '1,234,567',
    '12.3 M',
    '10.0',
    '1,234',
    '55.5 %',
  ]);
});
