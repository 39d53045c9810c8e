import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partOfShard, shardOf } from '../../src/cluster/shard-of.ts';
import { partitionOf } from '../../src/kafka/topic-layout.ts';

const symbols = fc.string({ minLength: 1, maxLength: 12 });

it('is the partition that Kafka would give the symbol', () => {
  expect(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map((symbol) => shardOf(symbol, 12))).toEqual(
    ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'].map((symbol) => partitionOf(symbol, 12)),
  );
  fc.assert(
    fc.property(symbols, fc.integer({ min: 1, max: 1000 }), (symbol, shards) => {
      expect(shardOf(symbol, shards)).toBeGreaterThanOrEqual(0);
      expect(shardOf(symbol, shards)).toBeLessThan(shards);
    }),
  );
});

it('each symbol is of one shard, and found in the partitions that this one reads, whatever their number', () => {
  const count = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(symbols, count, count, (symbol, shards, partitions) => {
      const parts = Array.from({ length: shards }, (_, shard) => partOfShard(shard, shards, 'failover'));
      const own = parts.filter(({ has }) => has(symbol));
      expect(own).toHaveLength(1);
      expect(own[0]?.mayBeIn(partitionOf(symbol, partitions), partitions)).toBe(true);
    }),
  );
});

it('reads one partition of six for a shard of twelve; all of them where the venue is part of the key', () => {
  const read = (mode: 'failover' | 'all') =>
    [0, 1, 2, 3, 4, 5].filter((partition) => partOfShard(8, 12, mode).mayBeIn(partition, 6));
  expect(read('failover')).toEqual([2]);
  expect(read('all')).toEqual([0, 1, 2, 3, 4, 5]);
});
