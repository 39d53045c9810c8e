import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFlat, type Sample, slopeOf, slopeText } from '../../bench/slope.ts';

const series = (values: readonly number[]): Sample[] => values.map((value, at) => ({ at, value }));
/** Noise that is the same in each run. */
const noise = (at: number) => ((at * 7919) % 13) - 6;

describe('slopeOf', () => {
  it('finds the exact slope of a straight line', () => {
    expect(slopeOf(series(Array.from({ length: 40 }, (_, at) => 5 + at / 4)))).toMatchObject({
      samples: 40,
      median: 0.25,
      low: 0.25,
      high: 0.25,
    });
  });

  it('distinguishes growth in noise from noise alone', () => {
    expect(isFlat(slopeOf(series(Array.from({ length: 100 }, (_, at) => noise(at)))))).toBe(true);
    expect(isFlat(slopeOf(series(Array.from({ length: 100 }, (_, at) => noise(at) + at / 5))))).toBe(false);
  });

  it('distinguishes slow growth from the waves of correlated samples', () => {
    // A seeded random walk that is drawn back to zero, so that neighbouring samples are similar.
    const walk = (seed: number): number[] => {
      let state = seed;
      let value = 0;
      return Array.from({ length: 200 }, () => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        value = 0.9 * value + state / 2_147_483_648 - 0.5;
        return value;
      });
    };
    const seeds = Array.from({ length: 40 }, (_, index) => index * 7919 + 1);
    const grown = (perSample: number) =>
      seeds.filter((seed) => !isFlat(slopeOf(series(walk(seed).map((value, at) => value + at * perSample))))).length;
    expect(grown(0)).toBeLessThanOrEqual(6);
    expect(grown(0.02)).toBe(seeds.length);
  });

  it('is not moved by a few outliers', () => {
    const values = Array.from({ length: 60 }, (_, at) => (at > 55 ? 1000 : noise(at)));
    expect(isFlat(slopeOf(series(values)))).toBe(true);
  });

  it('treats a falling series as flat, but not a series without samples', () => {
    expect(isFlat(slopeOf(series([9, 8, 7, 6, 5, 4, 3, 2, 1])))).toBe(true);
    expect(isFlat(slopeOf([]))).toBe(false);
  });

  it('lies between its bounds, and changes its sign with the series', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 30 }), (values) => {
        const { low, median, high } = slopeOf(series(values));
        expect(low).toBeLessThanOrEqual(median);
        expect(high).toBeGreaterThanOrEqual(median);
        expect(slopeOf(series(values.map((value) => -value))).median).toBeCloseTo(-median, 9);
      }),
    );
  });

  it('is formatted with its interval', () => {
    expect(slopeText({ samples: 9, level: 100, median: 0.5, low: -1, high: 2 }, 'MiB', 'hour')).toBe(
      '100.0 MiB, +0.500 per hour (95 %: -1.00 to +2.00, 9 samples)',
    );
  });
});
