import { describe, expect, it } from 'vitest';
import { MAX_POSTPONEMENTS, postponement, rotationAge } from '../../../src/feed/connection/rotation-age.ts';

const DAY = 86_400_000;
const HOUR = DAY / 24;
const MINUTE = HOUR / 60;
const LAST = 0.999_999;

describe('rotationAge', () => {
  it('is 23 hours for a lifetime of a day, minus at most ten random minutes', () => {
    expect(rotationAge(DAY, 0, () => 0)).toBe(23 * HOUR);
    expect(rotationAge(DAY, 0, () => LAST)).toBeCloseTo(23 * HOUR - 10 * MINUTE, -3);
  });

  it('keeps four lines at least ten minutes apart, whatever the random numbers are', () => {
    for (const line of [0, 1, 2])
      expect(rotationAge(DAY, line, () => LAST) - rotationAge(DAY, line + 1, () => 0)).toBeGreaterThan(9.99 * MINUTE);
  });

  it('is more than 21 hours for the eighth line', () => {
    expect(rotationAge(DAY, 7, () => LAST)).toBeGreaterThan(21 * HOUR);
  });

  it.each([4_000, 8_000, 16_000, 60_000])('leaves time to replace each line in a lifetime of %i ms', (lifetimeMs) => {
    for (const line of [0, 1, 2, 3]) {
      const age = rotationAge(lifetimeMs, line, () => LAST);
      expect(age).toBeGreaterThan(lifetimeMs / 8);
      expect(lifetimeMs - rotationAge(lifetimeMs, line, () => 0)).toBeGreaterThanOrEqual(
        Math.min(lifetimeMs / 3, 6000),
      );
    }
  });

  it('is before the end of the lifetime even after all postponements', () => {
    for (const lifetimeMs of [4_000, DAY])
      expect(rotationAge(lifetimeMs, 0, () => 0) + MAX_POSTPONEMENTS * postponement(lifetimeMs)).toBeLessThan(
        lifetimeMs - postponement(lifetimeMs) / 2,
      );
  });
});
