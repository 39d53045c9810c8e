import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, sharedBrokers, startBroker } from '../../testing/kafka/kafka-broker.ts';
import { createTopic, withAdmin } from '../../testing/kafka/with-admin.ts';
import { until } from '../../testing/tools/until.ts';

async function produce(brokers: string[], topic: string, values: string[]): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    if ((await admin.listTopics()).includes(topic)) return;
    await createTopic(admin, { topic, numPartitions: 1, replicationFactor: 1 });
  });
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: values.map((value) => ({ key: 'k', value })) });
  await producer.disconnect();
}

async function consume(brokers: string[], topic: string, count: number): Promise<string[]> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: randomUUID() });
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value));
    },
  });
  await until(() => values.length >= count, { message: () => `${values.length} of ${count}` });
  await consumer.disconnect();
  return values;
}

describe('the shared broker', () => {
  it('stores and returns records, and does not create topics by itself', async () => {
    const brokers = await sharedBrokers();
    const topic = `broker-${randomUUID()}`;
    await produce(brokers, topic, ['a', 'b']);
    expect(await consume(brokers, topic, 2)).toEqual(['a', 'b']);
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).producer();
    await producer.connect();
    await expect(producer.send({ topic: `never-${topic}`, messages: [{ value: 'x' }] })).rejects.toThrow();
    await producer.disconnect();
  });
});

describe('a broker for one test', () => {
  let broker: Broker;
  beforeAll(async () => {
    const started = performance.now();
    broker = await startBroker({ config: { 'message.max.bytes': '2000' } });
    console.info(`broker by ${broker.way}: ready in ${Math.round(performance.now() - started)} ms`);
  });
  afterAll(() => broker?.close());

  it.each(['stop', 'kill'] as const)(
    'keeps its address and data over %s and start',
    async (end) => {
      const topic = `restart-${end}`;
      await produce(broker.brokers, topic, ['before']);
      await broker[end]();
      await expect(
        new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin().connect(),
      ).rejects.toThrow();
      await broker.start();
      await produce(broker.brokers, topic, ['after']);
      expect(await consume(broker.brokers, topic, 2)).toEqual(['before', 'after']);
    },
    60_000,
  );

  it('applies the message.max.bytes that the test sets', async () => {
    await expect(produce(broker.brokers, 'small', ['x'.repeat(3000)])).rejects.toThrow(/larger/);
  });
});
