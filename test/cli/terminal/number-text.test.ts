import { expect, it } from 'vitest';
import { amount, count, latency, percent, rate } from '../../../src/cli/terminal/number-text.ts';

it.each([
  [0.31, '0.3 ms'],
  [-0.04, '0.0 ms'],
  [-1.26, '-1.3 ms'],
  [9.96, '10 ms'],
  [34.4, '34 ms'],
  [-1250, '-1.2 s'],
  [10_000, '10 s'],
])('latency formats %d ms as %s', (ms, text) => expect(latency(ms)).toBe(text));

it.each([
  [0, '0'],
  [1234, '1,234'],
  [9_999_999, '9,999,999'],
  [12_345_678, '12.3 M'],
  [12_345_678_901, '12.3 G'],
])('count formats %d as %s', (value, text) => expect(count(value)).toBe(text));

it('amount keeps every digit of a price and adds only zeros', () => {
  expect(amount('64250.1', 2)).toBe('64,250.10');
  expect(amount('0.00000123', 2)).toBe('0.00000123');
  expect(amount('12345678901234567890.123456789012345678')).toBe('12,345,678,901,234,567,890.123456789012345678');
  expect(amount('-1234')).toBe('-1,234');
});

it('percent shows percentages with their sign, and no negative zero', () => {
  expect([percent('2.314'), percent('-2.316'), percent('0'), percent('-0.001')]).toEqual([
    '+2.31%',
    '-2.32%',
    '+0.00%',
    '+0.00%',
  ]);
});

it('rate shows rates below 100 with one decimal place', () =>
  expect([rate(0), rate(12.34), rate(1234.5)]).toEqual(['0.0', '12.3', '1,235']));
