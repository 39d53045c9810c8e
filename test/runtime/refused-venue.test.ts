import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

/** Seconds at which a pipeline of one venue sent a handshake or a request while the venue refused it. */
async function attemptsWhile(request: FaultRequest & { venue: 'bybit' | 'binance' }, minutes: number) {
  const { venue } = request;
  const world = new VirtualWorld({ seed: 5, venues: [venue], symbols: 1, rate: 1 });
  const process = new VirtualProcess(world);
  const sink = (name: 'kafka' | 'file') => async () => new VirtualSink(name, world, process, new VirtualStore());
  const times = new Set<number>();
  const attempted = () => times.add(Math.floor(world.scheduler.now() / 1000));
  world.fault(request);
  const pipeline = await world.until(
    startPipeline(
      loadConfig({
        values: {
          coins: ['BTC'],
          environment: 'simulated',
          feed: { venues: [venue], channels: ['trade'], allow_test_data: true },
          sinks: ['kafka'],
          kafka: { brokers: ['virtual:9092'] },
        },
      }),
      {
        log: createLog({ level: 'silent' }),
        ...process.dependencies,
        networks: (id) => {
          const { open, get } = process.networks(id);
          return {
            open: (...args) => {
              attempted();
              return open(...args);
            },
            get: (...args) => {
              attempted();
              return get(...args);
            },
          };
        },
        sinks: { kafka: sink('kafka'), file: sink('file') },
        spillDisk: () => new MemoryDisk(),
      },
    ),
  );
  await world.pass(minutes * 60_000);
  await world.until(pipeline.stop('the test is over'));
  return [...times].sort((a, b) => a - b);
}

it.each([
  ['a blocked country', {}],
  ['too frequent access', { status: 403 }],
])('a pipeline sends Bybit nothing for ten minutes after a 403 for %s', async (_cause, status) => {
  const attempts = await attemptsWhile({ venue: 'bybit', fault: 'refuse', ...status }, 21);
  expect(attempts.filter((second) => second > 2 && second < 600)).toEqual([]);
  expect(attempts.filter((second) => second > 603 && second < 1200)).toEqual([]);
  expect(attempts.length).toBeGreaterThan(2);
});
