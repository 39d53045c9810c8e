import { expect, it } from 'vitest';
import { nameOfShard } from '../../../src/cluster/config-of-shard.ts';
import { OwnerHeartbeats } from '../../../src/cluster/takeover/owner-heartbeats.ts';
import { VirtualClock } from '../../sinks/virtual-clock.ts';

it('an owner is silent 1.5 s after its last heartbeat, and 1.5 s after the start if none came', async () => {
  const clock = new VirtualClock();
  await clock.advance(10_000);
  const heartbeats = new OwnerHeartbeats(clock);
  const areSilent = () => [heartbeats.isSilent(1), heartbeats.isSilent(2)];
  expect(areSilent()).toEqual([false, false]);
  await clock.advance(1000);
  heartbeats.add({ state: 'heartbeat', instance: `${nameOfShard(1)}.a` });
  heartbeats.add({ state: 'connected', instance: `${nameOfShard(2)}.a` });
  await clock.advance(500);
  expect(areSilent()).toEqual([false, true]);
  await clock.advance(1000);
  expect(areSilent()).toEqual([true, true]);
});
