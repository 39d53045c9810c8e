import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type ClientWarning, connectTopics } from '../../src/client/index.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type ProxiedBroker, startProxiedBroker } from '../../testing/kafka/kafka-proxy.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { PublishedTopics } from '../client/published-topics.ts';
import { nameOf, SYMBOLS } from '../client/steady-trades.ts';

let proxied: ProxiedBroker;
beforeAll(async () => {
  proxied = await startProxiedBroker();
});
afterAll(() => proxied?.close());

async function feed() {
  const config = kafkaConfig(proxied.broker.brokers, { topicPrefix: `${randomUUID()}.`, partitions: 3 });
  const topics = await PublishedTopics.open(config);
  onTestFinished(() => topics[Symbol.asyncDispose]());
  return { topics, config };
}

async function client(topicPrefix: string, group?: string) {
  const warnings: ClientWarning[] = [];
  const market = await connectTopics({
    brokers: proxied.brokers,
    topicPrefix,
    onWarning: (warning) => warnings.push(warning),
    ...(group === undefined ? {} : { group }),
  });
  onTestFinished(() => market.close());
  const got: string[] = [];
  market.trades$().subscribe((trade) => got.push(nameOf(trade)));
  await market.ready();
  return { market, got, warnings };
}

const trades = (first: number, count: number): TradeEvent[] =>
  Array.from({ length: count }, (_, index) => first + index).flatMap((id) =>
    SYMBOLS.map((symbol) => tradeEvent(id, { symbol, coin: symbol.replace('USDT', '') })),
  );

/** Publishes with a new writer: the previous one may not have noticed yet that the broker is back. */
async function publishAgain(config: KafkaConfig, more: readonly TradeEvent[]): Promise<void> {
  await using topics = await PublishedTopics.open(config);
  await topics.publish(...more);
}

it('the client emits each trade once over a broker restart, with and without a group', async () => {
  const { topics, config } = await feed();
  const clients = [await client(config.topicPrefix), await client(config.topicPrefix, 'survivors')];
  await topics.publish(...trades(1, 30));
  for (const { got } of clients) await until(() => got.length === 300);
  await proxied.broker.stop();
  for (const { market } of clients) await until(() => (market.lag().trades?.ms ?? 0) > 2000);
  await proxied.broker.start();
  await publishAgain(config, trades(31, 30));
  for (const { market, got, warnings } of clients) {
    await until(() => got.length >= 600, { timeoutMs: 60_000, message: () => `${got.length} of 600` });
    await until(() => market.lag().trades?.ms === 0);
    expect(got.toSorted()).toEqual(trades(1, 60).map(nameOf).toSorted());
    expect(warnings.filter(({ kind }) => kind !== 'unreachable')).toEqual([]);
  }
});

it('the client emits each trade once after a connection stops answering', async () => {
  const { topics, config } = await feed();
  const { market, got } = await client(config.topicPrefix);
  await topics.publish(...trades(1, 30));
  await until(() => got.length === 300);
  await proxied.hang();
  await until(() => (market.lag().trades?.ms ?? 0) > 2000);
  await proxied.serve();
  await publishAgain(config, trades(31, 30));
  await until(() => got.length >= 600, { timeoutMs: 60_000, message: () => `${got.length} of 600` });
  expect(got.toSorted()).toEqual(trades(1, 60).map(nameOf).toSorted());
});

it('connectTopics rejects with connect_timeout if the broker does not answer in connectTimeoutMs', async () => {
  await proxied.hang();
  onTestFinished(() => proxied.serve());
  const startedAt = performance.now();
  const connecting = connectTopics({ brokers: proxied.brokers, connectTimeoutMs: 1500 });
  await expect(connecting).rejects.toMatchObject({ name: 'Fault', kind: 'connect_timeout' });
  expect(performance.now() - startedAt).toBeLessThan(1500 + limitMs(1500));
});
