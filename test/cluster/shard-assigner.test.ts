import { expect, it } from 'vitest';
import { type ShardRate, shardAssigner } from '../../src/cluster/shard-assigner.ts';

const SHARDS = [0, 1, 2, 3];
/** The assigner of a member. `held`: trades a second of each shard that it holds, measured for `seconds`. */
const assigner = (held: Record<number, number>, seconds = 10) =>
  shardAssigner(
    () => new Map(Object.entries(held).map(([shard, rate]) => [Number(shard), { rate, seconds }])),
    () => 5,
  );
const read = (sent: Buffer | undefined) => JSON.parse(String(sent)).shards;

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
  const sent = assigner({}).userData?.(members) ?? Buffer.alloc(0);
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
  expect(read(leader.userData?.(left))).toEqual({ 0: [300, 10], 1: [0, 10], 2: [100, 10], 3: [100, 10] });
});

it("the assigner combines a member's own measurements with at most ten minutes of earlier ones", () => {
  const held = new Map<number, ShardRate>();
  const member = shardAssigner(
    () => held,
    () => 5,
  );
  const receive = (rate: number, seconds: number) =>
    member.onUserData?.(Buffer.from(JSON.stringify({ shards: { 0: [rate, seconds] } })));
  receive(100, 30);
  held.set(0, { rate: 0, seconds: 0 });
  expect(read(member.about(false))).toEqual({ 0: [100, 30] });
  held.set(0, { rate: 200, seconds: 10 });
  expect(read(member.about(false))).toEqual({ 0: [125, 40] });
  // The received rate already includes the member's own ten seconds, which are not added again.
  receive(125, 40);
  expect(read(member.about(false))).toEqual({ 0: [125, 40] });
  held.clear();
  receive(100, 100_000);
  held.set(0, { rate: 200, seconds: 600 });
  expect(read(member.about(false))).toEqual({ 0: [150, 1200] });
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
