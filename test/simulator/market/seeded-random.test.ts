import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/simulator/market/random.ts';

const draw = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 10_000 }, random);
};

it('seededRandom returns uniform numbers from 0 to below 1 that depend on the seed alone', () => {
  const drawn = draw(7);
  expect(draw(7)).toEqual(drawn);
  expect(draw(8).slice(0, 5)).not.toEqual(drawn.slice(0, 5));
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => drawn.filter((value) => Math.floor(value * 10) === tenth).length,
  );
  expect(Math.min(...tenths)).toBeGreaterThan(900);
});
