import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import type { CheckpointOptions } from '../../src/sinks/contract.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

const RATE = 60;
const READING_MS = 20_000;
const CONNECTED_WITHIN_S = 1;

/**
 * Bybit's REST API returns the last 60 trades, one second of this market, so trades that no connection delivered stay
 * missing.
 */
it('a start keeps the trades that arrive while it reads its checkpoints for 20 s', async () => {
  const world = new VirtualWorld({ seed: 7, venues: ['bybit'], symbols: 1, rate: RATE });
  const store = new VirtualStore();
  const config = loadConfig({
    values: {
      coins: ['BTC'],
      environment: 'simulated',
      feed: { venues: ['bybit'], channels: ['trade'], allow_test_data: true },
      kafka: { brokers: ['virtual:9092'] },
    },
  });
  const start = (readingMs: number): { readonly process: VirtualProcess; readonly pipeline: Promise<Pipeline> } => {
    const process = new VirtualProcess(world);
    class SlowSink extends VirtualSink {
      override async checkpoints(options: CheckpointOptions) {
        await process.alive(world.wait(readingMs));
        return super.checkpoints(options);
      }
    }
    const pipeline = startPipeline(config, {
      log: createLog({ level: 'silent' }),
      scheduler: process.scheduler,
      wallClockMs: world.wallClockMs,
      clock: () => 1000 * world.wallClockMs(),
      networks: process.networks,
      random: () => world.random.fraction(),
      sinks: { kafka: async () => new SlowSink('kafka', world, process, store), file: () => Promise.reject() },
      spillDisk: () => new MemoryDisk(),
    });
    return { process, pipeline };
  };

  const first = start(0);
  await world.until(first.pipeline);
  await world.pass(5000);
  first.process.kill();
  const second = start(READING_MS);
  const pipeline = await world.until(second.pipeline);
  await world.pass(5000);
  await world.until(pipeline.stop('the test is over'));

  const ids = store.records.flatMap((record) => (record.kind === 'trade' ? [record.tradeId] : []));
  const made = world.journal.filter(({ sent }) => sent.length > 0).map(({ id }) => id);
  const gaps = store.records.filter((record) => record.kind === 'gap');
  const lastBefore = made.indexOf(gaps[0]?.fromId ?? '');
  const firstAfter = made.indexOf(gaps[0]?.toId ?? '');
  expect(gaps).toHaveLength(1);
  expect(firstAfter - lastBefore).toBeLessThan(RATE * CONNECTED_WITHIN_S);
  expect(ids).toEqual([
    ...made.slice(made.indexOf(ids[0] as string), lastBefore + 1),
    ...made.slice(firstAfter, made.indexOf(ids.at(-1) as string) + 1),
  ]);
});
