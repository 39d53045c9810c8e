import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { createTopic, withAdmin } from '../../testing/kafka/with-admin.ts';
import {
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { buildFlink, runFlinkSql } from '../../testing/tools/flink.ts';
import { runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry(), buildFlink()]);
});

/**
 * The run stops once the topic has this many windows and markers of transactions. The first window of each of the five
 * symbols is incomplete.
 */
const WINDOWS = 24;

/** A window that an independent decoder has read. */
type Window = Readonly<Record<string, string | number | boolean>>;

const nameOf = ({ venue, symbol, epoch, window_ms, window_start }: Window) =>
  `${venue} ${symbol} ${epoch} ${window_ms}@${window_start}`;

async function windowsIn(topic: string): Promise<Map<string, Window>> {
  const args = ['--brokers', brokers.join(','), '--registry', registry, '--topic', topic];
  const { stdout, stderr, code } = await runPython('read_topic.py', args);
  expect(code, stderr).toBe(0);
  const records = stdout.split('\n').filter(Boolean);
  const windows = records.map((line) => (JSON.parse(line) as { record: Window }).record);
  const byName = new Map(windows.map((window) => [nameOf(window), window]));
  expect(byName.size, 'each window once').toBe(records.length);
  return byName;
}

/**
 * Writes the Flink job of deploy/ with this test's topics to a file, and returns its path. The job reads the topics up
 * to their current end.
 */
async function jobOver(topics: string, folder: string): Promise<string> {
  let sql = await readFile(join(root, 'deploy/flink/trade-stats.sql'), 'utf8');
  for (const [theirs, ours] of [
    ['localhost:9092', brokers.join(',')],
    ['http://localhost:8081', registry],
    ["'topic' = 'market.", `'topic' = '${topics}`],
    ["'unbounded'", "'latest-offset'"],
    ["-prefix' = '", `-prefix' = '${topics}`],
    ["INTERVAL '1' MINUTE", "INTERVAL '1' SECOND"],
  ] as const) {
    expect(sql).toContain(theirs);
    sql = sql.replaceAll(theirs, ours);
  }
  const file = join(folder, 'trade-stats.sql');
  await writeFile(file, `SET 'restart-strategy.type' = 'none';\n${sql}`);
  return file;
}

it('Flink SQL computes from the trades the same complete windows as the pipeline', async () => {
  const folder = await temporaryFolder();
  const simulate = await startSimulate('--rate', '300', '--symbols', '5');
  const prefix = `${randomUUID()}.`;
  const topics = `${prefix}simulated.`;
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulate, { feed: { venues: ['binance'], channels: ['trade'], allow_test_data: false } }),
    kafka: { brokers, topic_prefix: prefix, schema_registry: { url: registry } },
    stats: { windows_ms: [1000], allowed_lateness_ms: 500 },
  });
  const run = startMarketFeed('run', '--config', config);
  await run.logged('trading_resumed');
  await withAdmin(brokers, (admin) =>
    until(
      async () => {
        const offsets = await admin.fetchTopicOffsets(`${topics}trade-stats`);
        return offsets.reduce((sum, { high }) => sum + Number(high), 0) >= WINDOWS;
      },
      { timeoutMs: 60_000, everyMs: 100, message: `${WINDOWS} windows` },
    ),
  );
  run.signal('SIGTERM');
  expect(await run.exited, run.stderr).toBe(0);
  const ours = await windowsIn(`${topics}trade-stats`);

  const topic = `${topics}trade-stats-flink`;
  await withAdmin(brokers, (admin) => createTopic(admin, { topic, numPartitions: 3, replicationFactor: 1 }));
  await runFlinkSql(await jobOver(topics, folder));
  const flinks = await windowsIn(topic);
  const complete = [...ours].filter(([, window]) => window.complete);
  expect(complete.length).toBeGreaterThanOrEqual(9);
  for (const [name, window] of complete) {
    expect(flinks.get(name), name).toBeDefined();
    expect(window).toMatchObject(flinks.get(name) ?? {});
  }
  expect(Object.keys([...flinks.values()][0] ?? {})).toHaveLength(17);
  console.log(`Flink: ${flinks.size} windows; ${complete.length} of them the pipeline's complete ones, all equal`);
}, 150_000);
