import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import {
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { runPython } from '../../testing/tools/python.ts';

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry()]);
});

const CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'agg_trade'];

interface Line {
  readonly schema: string;
  readonly record: { readonly state: string };
}

it('Python decodes every record of a run by its schema id from the registry', async () => {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const simulate = await startSimulate('--rate', '200', '--symbols', '5', '--journal', journal);
  const prefix = `${randomUUID()}.`;
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulate, { feed: { venues: ['binance'], channels: CHANNELS, allow_test_data: false } }),
    kafka: { brokers, topic_prefix: prefix, schema_registry: { url: registry } },
    gateway: { enabled: false },
  });
  const run = startMarketFeed('run', '--config', config);
  await run.logged('trading_resumed');
  await delay(3000);
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  simulate.signal('SIGTERM');
  await simulate.exited;

  const topics = `${prefix}simulated.`;
  // The reader has only the schemas of the registry.
  const reading = ['--brokers', brokers.join(','), '--registry', registry];
  const checked = await runPython('check_journal.py', [
    ...reading,
    ...['--prefix', topics, '--journal', journal, '--venues', 'binance'],
  ]);
  expect(checked.code, checked.stderr).toBe(0);
  const found = JSON.parse(checked.stdout) as Record<string, { records: number }> & { problems: string[] };
  expect(found.problems).toEqual([]);
  for (const topic of ['trades', 'agg_trades', 'book_tickers', 'klines', 'prices'])
    expect(found[topic]?.records, topic).toBeGreaterThan(0);

  for (const [topic, schema] of [
    ['feed-status', 'FeedStatus'],
    ['positions', 'Position'],
  ]) {
    const read = await runPython('read_topic.py', [...reading, '--topic', `${topics}${topic}`]);
    expect(read.code, read.stderr).toBe(0);
    const lines = read.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(new Set(lines.map((line) => line.schema))).toEqual(new Set([`market.feed.v1.${schema}`]));
    if (topic === 'feed-status') expect(lines.at(-1)?.record.state).toBe('stopped');
  }
  const subjects = (await (await fetch(`${registry}/subjects`)).json()) as string[];
  expect(subjects).toContain(`${topics}trades-value`);
  expect(subjects).toContain(`${topics}feed-status-value`);
});
