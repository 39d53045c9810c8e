import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { openFiles, recordsByPython } from '../../testing/judges/avro-files.ts';
import { type LogLine, startMarketFeed, temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { preparePython, python } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

const MARKET = ['book-deltas', 'book-tickers', 'klines', 'order-books', 'prices', 'trade-stats', 'trades'];
const TOPICS = [...MARKET, 'feed-status', 'instruments', 'positions'].sort();
/** The prices in a log entry, if it is a status entry. */
function pricesOf({ msg, prices }: LogLine): Record<string, string | null> | undefined {
  return msg === 'status' ? (prices as Record<string, string | null>) : undefined;
}

function sizeOf(dir: string, topic: string): number {
  const folder = join(dir, topic);
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

/** Runs a line in a shell at the root of the repository, with the DuckDB of testing/python as its `duckdb`. */
async function paste(line: string): Promise<string> {
  const folder = await temporaryFolder();
  const program = ['import duckdb, sys', 'for row in duckdb.sql(sys.argv[2]).fetchall(): print(*row)'];
  await preparePython();
  await writeFile(join(folder, 'duckdb'), `#!${python}\n${program.join('\n')}\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  return (await promisify(execFile)('bash', ['-c', line], { cwd: root, env })).stdout;
}

it('the demo shows moving prices of 20 coins, and leaves complete files of simulated records on Ctrl-C', async () => {
  const dir = join(await temporaryFolder(), "a demo's files");
  const startedAt = performance.now();
  const demo = startMarketFeed('demo', '--duration', '80', '--out', dir);
  const complete = () =>
    demo
      .log()
      .map(pricesOf)
      .filter((prices) => prices !== undefined)
      .filter((prices) => Object.values(prices).filter((price) => price !== null).length === 20);
  const whole = () => complete().length > 0 && existsSync(join(dir, 'trade-stats'));
  await until(whole, { timeoutMs: 60_000, message: () => demo.stderr });
  const shownAfterMs = performance.now() - startedAt;
  const sizes = TOPICS.map((topic) => sizeOf(dir, topic));
  const moved = () => {
    const [first = {}, ...later] = complete();
    const last = later.at(-1) ?? first;
    return Object.keys(first).filter((coin) => first[coin] !== last[coin]).length > 10;
  };
  await until(moved, { timeoutMs: 60_000 });
  for (const [index, topic] of TOPICS.entries())
    if (topic !== 'positions' && topic !== 'instruments')
      await until(() => sizeOf(dir, topic) > (sizes[index] ?? 0), { timeoutMs: 60_000, message: `${topic} grows` });
  // A large trade, or a gap on a busy machine, opens one more file.
  const open = openFiles(dir).map((name) => name.slice(0, name.indexOf('/')));
  expect(open).toEqual(expect.arrayContaining(TOPICS));

  const asked = performance.now();
  demo.signal('SIGINT');
  expect(await demo.exited, demo.stderr).toBe(0);
  const endedAfterMs = performance.now() - asked;
  console.log(
    `the demo: prices of 20 coins logged after ${shownAfterMs.toFixed(0)} ms, ended ${endedAfterMs.toFixed(0)} ms after Ctrl-C`,
  );
  expect(endedAfterMs).toBeLessThan(limitMs(3000));
  expect(openFiles(dir)).toEqual([]);
  const counts = await recordsByPython(dir);
  expect(Object.keys(counts)).toEqual(expect.arrayContaining(TOPICS));
  expect(counts.trades).toBeGreaterThan(500);
  expect(demo.log().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);

  expect(demo.stdout).toBe('');
  for (const line of demo.stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  const coins = new Set<string | null>();
  const trades: Record<string, number> = {};
  for (const topic of ['trades', 'prices', 'book-tickers', 'klines', 'feed-status', 'positions']) {
    let count = 0;
    for await (const record of readFiles(dir, topic)) {
      count += 1;
      expect(record.environment).toBe('simulated');
      if (record.kind === 'price') coins.add(record.coin);
      if (record.kind === 'trade') trades[record.symbol] = (trades[record.symbol] ?? 0) + 1;
    }
    expect(count, topic).toBeGreaterThan(0);
  }
  expect(coins.size).toBe(20);

  const [exported, ...rows] = (await paste(String(demo.log().at(-1)?.msg))).trimEnd().split('\n');
  expect(JSON.parse(exported ?? '')).toEqual({ files: 1, left_out: 0 });
  const counted = rows.map((row) => row.split(' ')).map(([symbol, count]) => [symbol, Number(count)]);
  expect(Object.fromEntries(counted)).toEqual(trades);
});
