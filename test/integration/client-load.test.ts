import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import {
  startMarketFeed,
  startSimulate,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { root } from '../../testing/tools/tools.ts';
import { ClientRun } from '../client/client-run.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

/** Length of the test in seconds. The long run is `bench/client/main.ts`. */
const DURATION = 4;
const PER_SECOND = isLong ? 2000 : 500;

it(`the client emits every trade of 20 coins once at ${PER_SECOND} trades a second`, async () => {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const simulate = await startSimulate('--rate', `${PER_SECOND}`, '--symbols', '20', '--journal', journal);
  const topicPrefix = `${randomUUID()}.`;
  const config = await writeConfiguration(folder, {
    ...simulatedValues(simulate, {
      feed: { venues: ['binance'], channels: ['trade', 'ticker'], allow_test_data: false },
    }),
    coins: join(root, 'config/coins.json'),
    kafka: { brokers, topic_prefix: topicPrefix },
    gateway: { enabled: false },
  });
  const feed = startMarketFeed('run', '--config', config);
  await feed.logged('trading_resumed');
  const client = await ClientRun.start({ brokers, topicPrefix, environment: 'simulated', allowTestData: true });
  onTestFinished(() => client.market.close());
  await delay(DURATION * 1000);
  const { count, p50, p99, max } = client.latency();
  const decision = client.market.guard().decision('BTC');
  expect(client.market.latest('BTC')).toBeDefined();
  feed.signal('SIGTERM');
  expect(await feed.exited, feed.stderr).toBe(0);
  simulate.signal('SIGTERM');
  await simulate.exited;
  console.info(
    `simulator's send to the client's next, ms: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} of ${count}`,
  );
  expect(await client.problems(journal)).toEqual([]);
  expect(decision).toMatchObject({ state: 'allowed' });
  expect(count).toBeGreaterThan(0.9 * PER_SECOND * DURATION);
  expect(new Set(client.trades.map(({ symbol }) => symbol)).size).toBe(20);
});
