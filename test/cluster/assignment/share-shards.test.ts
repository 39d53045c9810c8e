import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ShardHolder, type ShardWeights, shareShards } from '../../../src/cluster/assignment/share-shards.ts';

const one = (id: string, ...holds: readonly number[]): ShardHolder => ({ id, holds: new Set(holds) });
const upTo = (count: number) => Array.from({ length: count }, (_, shard) => shard);
const weights = (sizeOf: ShardWeights['sizeOf'] = () => 5, rates: Record<number, number> = {}): ShardWeights => ({
  sizeOf,
  rates: new Map(Object.entries(rates).map(([shard, rate]) => [Number(shard), rate])),
});

describe('shareShards', () => {
  it('assigns the same number of shards to each member if no rate is known and coins are equal', () => {
    const shares = shareShards([one('a'), one('b'), one('c')], upTo(12), weights());
    expect([...shares.values()].map(({ length }) => length)).toEqual([4, 4, 4]);
  });

  it('balances by the number of coins if no rate is known', () => {
    const sizes = [30, 10, 10, 10];
    const shares = shareShards(
      [one('a'), one('b')],
      upTo(4),
      weights((shard) => sizes[shard] as number),
    );
    expect([...shares]).toEqual([
      ['a', [0]],
      ['b', [1, 2, 3]],
    ]);
  });

  it('balances by measured rates, and estimates a missing rate from the other shards', () => {
    const rates = { 0: 300, 1: 100, 2: 100 };
    const shares = shareShards([one('a', 0, 1, 2), one('b', 3)], upTo(4), weights(undefined, rates));
    expect([...shares]).toEqual([
      ['a', [1, 2, 3]],
      ['b', [0]],
    ]);
  });

  it('balances by the number of coins if all measured rates are 0', () => {
    const rates = { 0: 0, 1: 0, 2: 0 };
    const shares = shareShards([one('a', 0, 1, 2, 3), one('b')], upTo(4), weights(undefined, rates));
    expect([...shares.values()].map(({ length }) => length)).toEqual([2, 2]);
  });

  it('moves shards to a new member, but none between the existing members', () => {
    const before = [one('a', 0, 1, 2, 3, 4, 5), one('b', 6, 7, 8, 9, 10, 11)];
    const rates = Object.fromEntries(upTo(12).map((shard) => [shard, 9 + (shard % 3)]));
    const shares = shareShards([...before, one('c')], upTo(12), weights(undefined, rates));
    for (const { id, holds } of before) expect(shares.get(id)?.every((shard) => holds.has(shard))).toBe(true);
    expect([...shares.values()].map(({ length }) => length)).toEqual([4, 4, 4]);
  });

  it('distributes the shards of a member that left, and moves no other shard', () => {
    const left = [one('a', 0, 1), one('b', 2, 3)];
    const shares = shareShards(left, upTo(6), weights());
    expect([...shares].map(([, own]) => own.length)).toEqual([3, 3]);
    for (const { id, holds } of left) for (const shard of holds) expect(shares.get(id)).toContain(shard);
  });

  it('gives the shards of a member that died to their standby, even if the loads become uneven', () => {
    const members = [{ ...one('a', 0), standsBy: new Set([2, 3]) }, one('b', 1)];
    const shares = shareShards(members, upTo(4), weights(undefined, { 0: 10, 1: 10, 2: 3, 3: 3 }));
    expect([...shares]).toEqual([
      ['a', [0, 2, 3]],
      ['b', [1]],
    ]);
  });

  it('assigns a shard that two members claim to one of them', () => {
    const shares = shareShards([one('a', 0), one('b', 0, 1)], upTo(2), weights());
    expect([...shares]).toEqual([
      ['a', [0]],
      ['b', [1]],
    ]);
  });

  it('assigns each shard once for members in any order, and soon moves nothing when repeated', () => {
    const holders = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 4 }),
        holds: fc.array(fc.nat(20)).map((all) => new Set(all)),
      }),
      { selector: ({ id }) => id, minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        holders,
        fc.integer({ min: 1, max: 16 }),
        fc.array(fc.nat(30), { minLength: 16, maxLength: 16 }),
        fc.dictionary(fc.nat(15).map(String), fc.nat(500)),
        (members, count, sizes, rates) => {
          const sizeOf = (shard: number) => sizes[shard] ?? 0;
          const shares = shareShards(members, upTo(count), weights(sizeOf, rates));
          expect([...shares.values()].flat().sort((a, b) => a - b)).toEqual(upTo(count));
          expect([...shares.keys()].sort()).toEqual(members.map(({ id }) => id).sort());
          // The order of the members does not matter.
          expect(new Map(shareShards(members.toReversed(), upTo(count), weights(sizeOf, rates)))).toEqual(
            new Map(shares),
          );
          // The first repetition may move shards. The second one moves nothing.
          const again = [...shares].map(([id, own]) => ({ id, holds: new Set(own) }));
          const first = shareShards(again, upTo(count), weights(sizeOf, rates));
          const next = [...first].map(([id, own]) => ({ id, holds: new Set(own) }));
          expect(new Map(shareShards(next, upTo(count), weights(sizeOf, rates)))).toEqual(new Map(first));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
