import { shardOf } from '../../src/cluster/shard-of.ts';

interface LiveTrade {
  /** When it was stored, milliseconds since 1970. */
  readonly at: number;
  readonly symbol: string;
}

/** Where silence is looked for: in a shard of a cluster, between two times, milliseconds since 1970. */
interface Where {
  readonly shard: number;
  /** Number of shards of the cluster. */
  readonly of: number;
  readonly from: number;
  readonly to: number;
}

/** Returns the longest time between two stored trades of a shard. Both ends of the range count as trades. */
export function longestSilence(live: readonly LiveTrade[], { shard, of, from, to }: Where): number {
  let longest = 0;
  let before = from;
  for (const { at, symbol } of live) {
    if (at < from || at > to || shardOf(symbol, of) !== shard) continue;
    longest = Math.max(longest, at - before);
    before = at;
  }
  return Math.max(longest, to - before);
}
