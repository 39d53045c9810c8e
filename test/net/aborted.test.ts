import { expect, it } from 'vitest';
import { pauseFor } from '../../src/net/aborted.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';

it('pauseFor() ends when its time is over or its signal aborts', async () => {
  const scheduler = new SteppedScheduler();
  const abort = new AbortController();
  const done: string[] = [];
  const first = pauseFor(1000, scheduler, abort.signal).then(() => done.push('time'));
  scheduler.advance(1000);
  await first;
  const second = pauseFor(1000, scheduler, abort.signal).then(() => done.push('signal'));
  abort.abort();
  await second;
  await pauseFor(1000, scheduler, abort.signal);
  expect(done).toEqual(['time', 'signal']);
});
