import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';

it.each(['file', 'spill'] as const)(
  'a second run on the same folder (%s.dir) ends with exit code 2, and the first run continues',
  async (shared) => {
    const simulator = await startSimulator({ rate: 100, symbols: 3 });
    onTestFinished(() => simulator.close());
    const folder = await temporaryFolder();
    /** Starts a run that shares only one folder with the others. */
    const start = async () => {
      const own = await temporaryFolder();
      const dirs = { file: join(own, 'files'), spill: join(own, 'spill'), [shared]: join(folder, shared) };
      const values = simulatedValues(simulator, { coins: ['BTC'], feed: { venues: ['binance'] } });
      const sinks = { sinks: ['file'], file: { dir: dirs.file }, spill: { dir: dirs.spill } };
      const config = await writeConfiguration(own, { ...values, ...sinks, gateway: { enabled: false } });
      return { files: dirs.file, run: startMarketFeed('run', '--config', config) };
    };
    const first = await start();
    await first.run.logged('trading_resumed');
    const second = await start();
    expect(await second.run.exited, second.run.stderr).toBe(2);
    expect(second.run.stderr).toMatch(
      /^market-feed: run: .* is in use: process \d+ on host .* writes to it; stop that/m,
    );

    first.run.signal('SIGKILL');
    expect(await first.run.exited, 'the first run must still run when it is killed').toBeNull();
    const third = await start();
    await third.run.logged('trading_resumed');
    third.run.signal('SIGTERM');
    expect(await third.run.exited, third.run.stderr).toBe(0);
    const ids = new Set<string>();
    for await (const record of readFiles(third.files, 'trades')) {
      if (record.kind !== 'trade') continue;
      expect(ids).not.toContain(record.tradeId);
      ids.add(record.tradeId);
    }
    expect(ids.size).toBeGreaterThan(0);
  },
);
