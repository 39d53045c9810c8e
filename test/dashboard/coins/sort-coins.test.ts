import { expect, it } from 'vitest';
import { nextSorting, type SortFigures, type SortKey, sortCoins } from '../../../dashboard/coins/sort-coins.ts';

const row = (coin: string, price: string | null, change: string | null, trades: number): SortFigures => ({
  coin,
  price,
  change,
  trades,
  buyRatio: null,
  venue: 'bybit',
  age: 0,
});
const rows = [
  row('SOL', '148.2', '-1.1', 5),
  row('BTC', '63000', '0.4', 5),
  row('ADA', '0.44', null, 9),
  row('DOT', null, '-11', 1),
];
const sorted = (key: SortKey, descending: boolean) =>
  sortCoins(rows, (each) => each, { key, descending }).map(({ coin }) => coin);

it('sortCoins sorts prices and changes as decimals, with missing values at the low end', () => {
  expect(sorted('price', true)).toEqual(['BTC', 'SOL', 'ADA', 'DOT']);
  expect(sorted('change', true)).toEqual(['BTC', 'SOL', 'DOT', 'ADA']);
  expect(sorted('change', false)).toEqual(['ADA', 'DOT', 'SOL', 'BTC']);
});

it('sortCoins keeps the listed order of equal rows', () => {
  expect(sorted('trades', true)).toEqual(['ADA', 'SOL', 'BTC', 'DOT']);
  expect(sorted('venue', false)).toEqual(['SOL', 'BTC', 'ADA', 'DOT']);
  expect(sorted('listed', false)).toEqual(['SOL', 'BTC', 'ADA', 'DOT']);
});

it('nextSorting sorts, reverses and stops sorting after one, two and three clicks on a header', () => {
  const listed = { key: 'listed', descending: false } as const;
  const first = nextSorting(listed, 'price');
  const second = nextSorting(first, 'price');
  expect([first, second, nextSorting(second, 'price')]).toEqual([
    { key: 'price', descending: true },
    { key: 'price', descending: false },
    listed,
  ]);
  expect(nextSorting(first, 'coin')).toEqual({ key: 'coin', descending: false });
});
