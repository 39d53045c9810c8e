import { z } from 'zod';
import type { AboutMember, Assigner } from '../../kafka/groups/group-member.ts';
import { placeStandbys, type ShardsByMember } from './place-standbys.ts';
import { type ShardHolder, shareShards } from './share-shards.ts';

/** A shard's mean trades a second, and the number of seconds of this mean; 0 seconds: not known. */
export interface ShardRate {
  readonly rate: number;
  readonly seconds: number;
}

/** A shard that a member serves. */
export interface ServedShard extends ShardRate {
  /** For how long it has served the shard, milliseconds. */
  readonly ageMs: number;
}

/** What all members know of takeovers, milliseconds by shard. */
interface Known {
  /** The raised takeover limits. */
  readonly limits: ReadonlyMap<number, number>;
  /** How long ago a living owner was shut out. */
  readonly lostMsAgo: ReadonlyMap<number, number>;
}

/** What a member reports to the leader. */
export interface MemberReport extends Known {
  readonly serves: ReadonlyMap<number, ServedShard>;
  /** The shards whose data it has, so that it can serve them at once. */
  readonly standsBy: readonly number[];
}

/** What the leader reports to all members. */
export interface Plan extends Known {
  /** The shards of each member, by member id. */
  readonly owned: ShardsByMember;
  /** The shards for which each member is the standby, by member id. */
  readonly standbys: ShardsByMember;
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
type Message = MemberReport & Plan;

const shardNumber = z.number().int().min(0);
const shardName = z.string().regex(/^\d+$/);
const amount = z.number().min(0);
/** Messages as JSON. A field that cannot be read counts as missing. */
const FIELDS = z.object({
  shards: z.record(shardName, z.tuple([amount, amount, amount])).catch({}),
  stands_by: z.array(shardNumber).catch([]),
  owned: z.record(z.string(), z.array(shardNumber)).catch({}),
  standbys: z.record(z.string(), z.array(shardNumber)).catch({}),
  limits: z.record(shardName, amount).catch({}),
  lost_ms_ago: z.record(shardName, amount).catch({}),
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
  const learnt = (messages: readonly Message[]): ReadonlyMap<number, ShardRate> =>
    new Map([...known, ...messages.flatMap(({ serves }) => [...serves].filter(([, { seconds }]) => seconds > 0))]);
  const messagesOf = (members: readonly AboutMember[]) => members.map(({ id, about }) => ({ id, ...parsed(about) }));
  return {
    name: 'market-feed-shards',
    about(isNew) {
      const { serves, standsBy, ...own } = report();
      // A returning member has no shards: the group gave them to others.
      if (isNew) return asJson(own);
      const means = new Map(
        [...serves].map(([shard, of]) => [shard, { ...mean(known.get(shard), of), ageMs: Math.round(of.ageMs) }]),
      );
      return asJson({ serves: means, standsBy, ...own });
    },
    share(members, shards) {
      const messages = messagesOf(members);
      const holders = messages.map(({ id, serves, standsBy }): ShardHolder => {
        // Of two members that serve a shard, the one that began last has shut the other one out.
        const isLatest = (shard: number, ageMs: number) =>
          messages.every((other) => other.id === id || (other.serves.get(shard)?.ageMs ?? ageMs) >= ageMs);
        const holds = [...serves].filter(([shard, { ageMs }]) => isLatest(shard, ageMs)).map(([shard]) => shard);
        return { id, holds: new Set(holds), standsBy: new Set(standsBy) };
      });
      const rates = new Map([...learnt(messages)].map(([shard, { rate }]) => [shard, rate]));
      return shareShards(holders, shards, { sizeOf, rates });
    },
    userData(members, shares) {
      const messages = messagesOf(members);
      const current = new Map(messages.map(({ id, standsBy }) => [id, standsBy]));
      const standbys: ShardsByMember = hasStandbys ? placeStandbys(shares, current) : new Map();
      const serves = new Map([...learnt(messages)].map(([shard, rate]) => [shard, { ...rate, ageMs: 0 }]));
      const limits = merged(
        messages.map((message) => message.limits),
        Math.max,
      );
      const lostMsAgo = merged(
        messages.map((message) => message.lostMsAgo),
        Math.min,
      );
      return asJson({ serves, owned: shares, standbys, limits, lostMsAgo });
    },
    onUserData(text) {
      const { serves, owned, standbys, limits, lostMsAgo } = parsed(text);
      // For its own shards, this member keeps the earlier rate and measures the current one.
      const own = report().serves;
      known = new Map([
        ...[...serves].filter(([shard]) => !own.has(shard)),
        ...[...known].filter(([shard]) => own.has(shard)),
      ]);
      onPlan({ owned, standbys, limits, lostMsAgo });
    },
  };
}

/** Returns the plan in the data that a leader sent. */
export const planIn = (data: Buffer): Plan => parsed(data);

/** Merges values by shard. `choose` is called for a shard with several. */
export function merged(
  all: readonly ReadonlyMap<number, number>[],
  choose: (a: number, b: number) => number,
): ReadonlyMap<number, number> {
  const values = new Map<number, number>();
  for (const one of all)
    for (const [shard, value] of one) {
      const before = values.get(shard);
      values.set(shard, before === undefined ? value : choose(before, value));
    }
  return values;
}

function mean(before: ShardRate | undefined, { rate, seconds }: ShardRate): ShardRate {
  const kept = Math.min(before?.seconds ?? 0, REMEMBERED_S);
  const all = kept + seconds;
  return { rate: all === 0 ? 0 : ((before?.rate ?? 0) * kept + rate * seconds) / all, seconds: all };
}

function asJson({
  serves = new Map(),
  standsBy = [],
  owned = new Map(),
  standbys = new Map(),
  limits = new Map(),
  lostMsAgo = new Map(),
}: Partial<Message>): Buffer {
  const shards = [...serves].map(([shard, { rate, seconds, ageMs }]) => [shard, [rate, seconds, ageMs]] as const);
  return Buffer.from(
    JSON.stringify({
      shards: Object.fromEntries(shards),
      stands_by: standsBy,
      owned: Object.fromEntries(owned),
      standbys: Object.fromEntries(standbys),
      limits: Object.fromEntries(limits),
      lost_ms_ago: Object.fromEntries(lostMsAgo),
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
  const { shards, stands_by, owned, standbys, limits, lost_ms_ago } = MESSAGE.parse(json);
  const byShard = <T>(of: Readonly<Record<string, T>>): [number, T][] =>
    Object.entries(of).map(([shard, value]) => [Number(shard), value]);
  return {
    serves: new Map(byShard(shards).map(([shard, [rate, seconds, ageMs]]) => [shard, { rate, seconds, ageMs }])),
    standsBy: stands_by,
    owned: new Map(Object.entries(owned)),
    standbys: new Map(Object.entries(standbys)),
    limits: new Map(byShard(limits)),
    lostMsAgo: new Map(byShard(lost_ms_ago)),
  };
}
