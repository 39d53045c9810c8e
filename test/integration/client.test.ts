import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ClientOptions, ClientWarning, Market } from '../../src/client/index.ts';
import { connectTopics } from '../../src/client/index.ts';
import { encodeConfluent } from '../../src/codec/wire-format.ts';
import type { TradeEvent } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { deleteRecordsBefore } from '../../testing/kafka/with-admin.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { gapOf, heartbeat, PublishedTopics, priceNow } from '../client/published-topics.ts';

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

async function topics(over: Partial<KafkaConfig> = {}): Promise<{ topics: PublishedTopics; config: KafkaConfig }> {
  const config = kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, ...over });
  const opened = await PublishedTopics.open(config);
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return { topics: opened, config };
}

async function connect(config: KafkaConfig, options: ClientOptions = {}): Promise<Market> {
  const market = await connectTopics({ brokers, topicPrefix: config.topicPrefix, ...options });
  onTestFinished(() => market.close());
  return market;
}

const numbered = (count: number, symbol = 'BTCUSDT', first = 1): TradeEvent[] =>
  Array.from({ length: count }, (_, index) => tradeEvent(first + index, { symbol, coin: symbol.replace('USDT', '') }));

describe('connectTopics', () => {
  it('emits each trade published after the connect once, of one coin or of all coins', async () => {
    const { topics: to, config } = await topics();
    await to.publish(...numbered(5));
    const market = await connect(config);
    const bitcoin: string[] = [];
    const all: string[] = [];
    market.trades$('BTC').subscribe(({ tradeId }) => bitcoin.push(tradeId));
    market.trades$().subscribe(({ symbol, tradeId }) => all.push(`${symbol} ${tradeId}`));
    await market.ready();
    await to.publish(...numbered(3, 'BTCUSDT', 6), ...numbered(2, 'ETHUSDT'), ...numbered(2, 'BTCUSDT', 8));
    await until(() => all.length >= 6);
    expect(bitcoin).toEqual(['6', '7', '8', '9']);
    expect(all.toSorted()).toEqual(['BTCUSDT 6', 'BTCUSDT 7', 'BTCUSDT 8', 'BTCUSDT 9', 'ETHUSDT 1', 'ETHUSDT 2']);
    await until(() => market.lag().trades?.records === 0);
    expect(market.lag().trades).toEqual({ ms: 0, records: 0 });
  });

  it('returns the latest price of a coin on connect, even if 12,000 prices of another coin follow it', async () => {
    const { topics: to, config } = await topics({ partitions: 2 });
    await to.publish(priceNow('ADAUSDT', '0.5'));
    await to.publish(...Array.from({ length: 12_000 }, (_, index) => priceNow('BTCUSDT', String(index + 1))));
    await to.publish(heartbeat(1, ['BTCUSDT', 'ADAUSDT', 'XRPUSDT']));
    const market = await connect(config);
    expect(market.latest('BTC')?.price).toBe('12000');
    expect(market.latest('adausdt')?.price).toBe('0.5');
    expect(market.latest('XRP')).toBeUndefined();
    await to.publish(priceNow('BTCUSDT', '7'));
    await until(() => market.latest('BTC')?.price === '7');
  });

  it('halts trading of a coin for a gap that was published before the client connected', async () => {
    const { topics: to, config } = await topics();
    await to.publish(priceNow('BTCUSDT', '1'), priceNow('ETHUSDT', '1'), gapOf('BTCUSDT'));
    await to.publish(heartbeat(1, ['BTCUSDT', 'ETHUSDT']));
    const market = await connect(config, { resumeAfterMs: 0 });
    await to.publish(heartbeat(2, ['BTCUSDT', 'ETHUSDT']), priceNow('BTCUSDT', '1'), priceNow('ETHUSDT', '1'));
    await until(() => market.guard().isAllowed('ETH'));
    expect(market.guard().decision('BTC')).toMatchObject({ state: 'halted', causes: ['gap'] });
  });

  it('lists the existing topics in the error if its topics are missing', async () => {
    const { config } = await topics();
    const missing = connectTopics({ brokers, topicPrefix: config.topicPrefix, environment: 'replay' });
    await expect(missing).rejects.toThrow(
      new RegExp(`^no topic ${config.topicPrefix}replay.prices, .*; there are: ${config.topicPrefix}agg-trades, `),
    );
    await expect(missing).rejects.toMatchObject({ name: 'Fault', kind: 'unavailable' });
  });

  it('rejects if the newest records of a topic need a schema registry and none is given', async () => {
    const { topics: to, config } = await topics({ partitions: 1 });
    const topic = `${config.topicPrefix}prices`;
    const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const tick = priceNow('BTCUSDT', '1');
    await producer.send({ topic, messages: [{ key: 'BTCUSDT', value: encodeConfluent(tick, 7) }] });
    const refused = connectTopics({ brokers, topicPrefix: config.topicPrefix });
    await expect(refused).rejects.toThrow(
      `connectTopics: ${topic} has records in the Confluent wire format, so schemaRegistry must be { url }`,
    );
    await expect(refused).rejects.toMatchObject({ field: 'schemaRegistry', retry: { kind: 'never' } });
    // Older records of another format do not matter.
    await to.publish(tick);
    expect((await connect(config)).latest('BTC')?.price).toBe('1');
  });

  it('rejects with connect_failed within connectTimeoutMs if no broker listens', async () => {
    const started = performance.now();
    const refused = connectTopics({ brokers: ['127.0.0.1:1'], connectTimeoutMs: 3000 });
    await expect(refused).rejects.toMatchObject({ name: 'Fault', kind: 'connect_failed' });
    expect(performance.now() - started).toBeLessThan(3000 + limitMs(1000));
  });
});

describe('Market.read', () => {
  it('pauses the topic while its buffer is full, and loses no trade', async () => {
    const { topics: to, config } = await topics();
    const market = await connect(config, { from: 'beginning' });
    await to.publish(...numbered(3000));
    const reading = market.read('trades', { coin: 'BTC', overflow: { kind: 'pause', max: 10 } });
    await until(() => reading.waiting === 10);
    await until(() => (market.lag().trades?.records ?? 0) > 1000);
    const ids: string[] = [];
    for await (const { tradeId } of reading) {
      ids.push(tradeId);
      if (ids.length === 3000) break;
    }
    expect(ids).toEqual(numbered(3000).map(({ tradeId }) => tradeId));
  });

  it('warns of the offsets that were deleted before they were read', async () => {
    const { topics: to, config } = await topics({ partitions: 1 });
    const warnings: ClientWarning[] = [];
    const market = await connect(config, { from: 'beginning', onWarning: (warning) => warnings.push(warning) });
    await to.publish(...numbered(20));
    const reading = market.read('trades', { overflow: { kind: 'pause', max: 10 } });
    await until(() => reading.waiting === 10);
    await to.publish(...numbered(100, 'BTCUSDT', 21));
    const topic = `${config.topicPrefix}trades`;
    await deleteRecordsBefore(brokers, topic, 101);
    const ids: number[] = [];
    for await (const { tradeId } of reading) if (ids.push(Number(tradeId)) === 40) break;
    expect(ids.slice(0, 21)).toEqual([...Array.from({ length: 20 }, (_, index) => index + 1), 101]);
    expect(warnings).toEqual([{ kind: 'lost', topic, partition: 0, from: 21, next: 101 }]);
  });
});

describe('a client group', () => {
  it('shares the partitions among its members, and resumes at the committed offsets', async () => {
    const { topics: to, config } = await topics({ partitions: 6 });
    const symbols = ['BTC', 'ETH', 'SOL', 'BNB', 'XRP', 'ADA', 'DOGE', 'LTC', 'DOT', 'TRX'].map(
      (coin) => `${coin}USDT`,
    );
    const group = randomUUID();
    const warnings: ClientWarning[] = [];
    const join = async () => {
      const market = await connect(config, { group, onWarning: (warning) => warnings.push(warning) });
      const got: string[] = [];
      market.trades$().subscribe(({ symbol, tradeId }) => got.push(`${symbol} ${tradeId}`));
      await market.ready();
      return { market, got };
    };
    const first = await join();
    await to.publish(...symbols.flatMap((symbol) => numbered(10, symbol)));
    await until(() => first.got.length === 100);
    const second = await join();
    let round = 1;
    const bothWork = async () => {
      round++;
      await to.publish(...symbols.flatMap((symbol) => numbered(10, symbol, round * 10)));
      return second.got.length > 0 && first.got.length > 100;
    };
    await until(bothWork, { timeoutMs: 60_000, everyMs: 200 });
    const seen = () => [...first.got, ...second.got];
    await until(() => seen().length === round * 100, {
      message: () =>
        `${first.got.length} and ${second.got.length} of ${round * 100}, ${new Set(seen()).size} different`,
    });
    expect(new Set(seen()).size).toBe(round * 100);
    await first.market.close();
    await second.market.close();
    await to.publish(...symbols.flatMap((symbol) => numbered(10, symbol, 100_000)));
    const third = await join();
    await until(() => third.got.length === 100, { message: () => `${third.got.length} of 100` });
    expect(new Set(third.got).size).toBe(100);
    expect(warnings).toEqual([]);
  });
});
