import { expect, it } from 'vitest';
import { nextIndex, revealed, rowsInView } from '../../../dashboard/coins/rows-in-view.ts';

it.each([
  [0, { first: 0, last: 26 }],
  [2800, { first: 94, last: 126 }],
  [55_440, { first: 1974, last: 2000 }],
])('rowsInView has only the rows near the view in a list of 2,000 that is scrolled by %i px', (scrollTop, rows) =>
  expect(rowsInView(scrollTop, 560, 28, 2000)).toEqual(rows),
);

it('rowsInView has all rows of a short list, also if it was scrolled when it was longer', () => {
  expect(rowsInView(0, 560, 28, 3)).toEqual({ first: 0, last: 3 });
  expect(rowsInView(5600, 560, 28, 3)).toEqual({ first: 3, last: 3 });
});

it.each([
  ['in view', 5, 100, 100],
  ['above the view', 2, 100, 56],
  ['below the view', 40, 100, 588],
  ['the first', 0, 28, 0],
])('revealed scrolls no more than needed: a row that is %s', (_where, index, scrollTop, result) =>
  expect(revealed(index, scrollTop, 560, 28)).toBe(result),
);

it.each([
  ['ArrowDown', 3, 4],
  ['ArrowDown', 9, 9],
  ['ArrowUp', 3, 2],
  ['ArrowUp', 0, -1],
  ['PageDown', 3, 9],
  ['PageUp', 3, 0],
  ['Home', 3, 0],
  ['End', 3, 9],
  ['x', 3, undefined],
])('nextIndex of %s at row %i', (key, index, next) => expect(nextIndex(key, index, 10)).toBe(next));
