import { expect, it } from 'vitest';
import { bookAge, bookNote, noneYet } from '../../../dashboard/feed/state-text.ts';

const fresh = { outOfStep: false, ageMs: 0, coinNote: undefined };

it('bookNote marks a book as unchanged after 12 seconds, and not before ten', () => {
  expect(bookNote(fresh)).toBeUndefined();
  expect(bookNote({ ...fresh, ageMs: 9999 })).toBeUndefined();
  expect(bookNote({ ...fresh, ageMs: 12_000 })).toBe('unchanged for 12 s');
});

it('bookNote shows the worse of two states', () => {
  expect(bookNote({ ...fresh, ageMs: 12_000, coinNote: 'stale for 14 s' })).toBe('stale for 14 s');
  expect(bookNote({ outOfStep: true, ageMs: 3000, coinNote: 'stale for 14 s' })).toBe('out of step for 3 s');
});

it('bookAge says how old a book is from two seconds on', () => {
  expect([bookAge(0), bookAge(2000), bookAge(3400)]).toEqual([undefined, undefined, '3 s old']);
});

it('noneYet names the venue whose data is awaited', () => {
  expect(noneYet('order book', null)).toBe('No order book yet.');
  expect(noneYet('order book', 'binance')).toBe('Waiting for the order book of binance.');
});
