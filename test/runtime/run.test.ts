import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/domain/fault.ts';
import { type Observed, type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { VirtualProcess } from '../../testing/virtual/virtual-process.ts';
import { VirtualSink, VirtualStore } from '../../testing/virtual/virtual-sink.ts';
import { VirtualWorld } from '../../testing/virtual/virtual-world.ts';
import { MemoryDisk } from '../sinks/spill/memory-disk.ts';

const COINS = ['BTC', 'ETH', 'SOL'];
/** Trades of a coin a second. */
const RATE = 60;
const LINES = 6;
const AWAY_MS = 60_000;
const CONNECTED_WITHIN_S = 1;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'market-feed-start-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/**
 * Bybit's REST API returns the last 60 trades, less than a second of this market, so trades that no connection
 * delivered stay missing. In the minute, six connections deliver more frames than the memory may hold.
 */
it('a start keeps the trades that arrive while it waits for a broker that comes after 60 s', async () => {
  const world = new VirtualWorld({ seed: 7, venues: ['bybit'], symbols: COINS.length, rate: RATE * COINS.length });
  const store = new VirtualStore();
  const config = loadConfig({
    values: {
      coins: COINS,
      environment: 'simulated',
      feed: { venues: ['bybit'], channels: ['trade'], allow_test_data: true },
      venues: { bybit: { lines: LINES } },
      kafka: { brokers: ['virtual:9092'] },
      spill: { dir },
    },
  });
  let brokerComesAt = 0;
  const waiting: string[] = [];
  const observed: Observed[] = [];
  const start = (): { readonly process: VirtualProcess; readonly pipeline: Promise<Pipeline> } => {
    const process = new VirtualProcess(world);
    class AwaySink extends VirtualSink {
      override async open() {
        await process.alive(world.wait(100));
        if (world.scheduler.now() < brokerComesAt) throw new Fault('sink', 'no broker answers');
        await super.open();
      }
    }
    const pipeline = startPipeline(config, {
      log: createLog({ level: 'warn', destination: { write: (line: string) => waiting.push(line) } }),
      onStarting: (starting) => observed.push(starting),
      ...process.dependencies,
      sinks: { kafka: async () => new AwaySink('kafka', world, process, store), file: () => Promise.reject() },
      spillDisk: () => new MemoryDisk(),
    });
    return { process, pipeline };
  };

  const first = start();
  await world.until(first.pipeline);
  await world.pass(5000);
  first.process.kill();
  brokerComesAt = world.scheduler.now() + AWAY_MS;
  const second = start();
  await world.pass(AWAY_MS - 1000);
  const snapshot = observed.at(-1)?.snapshot();
  expect(snapshot?.trading).toEqual({ state: 'halted', reason: 'waits for kafka' });
  expect(snapshot?.sinks).toMatchObject([{ name: 'kafka', state: 'down', reason: 'no broker answers' }]);
  expect(waiting.filter((line) => line.includes('waits for kafka: no broker answers'))).toHaveLength(6);
  expect(readdirSync(join(dir, 'start', 'bybit')).length).toBeGreaterThan(0);
  const pipeline = await world.until(second.pipeline);
  await world.pass(5000);
  await world.until(pipeline.stop('the test is over'));
  expect(existsSync(join(dir, 'start', 'bybit'))).toBe(false);

  for (const coin of COINS) {
    const symbol = `${coin}USDT`;
    const records = store.records.filter((record) => 'symbol' in record && record.symbol === symbol);
    const ids = records.flatMap((record) => (record.kind === 'trade' ? [record.tradeId] : []));
    const made = world.journal.filter((trade) => trade.sent.length > 0 && trade.symbol === symbol).map(({ id }) => id);
    const gaps = records.filter((record) => record.kind === 'gap');
    const lastBefore = made.indexOf(gaps[0]?.fromId ?? '');
    const firstAfter = made.indexOf(gaps[0]?.toId ?? '');
    expect(gaps).toHaveLength(1);
    expect(firstAfter - lastBefore).toBeLessThan(RATE * CONNECTED_WITHIN_S);
    expect(ids).toEqual([
      ...made.slice(made.indexOf(ids[0] as string), lastBefore + 1),
      ...made.slice(firstAfter, made.indexOf(ids.at(-1) as string) + 1),
    ]);
  }
});
