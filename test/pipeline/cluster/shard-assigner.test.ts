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

it.each(['', 'no JSON', '[1]', 'null', '7', '{"shards":{"x":1,"1.5":2,"2":-1,"3":"many"}}', '{"shards":null}'])(
  'a member that says %s holds nothing',
  (said) => {
    const members = [{ id: 'a', about: Buffer.from(said) }];
    expect([...assigner({}).share(members, SHARDS)]).toEqual([['a', SHARDS]]);
  },
);
