import { expect, it, vi } from 'vitest';
import { getOrCreate } from '../../src/domain/get-or-create.ts';

it('getOrCreate creates the value of a key once', () => {
  const create = vi.fn((key: string) => [key]);
  const map = new Map<string, string[]>();
  const first = getOrCreate(map, 'a', create);
  expect(first).toEqual(['a']);
  expect(getOrCreate(map, 'a', create)).toBe(first);
  expect(map.get('a')).toBe(first);
  expect(create).toHaveBeenCalledTimes(1);
});

it('getOrCreate accepts a WeakMap', () => {
  const key = {};
  const map = new WeakMap<object, number>();
  expect(getOrCreate(map, key, () => 7)).toBe(7);
  expect(map.get(key)).toBe(7);
});
