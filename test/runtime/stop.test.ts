import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

it('stop rejects if a sink cannot be closed, and still delivers to the other sink', async () => {
  const world = new VirtualWorld({ seed: 5, venues: ['binance'], symbols: 1, rate: 60 });
  const process = new VirtualProcess(world);
  const stores = { kafka: new VirtualStore(), file: new VirtualStore() };
  const newSink = (name: 'kafka' | 'file') => async () => new VirtualSink(name, world, process, stores[name]);
  const pipeline = await world.until(
    startPipeline(
      loadConfig({
        values: {
          coins: ['BTC'],
          environment: 'simulated',
          feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
          sinks: ['kafka', 'file'],
          kafka: { brokers: ['virtual:9092'] },
        },
      }),
      {
        log: createLog({ level: 'silent' }),
        scheduler: process.scheduler,
        wallClockMs: world.wallClockMs,
        clock: () => 1000 * world.wallClockMs(),
        networks: process.networks,
        random: () => world.random.fraction(),
        sinks: {
          kafka: newSink('kafka'),
          file: async () => Object.assign(await newSink('file')(), { close: () => Promise.reject(new Error('EIO')) }),
        },
        spillDisk: () => new MemoryDisk(),
      },
    ),
  );
  await world.pass(5000);
  stores.kafka.awayUntil = world.scheduler.now() + 600;
  await world.pass(500);
  const tradesOf = ({ records }: VirtualStore) => records.filter(({ kind }) => kind === 'trade').length;
  const missing = tradesOf(stores.file) - tradesOf(stores.kafka);
  await expect(world.until(pipeline.stop('the test is over'))).rejects.toThrow('EIO');
  expect([missing > 0, tradesOf(stores.kafka)]).toEqual([true, tradesOf(stores.file)]);
});
