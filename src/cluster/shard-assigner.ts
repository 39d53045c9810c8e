import type { AboutMember, Assigner } from '../kafka/groups/group-member.ts';
import { type ShardHolder, shareShards } from './share-shards.ts';

/** A shard's mean trades a second, and the number of seconds of this mean; 0 seconds: not known. */
export interface ShardRate {
  readonly rate: number;
  readonly seconds: number;
}

type RatesByShard = Readonly<Record<string, readonly [rate: number, seconds: number]>>;
type Rates = ReadonlyMap<number, ShardRate>;

/** A mean counts as at most this many seconds of measurement. So bursts even out, and a change still shows. */
const REMEMBERED_S = 600;

/** Assigns shards by trades a second. Each assignment has all rates, so that a shard's next owner knows its rate. */
export function shardAssigner(held: () => Rates, sizeOf: (shard: number) => number): Assigner {
  let known: Rates = new Map();
  const learnt = (members: readonly AboutMember[]): Rates =>
    new Map([
      ...known,
      ...members.flatMap(({ about }) => [...ratesOf(about)].filter(([, { seconds }]) => seconds > 0)),
    ]);
  return {
    name: 'market-feed-shards',
    // A returning member has no shards: the group gave them to others.
    about: (isNew) => asJson(isNew ? [] : [...held()].map(([shard, own]) => [shard, mean(known.get(shard), own)])),
    share(members, shards) {
      const holders = members.map(({ id, about }): ShardHolder => ({ id, holds: new Set(ratesOf(about).keys()) }));
      const rates = new Map([...learnt(members)].map(([shard, { rate }]) => [shard, rate]));
      return shareShards(holders, shards, { sizeOf, rates });
    },
    userData: (members) => asJson([...learnt(members)]),
    onUserData(text) {
      // For its own shards, this member keeps the earlier rate and measures the current one.
      const own = held();
      known = new Map([
        ...[...ratesOf(text)].filter(([shard]) => !own.has(shard)),
        ...[...known].filter(([shard]) => own.has(shard)),
      ]);
    },
  };
}

function mean(before: ShardRate | undefined, { rate, seconds }: ShardRate): ShardRate {
  const kept = Math.min(before?.seconds ?? 0, REMEMBERED_S);
  const all = kept + seconds;
  return { rate: all === 0 ? 0 : ((before?.rate ?? 0) * kept + rate * seconds) / all, seconds: all };
}

function asJson(rates: readonly (readonly [number, ShardRate])[]): Buffer {
  const text: RatesByShard = Object.fromEntries(rates.map(([shard, { rate, seconds }]) => [shard, [rate, seconds]]));
  return Buffer.from(JSON.stringify({ shards: text }));
}

function ratesOf(text: Buffer): Rates {
  let read: { readonly shards?: RatesByShard };
  try {
    read = JSON.parse(text.toString('utf8'));
  } catch {
    return new Map();
  }
  return new Map(
    Object.entries(read?.shards ?? {}).flatMap(([shard, of]): [number, ShardRate][] => {
      const [rate = Number.NaN, seconds = Number.NaN]: readonly number[] = Array.isArray(of) ? of : [];
      const isRate = [rate, seconds].every((value) => Number.isFinite(value) && value >= 0);
      return Number.isInteger(Number(shard)) && isRate ? [[Number(shard), { rate, seconds }]] : [];
    }),
  );
}
