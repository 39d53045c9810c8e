import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

interface Entry {
  readonly event: string;
  readonly venue?: string;
  readonly line?: number;
  readonly data?: string;
}

/** The log of five virtual seconds, and the ids of the trades that lines delivered in them. */
async function logged(level: 'trace' | 'debug') {
  const world = new VirtualWorld({ seed: 5, venues: ['binance'], symbols: 1, rate: 20 });
  const process = new VirtualProcess(world);
  const store = new VirtualStore();
  const entries: Entry[] = [];
  const values = {
    coins: ['BTC'],
    environment: 'simulated',
    feed: { venues: ['binance'], channels: ['trade'], allow_test_data: true },
    sinks: ['file'],
    log: { level },
  };
  const pipeline = await world.until(
    startPipeline(loadConfig({ values }), {
      log: createLog({ level, destination: { write: (json: string) => entries.push(JSON.parse(json)) } }),
      ...process.dependencies,
      sinks: {
        kafka: () => Promise.reject(new Error('is not configured')),
        file: async () => new VirtualSink('file', world, process, store),
      },
      spillDisk: () => new MemoryDisk(),
    }),
  );
  await world.pass(5000);
  await world.until(pipeline.stop('the test is over'));
  const trades = store.records.flatMap((record) =>
    record.kind === 'trade' && record.source === 'live' ? [record.tradeId] : [],
  );
  return { trades, frames: entries.filter(({ event }) => event === 'frame') };
}

it('a pipeline logs each frame of each line at level trace, and none at level debug', async () => {
  const { trades, frames } = await logged('trace');
  expect(trades.length).toBeGreaterThan(50);
  for (const id of trades) expect(frames.some(({ data }) => data?.includes(`"t":${id},`) === true)).toBe(true);
  expect(new Set(frames.map(({ line }) => line))).toEqual(new Set([1, 2]));
  expect(frames[0]).toMatchObject({ level: 'trace', venue: 'binance', bytes: expect.any(Number) });
  expect((await logged('debug')).frames).toEqual([]);
});
