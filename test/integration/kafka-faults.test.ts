import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { sinkContract } from '../contracts/sink-contract.ts';
import { expectOnceEach, feed, read } from './numbered-trades.ts';

let proxied: KafkaProxy;
beforeAll(async () => {
  proxied = await startSharedProxy();
});
afterAll(() => proxied?.close());
afterEach(() => proxied.serve());

describe.each(KAFKA_CLIENTS)('the Kafka client %s', (client) => {
  const config = () => kafkaConfig(proxied.brokers, { client, topicPrefix: `${randomUUID()}.`, partitions: 3 });

  describe('the Kafka sink and its driver', () => {
    it('deliver each trade once if answers of the broker are lost', async () => {
      const of = config();
      const feeding = feed(of, isLong ? 1000 : 200);
      await feeding.driver.opened;
      let answers = 0;
      proxied.loseResponses(() => ++answers % (isLong ? 40 : 10) === 0);
      const before = proxied.lost;
      const lost = () => proxied.lost - before;
      await until(() => lost() >= 20, { timeoutMs: 60_000, message: () => `${lost()} answers lost` });
      await proxied.serve();
      expect(await feeding.stop(10_000)).toMatchObject({ undelivered: 0 });
      await expectOnceEach(of, feeding.count);
    });

    it('detect a broker that stops answering, and deliver each trade once after it recovers', async () => {
      const of = config();
      const feeding = feed(of, isLong ? 200 : 50);
      await until(() => feeding.driver.stats().delivered > 50);
      await proxied.hang();
      await until(() => feeding.driver.stats().state === 'down', { timeoutMs: 3000 });
      // In `make faults`, the outage lasts until a request of the client times out.
      await until(() => (feeding.driver.stats().oldestUnackedMs ?? 0) > (isLong ? 11_000 : 3000), {
        timeoutMs: 60_000,
      });
      await proxied.serve();
      await until(() => feeding.driver.stats().state === 'up', { timeoutMs: 60_000 });
      expect(await feeding.stop(10_000)).toMatchObject({ undelivered: 0 });
      await expectOnceEach(of, feeding.count);
    });

    it('count the undelivered trades if the broker is away, and close within the deadline', async () => {
      const of = config();
      const feeding = feed(of, 500);
      await until(() => feeding.driver.stats().delivered > 100);
      await proxied.refuse();
      await delay(300);
      const started = performance.now();
      const { undelivered } = await feeding.stop(1000);
      expect(performance.now() - started).toBeLessThan(1000 + limitMs(2500));
      expect(undelivered).toBeGreaterThan(100);
      expect(undelivered + feeding.driver.stats().delivered).toBe(feeding.count);
    });
  });

  // In the suite, kafka-contract.test.ts covers what the sink needs from the other client.
  if (!isLong && client !== 'kafkajs') return;

  sinkContract('kafka', async () => {
    const of = config();
    return {
      newSink: () => newKafkaSink(of),
      read: (topic) => read(of, topic),
      outage: { begin: () => proxied.refuse(), end: () => proxied.serve() },
      remove: async () => {},
    };
  });
});
