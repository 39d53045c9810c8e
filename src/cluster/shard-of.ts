import { getOrCreate } from '../domain/get-or-create.ts';
import { partitionOf } from '../kafka/topic-layout.ts';

/** The shard of a symbol: Kafka's partition for the key, with `shardCount` partitions. */
export function shardOf(symbol: string, shardCount: number): number {
  return partitionOf(symbol, shardCount);
}

/** Returns a cached test of whether a symbol belongs to the shard. */
export function shardFilter(shard: number, shardCount: number): (symbol: string) => boolean {
  const known = new Map<string, boolean>();
  return (symbol) => getOrCreate(known, symbol, () => shardOf(symbol, shardCount) === shard);
}
