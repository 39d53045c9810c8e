import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeStandbys, type ShardsByMember } from '../../../src/cluster/assignment/place-standbys.ts';

const of = (shards: Record<string, readonly number[]>): ShardsByMember => new Map(Object.entries(shards));

describe('placeStandbys', () => {
  it('spreads the shards of each owner over all other members', () => {
    const owned = of({ a: [0, 1, 2, 3], b: [4, 5, 6, 7], c: [8, 9, 10, 11] });
    expect(placeStandbys(owned, new Map())).toEqual(of({ a: [4, 6, 8, 10], b: [0, 2, 9, 11], c: [1, 3, 5, 7] }));
  });

  it('leaves a shard with its standby, but not more than its part of an owner', () => {
    const owned = of({ a: [0, 1, 2, 3], b: [], c: [] });
    expect(placeStandbys(owned, of({ c: [3, 2] }))).toEqual(of({ a: [], b: [0, 1], c: [2, 3] }));
    expect(placeStandbys(owned, of({ c: [0, 1, 2, 3] }))).toEqual(of({ a: [], b: [2, 3], c: [0, 1] }));
  });

  it('gives no standby if there is one member, and none to a shard that its owner stood by for', () => {
    expect(placeStandbys(of({ a: [0, 1] }), new Map())).toEqual(of({ a: [] }));
    expect(placeStandbys(of({ a: [0], b: [] }), of({ a: [0] }))).toEqual(of({ a: [], b: [0] }));
  });

  it('gives each shard one standby that does not own it, and no member more than its part of an owner', () => {
    const shards = fc.uniqueArray(fc.nat(30), { maxLength: 20 });
    const members = fc.array(shards, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(members, members, (drawn, before) => {
        const taken = new Set<number>();
        const owned = new Map(
          drawn.map((own, index) => [`m${index}`, own.filter((shard) => !taken.has(shard) && taken.add(shard))]),
        );
        const placed = placeStandbys(owned, new Map(before.map((own, index) => [`m${index}`, own])));
        expect([...placed.values()].flat().sort()).toEqual([...taken].sort());
        for (const [id, own] of placed)
          for (const [owner, shards] of owned) {
            const part = own.filter((shard) => shards.includes(shard)).length;
            expect(part).toBeLessThanOrEqual(owner === id ? 0 : Math.ceil(shards.length / (owned.size - 1)));
          }
      }),
    );
  });
});
