import { randomUUID } from 'node:crypto';
import { firstValueFrom, take, timeout, toArray } from 'rxjs';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { type ClientOptions, type ClientWarning, connectTopics, type RecordPosition } from '../../src/client/index.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { deleteRecordsBefore, deleteTopic } from '../../testing/kafka/with-admin.ts';
import { PublishedTopics, priceNow } from '../client/published-topics.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

async function topics(over: Partial<KafkaConfig> = {}) {
  const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, partitions: 2, ...over });
  const opened = await PublishedTopics.open(config);
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return { topics: opened, topicPrefix: config.topicPrefix, trades: `${config.topicPrefix}trades` };
}

async function connect(options: ClientOptions) {
  const market = await connectTopics({ ...options, brokers, withPosition: true });
  onTestFinished(() => market.close());
  return market;
}

/** The first `count` trades that a client gets, each as SYMBOL ID, with their positions. */
async function read(options: ClientOptions, count: number) {
  const market = await connect(options);
  const got: { name: string; at: RecordPosition }[] = [];
  for await (const { symbol, tradeId, topic, partition, offset } of market.read('trades'))
    if (got.push({ name: `${symbol} ${tradeId}`, at: { topic, partition, offset } }) === count) break;
  return got;
}

const trade = (id: number, coin = 'BTC') => tradeEvent(id, { symbol: `${coin}USDT`, coin });
/** BTC and SOL are in different partitions of two. */
const both = (...ids: readonly number[]) => ids.flatMap((id) => [trade(id), trade(id, 'SOL')]);

it('a client begins each partition at its offset, and a partition without one at its beginning', async () => {
  const { topics: to, topicPrefix, trades } = await topics();
  await to.publish(...both(1, 2, 3));
  const all = await read({ topicPrefix, from: 'beginning' }, 6);
  expect(new Set(all.map(({ at }) => at.topic))).toEqual(new Set([trades]));
  expect(new Set(all.map(({ at }) => at.partition))).toEqual(new Set([0, 1]));
  const second = all.find(({ name }) => name === 'BTCUSDT 2');
  const fromSecond = await read({ topicPrefix, from: { offsets: second === undefined ? [] : [second.at] } }, 5);
  const kept = all.filter(({ name }) => name !== 'BTCUSDT 1');
  expect(fromSecond.toSorted(byName)).toEqual(kept.toSorted(byName));
});

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

it('an Observable of a topic that begins at its end emits the records from a given offset', async () => {
  const { topics: to, topicPrefix } = await topics({ partitions: 1 });
  await to.publish(priceNow('BTCUSDT', '1'), priceNow('BTCUSDT', '2'));
  const offsets = [{ topic: `${topicPrefix}prices`, partition: 0, offset: 0 }];
  const market = await connect({ topicPrefix, from: { offsets, prices: 'end' } });
  const prices = await firstValueFrom(market.prices$('BTC').pipe(take(2), toArray(), timeout(5000)));
  expect(prices.map(({ price }) => price)).toEqual(['1', '2']);
});

it('Observables have the position too, and a client without the option has none', async () => {
  const { topics: to, topicPrefix, trades } = await topics({ partitions: 1 });
  const market = await connect({ topicPrefix });
  const plain = await connectTopics({ brokers, topicPrefix });
  onTestFinished(() => plain.close());
  const seen: object[] = [];
  const first = new Promise((resolve) => market.trades$('BTC').subscribe((record) => resolve(seen.push(record))));
  const second = new Promise((resolve) => plain.trades$('BTC').subscribe((record) => resolve(seen.push(record))));
  await Promise.all([market.ready(), plain.ready()]);
  await to.publish(trade(1));
  await Promise.all([first, second]);
  expect(seen).toEqual(
    expect.arrayContaining([trade(1), { ...trade(1), topic: trades, partition: 0, offset: expect.any(Number) }]),
  );
});

it('a client refuses an offset that the topic does not have, and names what it has', async () => {
  const { topics: to, topicPrefix, trades } = await topics({ partitions: 1 });
  await to.publish(trade(1), trade(2), trade(3), trade(4));
  const end = ((await read({ topicPrefix, from: 'beginning' }, 4)).at(-1)?.at.offset ?? 0) + 1;
  const refusal = (offset: number, partition = 0) =>
    connectTopics({ brokers, topicPrefix, from: { offsets: [{ topic: trades, partition, offset }] } }).then(
      (market) => market.close(),
      ({ message, field, retry }) => ({ message, field, retry: retry.kind }),
    );
  expect(await refusal(end)).toBeUndefined();
  expect(await refusal(end + 1)).toEqual({
    message: `connectTopics: from.offsets[0].offset is ${end + 1}, allowed: at most ${end}, the end of ${trades} partition 0`,
    field: 'from.offsets[0].offset',
    retry: 'never',
  });
  expect(await refusal(0, 7)).toMatchObject({
    message: `connectTopics: from.offsets[0].partition is 7, allowed: one of the partitions of ${trades}: 0`,
    field: 'from.offsets[0].partition',
  });
});

it('a client refuses the offset of a topic that the brokers do not have', async () => {
  const { topicPrefix } = await topics({ partitions: 1 });
  const topic = `${topicPrefix}klines`;
  await deleteTopic(brokers, topic);
  const missing = connectTopics({ brokers, topicPrefix, from: { offsets: [{ topic, partition: 0, offset: 0 }] } });
  await expect(missing).rejects.toThrow(`no topic ${topic} at `);
});

it.each(['before', 'after'])(
  'a client warns if the records at its offset were deleted %s it connected',
  async (order) => {
    const { topics: to, topicPrefix, trades } = await topics({ partitions: 1 });
    await to.publish(trade(1), trade(2), trade(3));
    const [first, , third] = (await read({ topicPrefix, from: 'beginning' }, 3)).map(({ at }) => at);
    if (first === undefined || third === undefined) throw new Error('three trades are read');
    const warnings: ClientWarning[] = [];
    const onWarning = (warning: ClientWarning) => warnings.push(warning);
    if (order === 'before') await deleteRecordsBefore(brokers, trades, third.offset);
    const market = await connect({ topicPrefix, onWarning, from: { offsets: [first] } });
    if (order === 'after') await deleteRecordsBefore(brokers, trades, third.offset);
    for await (const { tradeId } of market.read('trades')) {
      expect(tradeId).toBe('3');
      break;
    }
    expect(warnings).toEqual([{ kind: 'lost', topic: trades, partition: 0, from: first.offset, next: third.offset }]);
  },
);
