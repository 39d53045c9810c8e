import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/domain/fault.ts';
import { type Observed, startPipeline } from '../../src/runtime/run.ts';
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
        ...process.dependencies,
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

it('a stop of a start that waits for its sink logs how many frames are discarded', async () => {
  const world = new VirtualWorld({ seed: 6, venues: ['binance'], symbols: 1, rate: 60 });
  const process = new VirtualProcess(world);
  class AwaySink extends VirtualSink {
    override async open() {
      await process.alive(world.wait(100));
      throw new Fault('sink', 'kafka: no broker answers');
    }
  }
  const entries: string[] = [];
  const stopping = new AbortController();
  let starting: Observed | undefined;
  const config = loadConfig({
    values: {
      coins: ['BTC'],
      environment: 'simulated',
      feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
      kafka: { brokers: ['virtual:9092'] },
    },
  });
  const pipeline = startPipeline(config, {
    log: createLog({ level: 'warn', destination: { write: (entry: string) => entries.push(entry) } }),
    signal: stopping.signal,
    onStarting: (observed) => {
      starting = observed;
    },
    ...process.dependencies,
    sinks: {
      kafka: async () => new AwaySink('kafka', world, process, new VirtualStore()),
      file: () => Promise.reject(),
    },
    spillDisk: () => new MemoryDisk(),
  });
  const rejected = expect(pipeline).rejects.toBe('SIGTERM');
  await world.pass(5000);
  const waiting = starting?.snapshot().counts.frames_waiting;
  expect(waiting).toBeGreaterThan(100);
  stopping.abort('SIGTERM');
  await world.until(rejected);
  expect(entries.join('')).toContain('"waits for kafka: no broker answers"');
  expect(JSON.parse(entries.at(-1) ?? '')).toMatchObject({
    level: 'warn',
    event: 'stopped',
    reason: 'SIGTERM',
    frames_discarded: waiting,
  });
});
