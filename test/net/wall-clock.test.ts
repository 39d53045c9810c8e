import { describe, expect, it } from 'vitest';
import { wallClock } from '../../src/net/wall-clock.ts';

const START = 1_700_000_000_000;

function clocks() {
  const time = { wall: START, monotonic: 5000 };
  const now = wallClock(
    () => Math.floor(time.wall),
    () => time.monotonic,
  );
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
  };
  return { time, now, pass };
}

describe('wallClock', () => {
  it('returns microseconds between two milliseconds of the system clock', () => {
    const { now, pass } = clocks();
    expect(now()).toBe(START * 1000);
    pass(0.25);
    expect(now()).toBe(START * 1000 + 250);
    pass(1.5);
    expect(now()).toBe(START * 1000 + 1750);
  });

  it('returns whole microseconds as a safe integer', () => {
    const { now, pass } = clocks();
    pass(0.123456);
    expect(Number.isSafeInteger(now())).toBe(true);
  });

  it('corrects a start in mid-millisecond when the system clock reaches the next millisecond', () => {
    const time = { wall: START + 0.9, monotonic: 0 };
    const now = wallClock(
      () => Math.floor(time.wall),
      () => time.monotonic,
    );
    expect(now()).toBe(START * 1000);
    time.wall += 0.1;
    time.monotonic += 0.1;
    expect(now()).toBe((START + 1) * 1000);
    time.wall += 0.5;
    time.monotonic += 0.5;
    expect(now()).toBe((START + 1) * 1000 + 500);
  });

  it('tolerates a lead of 1.9 ms over the system clock without a correction', () => {
    const { time, now } = clocks();
    time.monotonic += 1.9;
    expect(now()).toBe(START * 1000 + 1900);
  });

  it.each([
    ['ahead by an hour', 3_600_000],
    ['back by an hour', -3_600_000],
    ['back by 3 ms', -3],
    ['ahead by 1 ms', 1],
  ])('follows a system clock that is set %s', (_what, step) => {
    const { time, now, pass } = clocks();
    pass(10);
    expect(now()).toBe((START + 10) * 1000);
    time.wall += step;
    expect(now()).toBe((START + 10 + step) * 1000);
    pass(0.5);
    expect(now()).toBe((START + 10 + step) * 1000 + 500);
  });

  it('reads the system clocks by default', () => {
    const before = Date.now() * 1000;
    const at = wallClock()();
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual((Date.now() + 3) * 1000);
  });
});
