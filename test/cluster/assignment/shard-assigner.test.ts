import { expect, it } from 'vitest';
import {
  type AssignerOptions,
  type Plan,
  type ServedShard,
  shardAssigner,
} from '../../../src/cluster/assignment/shard-assigner.ts';

const SHARDS = [0, 1, 2, 3];
interface Reported extends Partial<AssignerOptions> {
  readonly standsBy?: readonly number[];
  readonly limits?: Record<number, number>;
  readonly lostMsAgo?: Record<number, number>;
  /** For how long the member has served its shards, milliseconds. */
  readonly ageMs?: number;
}

/** The assigner of a member. `held`: trades a second of each shard that it serves, measured for ten seconds. */
function assigner(held: Record<number, number>, { standsBy = [], ageMs = 10_000, ...of }: Reported = {}) {
  const { limits = {}, lostMsAgo = {}, ...options } = of;
  const byShard = <T>(values: Record<number, T>) =>
    Object.entries(values).map(([shard, value]) => [Number(shard), value] as const);
  const serves = new Map(byShard(held).map(([shard, rate]) => [shard, { rate, seconds: 10, ageMs }]));
  const known = { limits: new Map(byShard(limits)), lostMsAgo: new Map(byShard(lostMsAgo)) };
  return shardAssigner({
    ...{ report: () => ({ serves, standsBy, ...known }), sizeOf: () => 5, hasStandbys: true, onPlan: () => {} },
    ...options,
  });
}
const read = (sent: Buffer | undefined) =>
  Object.fromEntries(
    Object.entries<number[]>(JSON.parse(String(sent)).shards).map(([shard, of]) => [shard, of.slice(0, 2)]),
  );

it('the assigner leaves the shards with the members that hold them', () => {
  const members = [
    { id: 'a', about: assigner({ 2: 10, 3: 10 }).about(false) },
    { id: 'b', about: assigner({ 0: 10, 1: 10 }).about(false) },
  ];
  expect([...assigner({}).share(members, SHARDS)]).toEqual([
    ['a', [2, 3]],
    ['b', [0, 1]],
  ]);
});

it('a member that rejoins the group as a new one reports no shards, so others keep them', () => {
  const members = [
    { id: 'a', about: assigner({ 0: 10, 1: 10 }).about(true) },
    { id: 'b', about: assigner({ 0: 10, 1: 10 }).about(false) },
  ];
  expect(assigner({}).share(members, SHARDS).get('b')).toEqual([0, 1]);
});

it('every member knows the trade rate of a shard whose holder has left', () => {
  const members = [
    { id: 'a', about: assigner({ 0: 300, 1: 0 }).about(false) },
    { id: 'b', about: assigner({ 2: 100, 3: 100 }).about(false) },
  ];
  const sent = assigner({}).userData?.(members, new Map()) ?? Buffer.alloc(0);
  const leader = assigner({});
  leader.onUserData?.(sent);
  const left = [
    { id: 'b', about: assigner({ 2: 100, 3: 100 }).about(false) },
    { id: 'c', about: assigner({}).about(true) },
  ];
  expect(leader.share(left, SHARDS)).toEqual(
    new Map([
      ['b', [1, 2, 3]],
      ['c', [0]],
    ]),
  );
  // The leader also knows the rates at the next assignment.
  expect(read(leader.userData?.(left, new Map()))).toEqual({ 0: [300, 10], 1: [0, 10], 2: [100, 10], 3: [100, 10] });
});

it("the assigner combines a member's own measurements with at most ten minutes of earlier ones", () => {
  const held = new Map<number, ServedShard>();
  const member = assigner(
    {},
    {
      report: () => ({ serves: held, standsBy: [], limits: new Map(), lostMsAgo: new Map() }),
    },
  );
  const receive = (rate: number, seconds: number) =>
    member.onUserData?.(Buffer.from(JSON.stringify({ shards: { 0: [rate, seconds, 0] } })));
  receive(100, 30);
  held.set(0, { rate: 0, seconds: 0, ageMs: 0 });
  expect(read(member.about(false))).toEqual({ 0: [100, 30] });
  held.set(0, { rate: 200, seconds: 10, ageMs: 0 });
  expect(read(member.about(false))).toEqual({ 0: [125, 40] });
  // The received rate already includes the member's own ten seconds, which are not added again.
  receive(125, 40);
  expect(read(member.about(false))).toEqual({ 0: [125, 40] });
  held.clear();
  receive(100, 100_000);
  held.set(0, { rate: 200, seconds: 600, ageMs: 0 });
  expect(read(member.about(false))).toEqual({ 0: [150, 1200] });
});

it('a shard that two members claim stays with the one that began to serve it last', () => {
  const members = [
    { id: 'a', about: assigner({ 0: 10, 1: 10 }, { ageMs: 60_000 }).about(false) },
    { id: 'b', about: assigner({ 1: 10, 2: 10 }, { ageMs: 500 }).about(false) },
  ];
  expect([...assigner({}).share(members, [0, 1, 2])]).toEqual([
    ['a', [0]],
    ['b', [1, 2]],
  ]);
});

it('a shard without an owner goes to its standby, and gets another standby', () => {
  const members = [
    {
      id: 'b',
      about: assigner({ 2: 10, 3: 10 }, { standsBy: [0], limits: { 3: 4000 }, lostMsAgo: { 3: 70 } }).about(false),
    },
    {
      id: 'c',
      about: assigner({ 4: 10 }, { standsBy: [1, 2], limits: { 3: 2500, 1: 3000 }, lostMsAgo: { 3: 50 } }).about(false),
    },
  ];
  const leader = assigner({});
  const shares = leader.share(members, [0, 1, 2, 3, 4]);
  expect([...shares]).toEqual([
    ['b', [0, 2, 3]],
    ['c', [1, 4]],
  ]);
  const plans: Plan[] = [];
  const planned = (hasStandbys: boolean) =>
    assigner({}, { onPlan: (plan) => plans.push(plan) }).onUserData?.(
      assigner({}, { hasStandbys }).userData?.(members, shares) ?? Buffer.alloc(0),
    );
  planned(true);
  planned(false);
  const limits = new Map([
    [3, 4000],
    [1, 3000],
  ]);
  const lostMsAgo = new Map([[3, 50]]);
  const standbys = new Map([
    ['b', [1, 4]],
    ['c', [2, 0, 3]],
  ]);
  expect(plans).toEqual([
    { owned: shares, standbys, limits, lostMsAgo },
    { owned: shares, standbys: new Map(), limits, lostMsAgo },
  ]);
});

it.each([
  '',
  'no JSON',
  '[1]',
  'null',
  '7',
  '{"shards":{"x":[1,1],"1.5":[2,1],"2":[-1,1],"3":"many","0":[1]}}',
  '{"shards":null}',
])('the assigner assigns all shards despite malformed user data: %s', (said) => {
  const members = [{ id: 'a', about: Buffer.from(said) }];
  const informed = assigner({});
  informed.onUserData?.(Buffer.from(said));
  for (const one of [assigner({}), informed]) expect([...one.share(members, SHARDS)]).toEqual([['a', SHARDS]]);
});
