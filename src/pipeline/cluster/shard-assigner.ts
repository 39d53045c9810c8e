import type { AboutMember, Assigner } from '../../kafka/group-member.ts';
import { type ShardHolder, shareShards } from './share-shards.ts';

/** By shard how much it brings, trades a second. */
type Rates = Readonly<Record<string, number>>;

/** What a member tells: what it ingests now. */
interface About {
  readonly shards: Rates;
}

/** What all members hear with their shares: what is known of each shard, for the time when nobody ingests it. */
interface Told {
  readonly known: Rates;
}

/**
 * Shares the shards out by what each brings. `held` tells what this member ingests now, 0 where that is not known yet;
 * `sizeOf` how many coins a shard has, by this member's configuration. One for each member: it remembers what it hears.
 */
export function shardAssigner(held: () => ReadonlyMap<number, number>, sizeOf: (shard: number) => number): Assigner {
  let known: ReadonlyMap<number, number> = new Map();
  const holders = (members: readonly AboutMember[]): readonly ShardHolder[] =>
    members.map(({ id, about }) => ({ id, holds: ratesOf(about, 'shards') }));
  const learnt = (members: readonly ShardHolder[]): ReadonlyMap<number, number> =>
    new Map([...known, ...members.flatMap(({ holds }) => [...holds].filter(([, rate]) => rate > 0))]);
  return {
    name: 'market-feed-shards',
    // A group that went on without this member gave its shards to others.
    about: (isNew) => asJson({ shards: isNew ? {} : Object.fromEntries(held()) } satisfies About),
    share(members, shards) {
      const told = holders(members);
      return shareShards(told, shards, { sizeOf, known: learnt(told) });
    },
    tell: (members) => asJson({ known: Object.fromEntries(learnt(holders(members))) } satisfies Told),
    hear(told) {
      known = ratesOf(told, 'known');
    },
  };
}

const asJson = (told: About | Told): Buffer => Buffer.from(JSON.stringify(told));

/** What cannot be read says nothing. */
function ratesOf(told: Buffer, of: string): ReadonlyMap<number, number> {
  let read: Partial<Record<string, Rates>>;
  try {
    read = JSON.parse(told.toString('utf8'));
  } catch {
    return new Map();
  }
  const rates = Object.entries(read?.[of] ?? {}).map(([shard, rate]) => [Number(shard), rate] as const);
  return new Map(rates.filter(([shard, rate]) => Number.isInteger(shard) && Number.isFinite(rate) && rate >= 0));
}
