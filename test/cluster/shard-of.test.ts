import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shardFilter, shardOf } from '../../src/cluster/shard-of.ts';
import { partitionOf } from '../../src/kafka/topic-layout.ts';

const symbols = fc.string({ minLength: 1, maxLength: 12 });

it('shardOf equals the partition that Kafka chooses for the symbol', () => {
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

it('shardFilter assigns each symbol to exactly one shard', () => {
  fc.assert(
    fc.property(symbols, fc.integer({ min: 1, max: 40 }), (symbol, shards) => {
      const parts = Array.from({ length: shards }, (_, shard) => shardFilter(shard, shards));
      expect(parts.filter((isOwn) => isOwn(symbol))).toHaveLength(1);
    }),
  );
});
