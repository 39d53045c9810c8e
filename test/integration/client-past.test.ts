import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { lastValueFrom, toArray } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, connectTopics } from '../../src/client/index.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { deleteTopic } from '../../testing/kafka/with-admin.ts';
import { until } from '../../testing/tools/until.ts';
import { PublishedTopics } from '../client/published-topics.ts';

const trade = (id: number, coin = 'BTC') =>
  tradeEvent(id, { symbol: `${coin}USDT`, coin, epoch: 1, timestamp: Date.now() });

/** A moment after all that was published, and before all that will be. */
async function now(): Promise<number> {
  const at = Date.now() + 1;
  await until(() => Date.now() > at);
  return at;
}

it('a client reads a past range of trades and late trades from the brokers', async () => {
  const brokers = await sharedBrokers();
  const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, partitions: 2 });
  const topics = await PublishedTopics.open(config);
  onTestFinished(() => topics[Symbol.asyncDispose]());
  const { topicPrefix } = config;
  const connect = async (options: ClientOptions) => {
    const market = await connectTopics({ brokers, topicPrefix, ...options });
    onTestFinished(() => market.close());
    return market;
  };

  await topics.publish(trade(1), trade(1, 'SOL'), trade(2), trade(5), trade(6));
  const late = [trade(3), trade(4)];
  const end = await now();
  await topics.publishLate(trade(2, 'SOL'), ...late);
  await topics.publish(trade(7), trade(3, 'SOL'));

  const warnings: string[] = [];
  const market = await connect({ onWarning: ({ kind, topic }) => warnings.push(`${kind} ${topic}`) });
  const idsOf = async (coin: string, range: { readonly from: 'beginning' | number; readonly to?: number }) =>
    (await lastValueFrom(market.tradesWithLate$(coin, range).pipe(toArray()))).map(({ tradeId }) => tradeId);
  expect(await idsOf('BTC', { from: 'beginning' })).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  expect(await idsOf('BTC', { from: 'beginning', to: end })).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(await idsOf('BTC', { from: end })).toEqual(['7']);
  expect(await idsOf('SOL', { from: 'beginning' })).toEqual(['1', '2', '3']);

  const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic: `${topicPrefix}trades`, messages: [{ key: 'BTCUSDT', value: 'no record' }] });
  await producer.disconnect();
  const placed = await connect({
    onWarning: () => {},
    withPosition: true,
    group: 'a group does not share past trades',
  });
  const [, , third] = await lastValueFrom(placed.tradesWithLate$('BTC', { from: 'beginning' }).pipe(toArray()));
  const at = { topic: `${topicPrefix}late-trades`, partition: expect.any(Number), offset: expect.any(Number) };
  expect(third).toEqual({ ...late[0], ...at });

  await deleteTopic(brokers, `${topicPrefix}late-trades`);
  const after = await connect({ onWarning: ({ kind, topic }) => warnings.push(`${kind} ${topic}`) });
  const rest = await lastValueFrom(after.tradesWithLate$('BTC', { from: 'beginning' }).pipe(toArray()));
  expect(rest.map(({ tradeId }) => tradeId)).toEqual(['1', '2', '5', '6', '7']);
  expect(warnings).toEqual([`malformed ${topicPrefix}trades`]);

  await deleteTopic(brokers, `${topicPrefix}trades`);
  const without = await connect({});
  await expect(lastValueFrom(without.tradesWithLate$('BTC', { from: 'beginning' }))).rejects.toThrow(
    `no topic ${topicPrefix}trades at `,
  );
});
