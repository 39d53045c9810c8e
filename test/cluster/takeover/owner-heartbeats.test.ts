import { expect, it } from 'vitest';
import { nameOfShard } from '../../../src/cluster/config-of-shard.ts';
import { OwnerHeartbeats } from '../../../src/cluster/takeover/owner-heartbeats.ts';
import { VirtualClock } from '../../sinks/virtual-clock.ts';

/** The heartbeats of shards 1 and 2. Shard 1 has one after a second if brokers answer. */
async function silentAfter(answersMs: readonly number[], ms: number): Promise<readonly boolean[]> {
  const clock = new VirtualClock();
  await clock.advance(10_000);
  const heartbeats = new OwnerHeartbeats(clock);
  for (const at of answersMs) clock.schedule(() => heartbeats.answered(), at);
  if (answersMs.length > 0)
    clock.schedule(() => {
      heartbeats.add({ state: 'heartbeat', instance: `${nameOfShard(1)}.a` });
      heartbeats.add({ state: 'connected', instance: `${nameOfShard(2)}.a` });
    }, 1000);
  await clock.advance(ms);
  return [heartbeats.isSilent(1), heartbeats.isSilent(2)];
}
const EVERY = Array.from({ length: 100 }, (_, at) => 100 * at);

it('an owner is silent 1.5 s after its last heartbeat, or after the first answer of a broker if none came', async () => {
  expect(await silentAfter(EVERY, 1400)).toEqual([false, false]);
  expect(await silentAfter(EVERY, 1500)).toEqual([false, true]);
  expect(await silentAfter(EVERY, 2400)).toEqual([false, true]);
  expect(await silentAfter(EVERY, 2500)).toEqual([true, true]);
});

it('an owner is not silent only because this process or the brokers are', async () => {
  expect(await silentAfter([0, 1000, 1100], 9000)).toEqual([false, false]);
});

it('all owners count as silent if no broker answers for 5 s after the start', async () => {
  expect(await silentAfter([], 4900)).toEqual([false, false]);
  expect(await silentAfter([], 5000)).toEqual([true, true]);
});
