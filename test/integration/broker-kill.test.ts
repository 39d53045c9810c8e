import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { until } from '../../testing/tools/until.ts';
import { expectOnceEach, feed } from './numbered-trades.ts';

it('the Kafka sink delivers each trade once over a broker kill with either client, and reports the outage', async () => {
  const broker = await startBroker();
  onTestFinished(() => broker.close());
  const sinks = KAFKA_CLIENTS.map((client) => {
    const of = kafkaConfig(broker.brokers, { client, topicPrefix: `${randomUUID()}.`, partitions: 3 });
    return { client, of, feeding: feed(of, 500) };
  });
  for (const { feeding } of sinks) await until(() => feeding.driver.stats().delivered > 100);
  await broker.kill();
  await delay(10_000);
  for (const { feeding } of sinks) await until(() => feeding.driver.stats().state === 'down');
  await broker.start();
  for (const { client, of, feeding } of sinks) {
    await until(() => feeding.driver.stats().queued < 50, { timeoutMs: 60_000 });
    await delay(500);
    expect(await feeding.stop(10_000), client).toMatchObject({ undelivered: 0 });
    // While the sink is down, the reason may change. Each new reason is reported as another `down`.
    const turns = feeding.states.filter(
      (state, index, all) => !(state.startsWith('down') && all[index - 1]?.startsWith('down')),
    );
    expect(turns, client).toEqual(['up: open', expect.stringContaining('down: '), 'up: delivers again']);
    await expectOnceEach(of, feeding.count);
  }
}, 120_000);
