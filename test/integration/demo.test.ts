import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { openFiles, recordsByPython } from '../../testing/judges/avro-files.ts';
import { type LogLine, startMarketFeed, temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
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

it('the demo shows moving prices of 20 coins, and leaves complete files of simulated records on Ctrl-C', async () => {
  const dir = await temporaryFolder();
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
  await until(() => complete().length > 1, { timeoutMs: 60_000 });
  const [first = {}, second = {}] = complete();
  expect(Object.keys(first).filter((coin) => first[coin] !== second[coin]).length).toBeGreaterThan(10);
  for (const [index, topic] of TOPICS.entries())
    if (topic !== 'positions' && topic !== 'instruments')
      expect(sizeOf(dir, topic), topic).toBeGreaterThan(sizes[index] ?? 0);
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
  for (const topic of ['trades', 'prices', 'book-tickers', 'klines', 'feed-status', 'positions']) {
    let count = 0;
    for await (const record of readFiles(dir, topic)) {
      count += 1;
      expect(record.environment).toBe('simulated');
      if (record.kind === 'price') coins.add(record.coin);
    }
    expect(count, topic).toBeGreaterThan(0);
  }
  expect(coins.size).toBe(20);
});
