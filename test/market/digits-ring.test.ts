import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digits } from '../../src/market/digits.ts';
import { DigitsRing } from '../../src/market/digits-ring.ts';

const short = fc.record({ digits: fc.maxSafeInteger(), places: fc.nat(18) });
const long = fc.record({ digits: fc.bigInt({ min: 2n ** 60n, max: 2n ** 100n }), places: fc.nat(18) });

describe('DigitsRing', () => {
  it('returns the oldest value unchanged when a full ring receives a new one', () => {
    const values = fc.array(fc.oneof({ weight: 4, arbitrary: short }, long), { maxLength: 120 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), values, (most, all) => {
        const ring = new DigitsRing(most);
        const kept: Digits[] = [];
        for (const value of all) {
          kept.push(value);
          const left = ring.push(value);
          expect(left).toEqual(kept.length > most ? kept.shift() : undefined);
          expect(ring.length).toBe(kept.length);
        }
      }),
    );
  });
});
