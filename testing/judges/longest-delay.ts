import { shardOf } from '../../src/cluster/shard-of.ts';
import type { StoredTrade } from './read-run.ts';

/** The trades that count: those of a shard of a cluster, made between two times, milliseconds since 1970. */
interface Which {
  readonly shard: number;
  /** Number of shards of the cluster. */
  readonly of: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the longest time from a trade at the venue to its record in the topic, milliseconds. If none was stored, it is the
 * whole time.
 */
export function longestDelay(trades: readonly StoredTrade[], { shard, of, from, to }: Which): number {
  const own = trades.filter(({ madeAt, symbol }) => madeAt >= from && madeAt < to && shardOf(symbol, of) === shard);
  return own.length === 0 ? to - from : own.reduce((longest, { at, madeAt }) => Math.max(longest, at - madeAt), 0);
}
