import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { oncePerTask } from '../../src/net/once-per-task.ts';

it('oncePerTask() reads the clock once per synchronous run and again in the next run', async () => {
  let time = 0;
  const clock = oncePerTask(() => ++time);
  expect([clock(), clock()]).toEqual([1, 1]);
  await Promise.resolve();
  expect([clock(), clock()]).toEqual([2, 2]);
  await turn();
  expect(clock()).toBe(3);
});

it('oncePerTask() reads the clock again for each timer that is due at the same time', async () => {
  let time = 0;
  const clock = oncePerTask(() => ++time);
  const read: number[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => read.push(clock(), clock()), 1);
    setTimeout(() => {
      read.push(clock());
      resolve();
    }, 1);
  });
  expect(read).toEqual([1, 1, 2]);
});
