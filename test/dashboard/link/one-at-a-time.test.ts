import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { oneAtATime } from '../../../dashboard/link/one-at-a-time.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('runs the work alone, and once more for all calls while it was busy', async () => {
  const starts: number[] = [];
  const began = Date.now();
  const load = oneAtATime(async () => {
    starts.push(Date.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }, 1000);
  for (let calls = 0; calls < 10; calls++) {
    load();
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(5000);
  expect(starts).toEqual([0, 1300]);
  load();
  expect(starts).toHaveLength(3);
});
