import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { MemberProcess } from '../client/member-process.ts';
import { PublishedTopics } from '../client/published-topics.ts';
import { SteadyTrades } from '../client/steady-trades.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

function member(...of: ConstructorParameters<typeof MemberProcess>): Promise<MemberProcess> {
  const process = new MemberProcess(...of);
  onTestFinished(() => process.kill());
  return process.started();
}

const PER_SECOND = isLong ? 500 : 150;
/** The client's default time between two commits. */
const COMMIT_EVERY_MS = 1000;

async function feed() {
  const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, partitions: 6 });
  const topics = await PublishedTopics.open(config);
  onTestFinished(() => topics[Symbol.asyncDispose]());
  return { topics, prefix: config.topicPrefix };
}

it('a client group repeats at most one commit interval after a kill, and shares trades among members', async () => {
  const { topics, prefix } = await feed();
  const group = randomUUID();
  const first = await member(brokers, prefix, group);
  const trades = new SteadyTrades(topics, PER_SECOND);
  // Far more than one commit interval, so that a client that never commits repeats too many.
  await until(() => first.got.length > 5 * PER_SECOND, { timeoutMs: 20_000 });
  await first.kill();

  const again = await member(brokers, prefix, group);
  await until(() => again.got.length > 2 * PER_SECOND, { timeoutMs: 30_000 });
  const second = await member(brokers, prefix, group);
  await until(() => second.got.length > PER_SECOND, { timeoutMs: 20_000 });
  // From here on, both members consume.
  const sharedFrom = trades.published.length;
  await until(() => trades.published.length > sharedFrom + 2 * PER_SECOND, { timeoutMs: 20_000 });

  const published = await trades.stop();
  const all = () => [...first.got, ...again.got, ...second.got];
  await until(() => new Set(all()).size === published.length, {
    message: () => `${new Set(all()).size} of ${published.length}`,
  });
  const shared = new Set(published.slice(sharedFrom));
  const shareOf = ({ got }: MemberProcess) => got.filter((name) => shared.has(name)).length / shared.size;
  const repeated = all().length - published.length;
  console.info(`killed: ${repeated} repeated at ${PER_SECOND}/s; shared: ${shareOf(again)} and ${shareOf(second)}`);
  // A commit takes a moment, and the killed process may not have printed its last batch.
  expect(repeated).toBeLessThanOrEqual((PER_SECOND * (COMMIT_EVERY_MS + limitMs(300))) / 1000);
  expect(shareOf(again)).toBeGreaterThan(0.35);
  expect(shareOf(second)).toBeGreaterThan(0.35);
  expect([await again.close(), await second.close()]).toEqual([0, 0]);
  expect(new Set(all()).size).toBe(published.length);
});

it('each client without a group receives every trade, and its process exits after close', async () => {
  const { topics, prefix } = await feed();
  const clients = await Promise.all(['', ''].map((none) => member(brokers, prefix, none)));
  const trades = new SteadyTrades(topics, PER_SECOND);
  await until(() => clients.every(({ got }) => got.length > PER_SECOND));
  const published = await trades.stop();
  for (const { got } of clients) {
    await until(() => got.length >= published.length);
    expect(got.toSorted()).toEqual(published.toSorted());
  }
  const closedAt = performance.now();
  expect(await Promise.all(clients.map((client) => client.close()))).toEqual([0, 0]);
  expect(performance.now() - closedAt).toBeLessThan(limitMs(3000));
  expect(clients.map(({ complaints }) => complaints)).toEqual(['', '']);
});
