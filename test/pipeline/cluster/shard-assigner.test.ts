import { expect, it } from 'vitest';
import { shardAssigner } from '../../../src/pipeline/cluster/shard-assigner.ts';

const SHARDS = [0, 1, 2, 3];
const assigner = (held: Record<number, number>) =>
  shardAssigner(
    () => new Map(Object.entries(held).map(([shard, rate]) => [Number(shard), rate])),
    () => 5,
  );

it('lets who shares out know what each member holds', () => {
  const members = [
    { id: 'a', about: assigner({ 2: 10, 3: 10 }).about(false) },
    { id: 'b', about: assigner({ 0: 10, 1: 10 }).about(false) },
  ];
  expect([...assigner({}).share(members, SHARDS)]).toEqual([
    ['a', [2, 3]],
    ['b', [0, 1]],
  ]);
});

it('a member that the group went on without holds nothing any more', () => {
  const members = [
    { id: 'a', about: assigner({ 0: 10, 1: 10 }).about(true) },
    { id: 'b', about: assigner({ 0: 10, 1: 10 }).about(false) },
  ];
  expect(assigner({}).share(members, SHARDS).get('b')).toEqual([0, 1]);
});

it('every member knows what a shard brought whose holder has gone', () => {
  const members = [
    { id: 'a', about: assigner({ 0: 300, 1: 0 }).about(false) },
    { id: 'b', about: assigner({ 2: 100, 3: 100 }).about(false) },
  ];
  const told = assigner({}).tell?.(members) ?? Buffer.alloc(0);
  const leader = assigner({});
  leader.hear?.(told);
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
  // and goes on knowing it
  expect(JSON.parse(String(leader.tell?.(left)))).toEqual({ known: { 0: 300, 2: 100, 3: 100 } });
});

it.each(['', 'no JSON', '[1]', 'null', '7', '{"shards":{"x":1,"1.5":2,"2":-1,"3":"many"}}', '{"shards":null}'])(
  'a member that says %s holds nothing',
  (said) => {
    const members = [{ id: 'a', about: Buffer.from(said) }];
    const heard = assigner({});
    heard.hear?.(Buffer.from(said.replace('shards', 'known')));
    for (const one of [assigner({}), heard]) expect([...one.share(members, SHARDS)]).toEqual([['a', SHARDS]]);
  },
);
