import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { headlineOf } from '../../../src/domain/headline.ts';
import { startPipeline } from '../../../src/runtime/run.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { VirtualProcess } from '../../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../../sinks/spill/memory-disk.ts';

it('a snapshot says which venue serves, and marks all prices as stale while none does', async () => {
  const world = new VirtualWorld({ seed: 3, venues: ['bybit', 'binance'], symbols: 2, rate: 20 });
  const process = new VirtualProcess(world);
  const config = loadConfig({
    values: {
      coins: ['BTC', 'ETH'],
      environment: 'simulated',
      feed: { venues: ['bybit', 'binance'], channels: ['trade'], allow_test_data: true },
      kafka: { brokers: ['virtual:9092'] },
    },
  });
  const pipeline = await world.until(
    startPipeline(config, {
      log: createLog({ level: 'silent', destination: { write: () => undefined } }),
      ...process.dependencies,
      sinks: {
        kafka: async () => new VirtualSink('kafka', world, process, new VirtualStore()),
        file: () => Promise.reject(),
      },
      spillDisk: () => new MemoryDisk(),
    }),
  );
  const headline = () => headlineOf(pipeline.snapshot());
  const stale = () => pipeline.snapshot().coins.map((coin) => coin.stale);

  await world.pass(8000);
  expect(headline()).toMatchObject({ trading: { state: 'allowed' }, serving: { names: ['bybit'], insteadOf: null } });
  expect(headline().text).toMatch(
    /^trading allowed · venue bybit, since 08:30:3\d UTC \(\d s\) · event lag under 0\.1 s$/,
  );
  expect(stale()).toEqual([false, false]);

  world.fault({ venue: 'bybit', fault: 'refuse', status: 451, seconds: 300 });
  await world.pass(8000);
  expect(headline().serving.text).toMatch(/^binance, since .*, instead of bybit: HTTP 451/);
  expect(stale()).toEqual([false, false]);

  world.fault({ venue: 'binance', fault: 'refuse', status: 503, seconds: 300 });
  await world.pass(10_000);
  expect(headline().trading.text).toMatch(/^trading halted: /);
  expect(headline().serving.text).toMatch(/^none \(last: binance, \d+ s ago\)$/);
  // The coins are quiet for less than feed.coin_stale_after_ms, so no coin is halted by itself.
  expect(stale()).toEqual([true, true]);

  await world.until(pipeline.stop('the test is over'));
}, 60_000);
