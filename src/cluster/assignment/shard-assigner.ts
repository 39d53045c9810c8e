import { z } from 'zod';
import type { AboutMember, Assigner } from '../../kafka/groups/group-member.ts';
import { placeStandbys, type ShardsByMember } from './place-standbys.ts';
import { type ShardHolder, shareShards } from './share-shards.ts';

/** A shard's mean trades a second, and the number of seconds of this mean; 0 seconds: not known. */
export interface ShardRate {
  readonly rate: number;
  readonly seconds: number;
}

/** What a member reports to the leader. */
export interface MemberReport {
  /** The shards that it serves, with their trades a second. */
  readonly rates: ReadonlyMap<number, ShardRate>;
  /** The shards for which it is the standby. */
  readonly standsBy: readonly number[];
  /** The raised takeover limits that it knows, milliseconds, by shard. */
  readonly limits: ReadonlyMap<number, number>;
}

/** What the leader reports to all members. */
export interface Plan {
  /** The shards of each member, by member id. */
  readonly owned: ShardsByMember;
  /** The shards for which each member is the standby, by member id. */
  readonly standbys: ShardsByMember;
  readonly limits: ReadonlyMap<number, number>;
}

export interface AssignerOptions {
  readonly report: () => MemberReport;
  /** Number of coins of a shard. */
  readonly sizeOf: (shard: number) => number;
  /** True: each shard gets a standby. */
  readonly hasStandbys: boolean;
  readonly onPlan: (plan: Plan) => void;
}

type Rates = ReadonlyMap<number, ShardRate>;

/** A message of a member or of the leader. */
interface Message {
  readonly owned: ShardsByMember;
  readonly rates: Rates;
  readonly standsBy: readonly number[];
  readonly standbys: ShardsByMember;
  readonly limits: ReadonlyMap<number, number>;
}

const shardNumber = z.number().int().min(0);
const shardName = z.string().regex(/^\d+$/);
const amount = z.number().min(0);
/** Messages as JSON. A field that cannot be read counts as missing. */
const FIELDS = z.object({
  shards: z.record(shardName, z.tuple([amount, amount])).catch({}),
  stands_by: z.array(shardNumber).catch([]),
  owned: z.record(z.string(), z.array(shardNumber)).catch({}),
  standbys: z.record(z.string(), z.array(shardNumber)).catch({}),
  limits: z.record(shardName, amount).catch({}),
});
const MESSAGE = FIELDS.catch(() => FIELDS.parse({}));

/** A mean counts as at most this many seconds of measurement. So bursts even out, and a change still shows. */
const REMEMBERED_S = 600;

/**
 * Assigns shards by trades a second, and chooses their standbys. Each assignment has all rates, so that a shard's next
 * owner knows its rate.
 */
export function shardAssigner({ report, sizeOf, hasStandbys, onPlan }: AssignerOptions): Assigner {
  let known: Rates = new Map();
  const learnt = (messages: readonly Message[]): Rates =>
    new Map([...known, ...messages.flatMap(({ rates }) => [...rates].filter(([, { seconds }]) => seconds > 0))]);
  const messagesOf = (members: readonly AboutMember[]) => members.map(({ id, about }) => ({ id, ...parsed(about) }));
  return {
    name: 'market-feed-shards',
    about(isNew) {
      // A returning member has no shards: the group gave them to others.
      if (isNew) return asJson({});
      const { rates, standsBy, limits } = report();
      const means = new Map([...rates].map(([shard, own]) => [shard, mean(known.get(shard), own)]));
      return asJson({ rates: means, standsBy, limits });
    },
    share(members, shards) {
      const messages = messagesOf(members);
      const holders = messages.map(
        ({ id, rates, standsBy }): ShardHolder => ({ id, holds: new Set(rates.keys()), standsBy: new Set(standsBy) }),
      );
      const rates = new Map([...learnt(messages)].map(([shard, { rate }]) => [shard, rate]));
      return shareShards(holders, shards, { sizeOf, rates });
    },
    userData(members, shares) {
      const messages = messagesOf(members);
      const current = new Map(messages.map(({ id, standsBy }) => [id, standsBy]));
      const standbys: ShardsByMember = hasStandbys ? placeStandbys(shares, current) : new Map();
      const limits = highest(messages.map((message) => message.limits));
      return asJson({ rates: learnt(messages), owned: shares, standbys, limits });
    },
    onUserData(text) {
      const { rates, owned, standbys, limits } = parsed(text);
      // For its own shards, this member keeps the earlier rate and measures the current one.
      const own = report().rates;
      known = new Map([
        ...[...rates].filter(([shard]) => !own.has(shard)),
        ...[...known].filter(([shard]) => own.has(shard)),
      ]);
      onPlan({ owned, standbys, limits });
    },
  };
}

/** Returns the plan in the data that a leader sent. */
export const planIn = (data: Buffer): Plan => parsed(data);

/** Merges limits: the highest one of each shard. */
export function highest(all: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const merged = new Map<number, number>();
  for (const limits of all)
    for (const [shard, limit] of limits) merged.set(shard, Math.max(limit, merged.get(shard) ?? 0));
  return merged;
}

function mean(before: ShardRate | undefined, { rate, seconds }: ShardRate): ShardRate {
  const kept = Math.min(before?.seconds ?? 0, REMEMBERED_S);
  const all = kept + seconds;
  return { rate: all === 0 ? 0 : ((before?.rate ?? 0) * kept + rate * seconds) / all, seconds: all };
}

function asJson({
  rates = new Map(),
  standsBy = [],
  owned = new Map(),
  standbys = new Map(),
  limits = new Map(),
}: Partial<Message>): Buffer {
  const shards = Object.fromEntries([...rates].map(([shard, { rate, seconds }]) => [shard, [rate, seconds]]));
  return Buffer.from(
    JSON.stringify({
      shards,
      stands_by: standsBy,
      owned: Object.fromEntries(owned),
      standbys: Object.fromEntries(standbys),
      limits: Object.fromEntries(limits),
    }),
  );
}

function parsed(text: Buffer): Message {
  let json: unknown;
  try {
    json = JSON.parse(text.toString('utf8'));
  } catch {
    json = {};
  }
  const { shards, stands_by, owned, standbys, limits } = MESSAGE.parse(json);
  const byShard = <T>(of: Readonly<Record<string, T>>): [number, T][] =>
    Object.entries(of).map(([shard, value]) => [Number(shard), value]);
  return {
    rates: new Map(byShard(shards).map(([shard, [rate, seconds]]) => [shard, { rate, seconds }])),
    standsBy: stands_by,
    owned: new Map(Object.entries(owned)),
    standbys: new Map(Object.entries(standbys)),
    limits: new Map(byShard(limits)),
  };
}
