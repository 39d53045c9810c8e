import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdRanges } from '../../src/healing/id-ranges.ts';

const id = fc.bigInt({ min: 0n, max: 60n });
const range = fc.tuple(id, fc.bigInt({ min: 0n, max: 8n })).map(([first, more]) => ({ first, last: first + more }));

function idsOf({ first, last }: { readonly first: bigint; readonly last: bigint }): bigint[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index));
}

it('has the same ids as a set of them', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), range, (added, asked) => {
      const ranges = new IdRanges();
      const ids = new Set<bigint>();
      for (const each of added) {
        ranges.add(each.first, each.last);
        for (const one of idsOf(each)) ids.add(one);
      }
      const inside = idsOf(asked).filter((one) => ids.has(one));
      expect(ranges.overlaps(asked)).toBe(inside.length > 0);
      expect(ranges.countIn(asked)).toBe(inside.length);
      const missing = ranges.missingIn(asked);
      expect(missing.flatMap(idsOf)).toEqual(idsOf(asked).filter((one) => !ids.has(one)));
      // The parts do not touch each other.
      for (const [index, { first }] of missing.entries())
        expect(first - (missing[index - 1]?.last ?? -9n) > 1n).toBe(true);
    }),
  );
});
