import { expect, it } from 'vitest';
import { WarmUpBuffer } from '../../../src/feed/connection/warm-up-buffer.ts';

it('WarmUpBuffer passes on its values in order, then those that arrive while it is emptied', () => {
  const held = new WarmUpBuffer<string>(2, () => true);
  const got: string[] = [];
  held.push('a');
  held.push('b');
  held.empty((value) => {
    got.push(value);
    if (value === 'a') for (const more of ['again', 'more', 'last']) held.push(more);
  });
  expect(got).toEqual(['a', 'b', 'again', 'more', 'last']);
});

it('WarmUpBuffer drops the oldest values when it is full, except values that must be kept', () => {
  const held = new WarmUpBuffer<number>(10, (value) => value > 0);
  for (const value of [0, 1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10]) held.push(value);
  const got: number[] = [];
  held.empty((value) => got.push(value));
  expect(got).toEqual([0, 3, 0, 4, 5, 6, 7, 8, 9, 10]);
});
