import { expect, it } from 'vitest';
import { bookNote, noneYet } from '../../../dashboard/text/state-text.ts';

const fresh = { outOfStep: false, ageMs: 0, coinNote: undefined };

it('a book that does not change though its coin does is marked', () => {
  expect(bookNote(fresh)).toBeUndefined();
  expect(bookNote({ ...fresh, ageMs: 9999 })).toBeUndefined();
  expect(bookNote({ ...fresh, ageMs: 12_000 })).toBe('unchanged for 12 s');
});

it('names the worse state first', () => {
  expect(bookNote({ ...fresh, ageMs: 12_000, coinNote: 'stale for 14 s' })).toBe('stale for 14 s');
  expect(bookNote({ outOfStep: true, ageMs: 3000, coinNote: 'stale for 14 s' })).toBe('out of step for 3 s');
});

it('after a switch it is said whose figures are awaited', () => {
  expect(noneYet('order book', null)).toBe('No order book yet.');
  expect(noneYet('order book', 'binance')).toBe('Waiting for the order book of binance.');
});
