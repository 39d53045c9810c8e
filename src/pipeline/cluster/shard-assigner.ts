import type { Assigner } from '../../kafka/group-member.ts';
import { shareShards } from './share-shards.ts';

/** What members tell each other: by shard how much they ingest, trades a second. */
interface About {
  readonly shards: Readonly<Record<string, number>>;
}

/**
 * Shares the shards out by what each brings. `held` tells what this member ingests now; `sizeOf` how many coins a shard
 * has, by this member's configuration.
 */
export function shardAssigner(held: () => ReadonlyMap<number, number>, sizeOf: (shard: number) => number): Assigner {
  return {
    name: 'market-feed-shards',
    // A group that went on without this member gave its shards to others.
    about: (isNew) => Buffer.from(JSON.stringify({ shards: isNew ? {} : Object.fromEntries(held()) } satisfies About)),
    share: (members, shards) =>
      shareShards(
        members.map(({ id, about }) => ({ id, holds: holdsOf(about) })),
        shards,
        sizeOf,
      ),
  };
}

/** What cannot be read holds nothing. */
function holdsOf(about: Buffer): ReadonlyMap<number, number> {
  let told: Partial<About>;
  try {
    told = JSON.parse(about.toString('utf8'));
  } catch {
    return new Map();
  }
  const rates = Object.entries(told?.shards ?? {}).map(([shard, rate]) => [Number(shard), rate] as const);
  return new Map(rates.filter(([shard, rate]) => Number.isInteger(shard) && Number.isFinite(rate) && rate >= 0));
}
