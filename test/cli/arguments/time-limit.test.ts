import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { timeLimit } from '../../../src/cli/arguments/time-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.each([100, 1234.5, 2.01 * 1000, 2 ** 31 - 1, 2 ** 31, 30 * 86_400_000, 31_536_000_000])(
  'timeLimit aborts after %d ms, not before',
  (ms) => {
    const signal = timeLimit(ms);
    vi.advanceTimersByTime(Math.max(0, Math.floor(ms) - 1));
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(2);
    expect(signal.aborted).toBe(true);
  },
);
