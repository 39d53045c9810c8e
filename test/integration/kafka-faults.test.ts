import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { asyncScheduler } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';
import { KafkaSink } from '../../src/sinks/kafka/sink.ts';
import { startBroker } from '../../testing/kafka/kafka-broker.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';
import { sinkContract } from '../contracts/sink-contract.ts';
import { trade } from '../sinks/fake-sink.ts';

const quiet = () => {};
const sinkOf = (of: KafkaConfig) =>
  new KafkaSink({
    config: of,
    environmentPrefixes: [''],
    log: quiet,
    now: () => performance.now(),
    wallClockMs: Date.now,
  });

async function read(of: KafkaConfig, topic: string): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  const options = { from: 'beginning', follow: false } as const;
  for await (const { record } of readTopic(of, of.topicPrefix + topic, options, quiet)) {
    if (record instanceof Fault) throw record;
    records.push(record);
  }
  return records;
}

const SYMBOLS = Array.from({ length: 20 }, (_, index) => `C${index}USDT`);

/** Pushes trades 1, 2, 3… through a driver at a fixed rate until it is stopped. */
function feed(of: KafkaConfig, perSecond: number) {
  const states: string[] = [];
  const latencies: number[] = [];
  const pushedAt: number[] = [];
  const driver = new SinkDriver(sinkOf(of), {
    scheduler: asyncScheduler,
    onState: (state, reason) => states.push(`${state}: ${reason}`),
    onDelivered: (records) => {
      const now = performance.now();
      for (const { record } of records) {
        if (record.kind === 'trade') latencies.push(now - (pushedAt[Number(record.tradeId)] as number));
      }
    },
  });
  let count = 0;
  let going = true;
  const running = (async () => {
    await driver.opened;
    const start = performance.now();
    while (going) {
      const due = ((performance.now() - start) / 1000) * perSecond;
      while (count < due) {
        count++;
        pushedAt[count] = performance.now();
        driver.push(trade(count, SYMBOLS[count % SYMBOLS.length]));
      }
      await delay(5);
    }
  })();
  return {
    driver,
    states,
    latencies,
    get count() {
      return count;
    },
    async stop(timeoutMs: number) {
      going = false;
      await running;
      return driver.close({ timeoutMs });
    },
  };
}

/** Expects each trade from 1 to `count` once, in order within its symbol. */
async function expectOnceEach(of: KafkaConfig, count: number): Promise<void> {
  const ids = new Map<string, number[]>();
  for (const record of await read(of, 'trades')) {
    if (record.kind !== 'trade') continue;
    const own = ids.get(record.symbol) ?? [];
    own.push(Number(record.tradeId));
    ids.set(record.symbol, own);
  }
  for (const [index, symbol] of SYMBOLS.entries()) {
    const expected: number[] = [];
    for (let id = index === 0 ? SYMBOLS.length : index; id <= count; id += SYMBOLS.length) expected.push(id);
    expect(ids.get(symbol) ?? []).toEqual(expected);
  }
}

let proxied: KafkaProxy;
beforeAll(async () => {
  proxied = await startSharedProxy();
});
afterAll(() => proxied?.close());
afterEach(() => proxied.serve());

const configWith = (client: KafkaConfig['client'], { brokers }: Pick<KafkaProxy, 'brokers'> = proxied): KafkaConfig =>
  kafkaConfig(brokers, { client, topicPrefix: `${randomUUID()}.`, partitions: 3 });

it('the Kafka sink delivers each trade once over a broker kill with either client, and reports the outage', async () => {
  const broker = await startBroker();
  onTestFinished(() => broker.close());
  const sinks = KAFKA_CLIENTS.map((client) => {
    const of = configWith(client, broker);
    return { client, of, feeding: feed(of, isLong ? 500 : 100) };
  });
  for (const { feeding } of sinks) await until(() => feeding.driver.stats().delivered > 100);
  await broker.kill();
  if (isLong) await delay(10_000);
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
    // In the suite, on busy cores, a broker that has just started may fail to answer in time once more.
    const ends = isLong ? turns : [...turns.slice(0, 2), turns.at(-1)];
    expect(ends, client).toEqual(['up: open', expect.stringContaining('down: '), 'up: delivers again']);
    await expectOnceEach(of, feeding.count);
  }
}, 120_000);

describe.each(KAFKA_CLIENTS)('the Kafka client %s', (client) => {
  const config = () => configWith(client);

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
      newSink: () => sinkOf(of),
      read: (topic) => read(of, topic),
      outage: { begin: () => proxied.refuse(), end: () => proxied.serve() },
      remove: async () => {},
    };
  });
});
