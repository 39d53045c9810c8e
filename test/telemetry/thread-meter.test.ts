import { expect, it, onTestFinished } from 'vitest';
import { createProcessMeter } from '../../src/telemetry/process-meter.ts';
import { ThreadMeter } from '../../src/telemetry/thread-meter.ts';
import { until } from '../../testing/tools/until.ts';

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('ThreadMeter returns the longest delay since the last call', async () => {
  const meter = new ThreadMeter();
  onTestFinished(() => meter.close());
  let total = 0;
  const longest = (): number => {
    const { sumMs } = meter.sample().eventLoopDelay;
    const added = sumMs - total;
    total = sumMs;
    return added;
  };
  // The meter measures between two of its own timers. A call of `sample` in between discards the current measurement.
  await until(() => longest() > 0, { everyMs: 100 });
  await until(
    () => {
      const total = longest();
      if (total < 250) setTimeout(block, 30, 300);
      return total >= 250;
    },
    { everyMs: 100 },
  );
  await until(() => longest() < 250, { everyMs: 100, message: 'the long delay is forgotten' });
});

it('ThreadMeter reports the busy time, garbage collections and heap size of the thread', async () => {
  const meter = new ThreadMeter();
  onTestFinished(() => meter.close());
  const { busyMs, heapUsedBytes, heapLimitBytes, gcRuns } = meter.sample();
  expect(heapUsedBytes).toBeGreaterThan(1e6);
  expect(heapLimitBytes).toBeGreaterThan(heapUsedBytes);
  expect(gcRuns).toEqual({ minor: 0, major: 0, incremental: 0, weak_callbacks: 0 });
  let kept: object[] = [];
  await until(() => {
    kept = Array.from({ length: 200_000 }, (_, id) => ({ id }));
    const { gcRuns: runs, gcMs } = meter.sample();
    return (runs.minor ?? 0) > 0 && (gcMs.minor ?? 0) > 0;
  });
  expect(kept).toHaveLength(200_000);
  expect(meter.sample().busyMs).toBeGreaterThan(busyMs);
});

it('ThreadMeter and the process meter still measure the rest if no file can be opened', () => {
  const noFile = (): never => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  };
  const { memoryUsage } = process;
  onTestFinished(() => void Object.assign(process, { memoryUsage }));
  Object.assign(process, { memoryUsage: Object.assign(noFile, { rss: noFile }) });
  const meter = new ThreadMeter();
  onTestFinished(() => meter.close());
  expect(meter.sample().heapUsedBytes).toBeGreaterThan(1e6);
  expect(createProcessMeter(Date.now)()).toMatchObject({ residentBytes: null, cpuMs: expect.any(Number) });
});
