import { partitionOf } from '../kafka/topic-layout.ts';
import type { OwnPart } from '../sinks/contract.ts';

/** The shard of a symbol, whatever other symbols an instance follows: its partition in a topic of so many. */
export function shardOf(symbol: string, shards: number): number {
  return partitionOf(symbol, shards);
}

/** What of the topics is a shard's. */
export function partOfShard(shard: number, shards: number, mode: 'failover' | 'all'): OwnPart {
  const known = new Map<string, boolean>();
  return {
    has(symbol) {
      const own = known.get(symbol) ?? shardOf(symbol, shards) === shard;
      known.set(symbol, own);
      return own;
    },
    // Both are the symbol's hash modulo a number: they agree modulo what divides both. In mode all the key is another.
    mayBeIn: (partition, of) => mode === 'all' || (partition - shard) % greatestCommonDivisor(shards, of) === 0,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
