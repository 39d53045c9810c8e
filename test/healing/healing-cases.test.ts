import { expect, it } from 'vitest';
import type { Gap } from '../../src/domain/record.ts';
import { SECOND_MS, VirtualRun } from './virtual-run.ts';

it('heals a gap at Binance US with aggregated trades', async () => {
  const run = new VirtualRun({ venues: ['binance_us'] });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  const gap = await run.makeGap(60);
  await run.until(() => run.isHealed, 200 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 60, outcome: 'healed' }]);
  expect(run.store.late.some(({ lastTradeId }) => lastTradeId !== null)).toBe(true);
  expect(run.problems()).toEqual([]);
  await run.stop();
});

it('heals a late trade at Bybit, whose last trades reach back to it', async () => {
  const run = new VirtualRun({ venues: ['bybit'], seed: 4, rate: 4 });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  run.world.fault({ venue: 'bybit', fault: 'reorder_trades', symbol: 'BTCUSDT', count: 8 });
  await run.until(() => run.gaps('unrepaired').length > 0, 60 * SECOND_MS);
  await run.until(() => run.isHealed, 300 * SECOND_MS);
  expect(run.store.late.length).toBeGreaterThan(0);
  expect(run.problems()).toEqual([]);
  await run.stop();
});

it('leaves a gap at Bybit open that is older than the last 60 trades', async () => {
  const run = new VirtualRun({ venues: ['bybit'], seed: 4 });
  await run.start();
  // The first minute is not whole, so it is not compared with its candle.
  await run.world.pass(40 * SECOND_MS);
  run.world.fault({ venue: 'bybit', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
  // The candle shows that trades of the minute are missing.
  await run.until(() => run.gaps('unrepaired').length > 0, 300 * SECOND_MS);
  await run.world.pass(200 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([]);
  expect(run.store.late).toEqual([]);
  await run.stop();
});

it('heals the gaps of two venues in two sinks, each once', async () => {
  const run = new VirtualRun({ venues: ['binance', 'binance_us'], mode: 'all', sinks: ['file', 'kafka'] });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  run.world.fault({ venue: 'binance_us', fault: 'refuse_rest', seconds: 15, status: 503 });
  run.world.fault({ venue: 'binance_us', fault: 'skip_trades', symbol: 'ETHUSDT', count: 40 });
  const us = await run.makeGap(700, 40);
  await run.until(() => run.gaps('unrepaired').length >= 2, 30 * SECOND_MS);
  const long = run.gaps('unrepaired').at(-1) as Gap;
  expect(long.missing).toBeGreaterThan(500);
  await run.until(() => run.isHealed, 240 * SECOND_MS);
  for (const store of run.stores)
    expect(run.gaps('healed', store)).toEqual([
      { ...us, filled: 40, outcome: 'healed' },
      { ...long, filled: long.missing, outcome: 'healed' },
    ]);
  expect(run.problems()).toEqual([]);
  await run.stop();
});

it('goes on healing after another process has taken over', async () => {
  const run = new VirtualRun({ venues: ['binance'], seed: 5 });
  const first = await run.start();
  await run.world.pass(5 * SECOND_MS);
  const gap = await run.makeGap(1500, 45);
  await run.until(() => run.store.late.length > 0, 60 * SECOND_MS, 5);
  await run.start();
  await run.world.pass(20 * SECOND_MS);
  first.kill();
  await run.until(() => run.isHealed, 240 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 1500, outcome: 'healed' }]);
  expect(run.problems()).toEqual([]);
  await run.stop();
});

it('goes on healing after the sink was away', async () => {
  const run = new VirtualRun({ venues: ['binance'], seed: 6 });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  const gap = await run.makeGap(1500, 45);
  await run.until(() => run.store.late.length > 0, 60 * SECOND_MS, 5);
  run.store.awayUntil = run.world.scheduler.now() + 120 * SECOND_MS;
  await run.world.pass(120 * SECOND_MS);
  await run.until(() => run.isHealed, 240 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 1500, outcome: 'healed' }]);
  expect(run.problems()).toEqual([]);
  await run.stop();
});

it('heals a gap although the venue refuses requests for a quarter of an hour', async () => {
  const run = new VirtualRun({ venues: ['binance'], seed: 7, rate: 10 });
  await run.start();
  await run.world.pass(5 * SECOND_MS);
  const gap = await run.makeGap(60, 900);
  await run.world.pass(860 * SECOND_MS);
  expect(run.store.late).toEqual([]);
  await run.until(() => run.isHealed, 120 * SECOND_MS);
  expect(run.gaps('healed')).toEqual([{ ...gap, filled: 60, outcome: 'healed' }]);
  expect(run.problems()).toEqual([]);
  await run.stop();
});
