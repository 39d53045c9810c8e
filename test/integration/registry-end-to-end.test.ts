import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { untilRecords } from '../../testing/judges/read-run.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { runPython } from '../../testing/tools/python.ts';

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry()]);
});

const CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'agg_trade'];

interface Line {
  readonly topic: string;
  readonly schema: string;
  readonly record: { readonly state: string };
}

it('Python decodes every record of a run by its schema id from the registry', async () => {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const simulator = await startSimulator({ rate: 60, symbols: 3, journal });
  onTestFinished(() => simulator.close());
  const prefix = `${randomUUID()}.`;
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulator, { feed: { venues: ['binance'], channels: CHANNELS, allow_test_data: false } }),
    kafka: { brokers, topic_prefix: prefix, partitions: 2, schema_registry: { url: registry } },
    gateway: { enabled: false },
  });
  const run = startMarketFeed('run', '--config', config);
  await run.logged('trading_resumed');
  const topics = `${prefix}simulated.`;
  // Candles are the rarest records.
  await untilRecords(brokers, `${topics}klines`, 3);
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  await simulator.close();

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

  const schemas = { 'feed-status': 'FeedStatus', positions: 'Position' } as const;
  const names = Object.keys(schemas).flatMap((topic) => ['--topic', `${topics}${topic}`]);
  const read = await runPython('read_topic.py', [...reading, ...names]);
  expect(read.code, read.stderr).toBe(0);
  const lines = read.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  for (const [topic, schema] of Object.entries(schemas)) {
    const ofTopic = lines.filter((line) => line.topic === `${topics}${topic}`);
    expect(new Set(ofTopic.map((line) => line.schema))).toEqual(new Set([`market.feed.v1.${schema}`]));
    if (topic === 'feed-status') expect(ofTopic.at(-1)?.record.state).toBe('stopped');
  }
  const subjects = (await (await fetch(`${registry}/subjects`)).json()) as string[];
  expect(subjects).toContain(`${topics}trades-value`);
  expect(subjects).toContain(`${topics}feed-status-value`);
});
