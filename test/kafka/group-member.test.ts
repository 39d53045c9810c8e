import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sharesOf } from '../../src/kafka/group-member.ts';

it('shares every partition out once, evenly, and the same whoever does it', () => {
  const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(members, fc.integer({ min: 0, max: 30 }), (names, count) => {
      const partitions = Array.from({ length: count }, (_, partition) => partition);
      const shares = sharesOf(names, partitions);
      expect([...shares.values()].flat().toSorted((a, b) => a - b)).toEqual(partitions);
      const sizes = [...shares.values()].map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(sharesOf(names.toReversed(), partitions.toReversed())).toEqual(shares);
    }),
  );
});
