import { expect, it } from 'vitest';
import { at } from '../../src/domain/at.ts';

it('at returns the element at an index, and throws for an index outside the list', () => {
  expect(at([4, 5], 1)).toBe(5);
  expect(at(new Uint8Array([0]), 0)).toBe(0);
  for (const index of [-1, 2, 0.5]) expect(() => at([4, 5], index)).toThrow(RangeError);
});
