import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type ClientWarning, connectTopics } from '../../src/client/index.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startProxiedBroker, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { PublishedTopics } from '../client/published-topics.ts';
import { nameOf, SYMBOLS } from '../client/steady-trades.ts';

let proxied: KafkaProxy;
beforeAll(async () => {
  proxied = await startSharedProxy();
});
afterAll(() => proxied?.close());

async function feed({ brokers } = proxied) {
  const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, partitions: 3 });
  const topics = await PublishedTopics.open(config);
  onTestFinished(() => topics[Symbol.asyncDispose]());
  return { topics, config };
}

async function client({ brokers, topicPrefix }: KafkaConfig, group?: string) {
  const warnings: ClientWarning[] = [];
  const market = await connectTopics({
    brokers,
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

/** Expects that clients emit each trade once over an outage of the broker. */
async function expectOnceOver(proxy: KafkaProxy, outage: { begin(): Promise<void>; end(): Promise<void> }) {
  const { topics, config } = await feed(proxy);
  const clients = [await client(config), await client(config, `${config.topicPrefix}survivors`)];
  await topics.publish(...trades(1, 30));
  for (const { got } of clients) await until(() => got.length === 300);
  await outage.begin();
  for (const { market } of clients) await until(() => (market.lag().trades?.ms ?? 0) > 2000);
  await outage.end();
  await publishAgain(config, trades(31, 30));
  for (const { market, got, warnings } of clients) {
    await until(() => got.length >= 600, { timeoutMs: 60_000, message: () => `${got.length} of 600` });
    await until(() => market.lag().trades?.ms === 0);
    expect(got.toSorted()).toEqual(trades(1, 60).map(nameOf).toSorted());
    expect(warnings.filter(({ kind }) => kind !== 'unreachable')).toEqual([]);
  }
}

it('the client emits each trade once over an outage of the broker, with and without a group', async () => {
  await expectOnceOver(proxied, { begin: () => proxied.refuse(), end: () => proxied.serve() });
});

if (isLong) {
  it('the client emits each trade once over a restart of the broker, with and without a group', async () => {
    const own = await startProxiedBroker();
    onTestFinished(() => own.close());
    await expectOnceOver(own, { begin: () => own.broker.stop(), end: () => own.broker.start() });
  });
}

it('the client emits each trade once after a connection stops answering', async () => {
  const { topics, config } = await feed();
  const { market, got } = await client(config);
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
