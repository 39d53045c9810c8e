import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { startHere } from '../cli/start-here.ts';

it('a second run on file.dir or spill.dir of another ends with exit code 2, and the first run continues', async () => {
  const rate = { bybit: 0, binance: 100, binance_us: 0, binance_testnet: 0 };
  const simulator = await startSimulator({ rate, symbols: 3 });
  onTestFinished(() => simulator.close());
  const folder = await temporaryFolder();
  const dirs = { file: join(folder, 'files'), spill: join(folder, 'spill') };
  /** The arguments of a run that uses these folders, and otherwise folders of its own. */
  const run = async (shared: Partial<typeof dirs>) => {
    const own = await temporaryFolder();
    const { file, spill } = { file: join(own, 'files'), spill: join(own, 'spill'), ...shared };
    const values = simulatedValues(simulator, { coins: ['BTC'], feed: { venues: ['binance'] } });
    const sinks = { sinks: ['file'], file: { dir: file }, spill: { dir: spill } };
    return ['run', '--config', await writeConfiguration(own, { ...values, ...sinks, gateway: { enabled: false } })];
  };
  const first = startMarketFeed(...(await run(dirs)));
  await first.logged('trading_resumed');
  for (const shared of [{ file: dirs.file }, { spill: dirs.spill }]) {
    const refused = startHere(...(await run(shared)));
    expect(await refused.exited).toBe(2);
    expect(refused.stderr).toMatch(
      new RegExp(`^market-feed: run: .* is in use: process ${first.pid} on host .* writes to it; stop that`, 'm'),
    );
  }

  first.signal('SIGKILL');
  expect(await first.exited, 'the first run must still run when it is killed').toBeNull();
  const again = startHere(...(await run(dirs)));
  await again.logged('trading_resumed');
  expect(await again.stop(), again.stderr).toBe(0);
  const ids = new Set<string>();
  for await (const record of readFiles(dirs.file, 'trades')) {
    if (record.kind !== 'trade') continue;
    expect(ids).not.toContain(record.tradeId);
    ids.add(record.tradeId);
  }
  expect(ids.size).toBeGreaterThan(0);
});
