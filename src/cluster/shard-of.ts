import { getOrCreate } from '../domain/get-or-create.ts';
import { partitionOf } from '../kafka/topic-layout.ts';

/** The shard of a symbol: its partition in a topic with one partition a shard. */
export function shardOf(symbol: string, shards: number): number {
  return partitionOf(symbol, shards);
}

/** Tests whether a symbol belongs to a shard. */
export function isInShard(shard: number, shards: number): (symbol: string) => boolean {
  const known = new Map<string, boolean>();
  return (symbol) => getOrCreate(known, symbol, () => shardOf(symbol, shards) === shard);
}
