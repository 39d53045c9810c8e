import { partitionOf } from '../kafka/topic-layout.ts';
import type { OwnPart } from '../sinks/contract.ts';

/** The shard of a symbol: its partition in a topic with one partition a shard. */
export function shardOf(symbol: string, shards: number): number {
  return partitionOf(symbol, shards);
}

/** The part of the topics that belongs to a shard. */
export function partOfShard(shard: number, shards: number, mode: 'failover' | 'all'): OwnPart {
  const known = new Map<string, boolean>();
  return {
    has(symbol) {
      const own = known.get(symbol) ?? shardOf(symbol, shards) === shard;
      known.set(symbol, own);
      return own;
    },
    // Both are the symbol's hash modulo a number, so they agree modulo their common divisor. In mode all the key
    // differs.
    mayBeIn: (partition, of) => mode === 'all' || (partition - shard) % greatestCommonDivisor(shards, of) === 0,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
