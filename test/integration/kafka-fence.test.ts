import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { Brokers } from '../../src/kafka/brokers.ts';
import type { KafkaConfig } from '../../src/kafka/config.ts';
import { readTopic } from '../../src/kafka/reading/read-topic.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Outcome, Sink } from '../../src/sinks/contract.ts';
import { transactionalIdOf } from '../../src/sinks/kafka/fence.ts';
import { KafkaSink } from '../../src/sinks/kafka/sink.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { type KafkaProxy, startProxiedBroker, startSharedProxy } from '../../testing/kafka/kafka-proxy.ts';
import { withAdmin } from '../../testing/kafka/with-admin.ts';
import { temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { runPython } from '../../testing/tools/python.ts';
import { startHere } from '../cli/start-here.ts';
import { short, tick, trade } from '../sinks/fake-sink.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const quiet = () => {};
const sinks: Sink[] = [];

async function openSink(
  of: KafkaConfig,
  environmentPrefixes = [''],
  beforeFence?: () => Promise<unknown>,
): Promise<Sink> {
  const gate = beforeFence === undefined ? {} : { beforeFence };
  const sink = new KafkaSink({
    config: of,
    environmentPrefixes,
    log: quiet,
    now: () => performance.now(),
    wallClockMs: Date.now,
    ...gate,
  });
  sinks.push(sink);
  await sink.open();
  return sink;
}

async function read(of: KafkaConfig, topic: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { record } of readTopic(of, of.topicPrefix + topic, { from: 'beginning', follow: false }, quiet)) {
    found.push(record instanceof Fault ? record.message : short({ topic, key: '', record }));
  }
  return found;
}

const DELIVERED = [{ kind: 'delivered' }];
const OVER = [{ kind: 'retry', fault: { retry: { kind: 'never' }, message: expect.stringContaining('took over') } }];

let proxied: KafkaProxy;
beforeAll(async () => {
  proxied = await startSharedProxy();
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
});
afterAll(() => proxied?.close());

const configWith = (client: KafkaConfig['client'], { brokers } = proxied): KafkaConfig =>
  kafkaConfig(brokers, { client, topicPrefix: `${randomUUID()}.`, partitions: 3 });

// Kills of a broker belong to `make faults`.
if (isLong) {
  it('the Kafka sink waits with either client for the coordinator of a broker that restarts after a kill', async () => {
    const own = await startProxiedBroker();
    onTestFinished(() => own.close());
    const configs = KAFKA_CLIENTS.map((client) => configWith(client, own));
    for (const of of configs) {
      const previous = await openSink(of);
      expect(await previous.write([trade(1)])).toEqual(DELIVERED);
      await previous.close();
    }
    await own.broker.kill();
    await own.broker.start();
    await Promise.all(
      configs.map(async (of) => {
        const sink = await openSink(of);
        expect(await sink.write([trade(2)]), of.client).toEqual(DELIVERED);
        expect(await read(of, 'trades'), of.client).toEqual(['t1', 't2']);
      }),
    );
  }, 120_000);
}

describe.each(KAFKA_CLIENTS)('the fence of a start with %s', (client) => {
  const config = () => configWith(client);

  /** Starts a writer while the second trade of the previous writer is in flight. Returns what became of that trade. */
  async function overtaken(
    previous: Sink,
    of: KafkaConfig,
  ): Promise<{ later: Sink; answer: Promise<readonly Outcome[]> }> {
    expect(await previous.write([trade(1)])).toEqual(DELIVERED);
    const held = proxied.holdProduce();
    const answer = previous.write([trade(2)]);
    const passOn = await held;
    const later = await openSink(of);
    passOn();
    return { later, answer };
  }

  it('blocks the previous writer in every partition, and that writer does not retry', async () => {
    const of = config();
    const previous = await openSink(of);
    expect(await previous.write([trade(1)])).toEqual(DELIVERED);
    const later = await openSink(of);
    expect(await previous.write([trade(2)])).toMatchObject([{ kind: 'retry' }]);
    expect(await previous.write([trade(2)])).toMatchObject(OVER);
    expect(await previous.write([trade(2, 'ETHUSDT')])).toMatchObject(OVER);
    expect(previous.trouble()).toContain('took over');
    expect(await later.write([trade(3)])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't3']);
  });

  it('rejects a request of the previous writer that is still in flight', async () => {
    const of = config();
    const previous = await openSink(of);
    const { later, answer } = await overtaken(previous, of);
    expect(await answer).toMatchObject([{ kind: 'retry', fault: { message: expect.stringContaining('epoch') } }]);
    expect(await later.write([trade(3)])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't3']);
  });

  it('blocks the previous writer in the topics of an environment that appears later', async () => {
    const of = config();
    const testnet = (id: number) => ({ ...trade(id), topic: 'testnet.trades' });
    const previous = await openSink(of);
    expect(await previous.write([testnet(1)])).toEqual(DELIVERED);
    const held = proxied.holdProduce();
    const answer = previous.write([testnet(2)]);
    const passOn = await held;
    const later = await openSink(of);
    // The record goes to another topic, because a batch in the same topic would fence the previous writer by itself.
    expect(await later.write([{ ...tick('1'), topic: 'testnet.prices' }])).toEqual(DELIVERED);
    passOn();
    expect(await answer).toMatchObject([{ kind: 'retry' }]);
    expect(await read(of, 'testnet.trades')).toEqual(['t1']);
  });

  it('blocks a previous writer with the other Kafka client, and its request in flight', async () => {
    const of = config();
    const previous = await openSink({ ...of, client: KAFKA_CLIENTS.find((other) => other !== client) ?? client });
    const { later, answer } = await overtaken(previous, of);
    expect(await answer).toMatchObject([{ kind: 'retry' }]);
    expect(await previous.write([trade(2)])).toMatchObject(OVER);
    expect(await later.write([trade(3)])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't3']);
  });

  it('blocks the previous writer in a partition that it never wrote to', async () => {
    const of = config();
    const previous = await openSink(of);
    await openSink(of);
    expect(await previous.write([trade(1)])).toMatchObject([{ kind: 'retry' }]);
    expect(await read(of, 'trades')).toEqual([]);
  });

  // The other client differs only in how the sink writes, and the tests above cover that. kafka-contract.test.ts covers
  // the other requests of each client.
  if (!isLong && client !== 'kafkajs') return;

  it('lets the previous writer continue until beforeFence resolves', async () => {
    const of = config();
    const previous = await openSink(of);
    const [asked, ready] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const opened = openSink(of, [''], () => {
      asked.resolve();
      return ready.promise;
    });
    await asked.promise;
    expect(await previous.write([trade(1)])).toEqual(DELIVERED);
    ready.resolve();
    const later = await opened;
    expect(await previous.write([trade(2)])).toMatchObject([{ kind: 'retry' }]);
    expect(await later.write([trade(3)])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't3']);
  });

  it('does not block a writer with another client id', async () => {
    const of = config();
    const previous = await openSink(of);
    const held = proxied.holdProduce();
    const answer = previous.write([trade(2)]);
    const passOn = await held;
    const other = await openSink({ ...of, clientId: 'another' });
    expect(await other.write([trade(1)])).toEqual(DELIVERED);
    passOn();
    expect(await answer).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't2']);
  });

  it('does not delay readers of committed records, and leaves only one marker in each partition', async () => {
    const of = config();
    for (let run = 1; run <= 3; run++) {
      const sink = await openSink(of);
      expect(await sink.write([trade(run), trade(run, 'ETHUSDT'), trade(run, 'SOLUSDT')])).toHaveLength(3);
      const brokers = new Brokers(of, quiet);
      const topic = `${of.topicPrefix}trades`;
      await brokers.metadata([topic]);
      const offsets = new Map([0, 1, 2].map((partition) => [partition, 0n]));
      const limits = { maxWaitMs: 100, maxBytes: 2 ** 20 };
      const partitions = await brokers.any((broker) => broker.fetch(topic, offsets, limits));
      expect(partitions).toHaveLength(3);
      for (const { lastStableOffset, highWatermark, messages } of partitions) {
        expect(lastStableOffset).toBe(highWatermark);
        // The other offsets belong to the markers of transactions.
        expect(Number(highWatermark) - messages.length).toBe(run);
      }
      brokers.end();
      await sink.close();
    }
    const names = ['--brokers', of.brokers.join(','), '--topic', `${of.topicPrefix}trades`, '--schemas', 'schemas'];
    const { stdout } = await runPython('read_topic.py', names);
    const ids = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).record.trade_id]));
    expect(ids.toSorted()).toEqual(['1', '1', '1', '2', '2', '2', '3', '3', '3']);
  });

  it('ends a transaction that a killed start left open', async () => {
    const of = config();
    await (await openSink(of)).write([trade(1)]);
    const brokers = new Brokers(of, quiet);
    const transactionalId = transactionalIdOf(of);
    const coordinated = await brokers.coordinator('transaction', transactionalId);
    const numbers = await coordinated((broker) => broker.initProducerId(transactionalId, 60_000));
    const topics = [{ topic: `${of.topicPrefix}trades`, partitions: [0, 1, 2] }];
    await coordinated((broker) => broker.addPartitionsToTransaction({ ...numbers, transactionalId }, topics));
    brokers.end();
    const sink = await openSink(of);
    expect(await sink.write([trade(2)])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't2']);
  });

  it('names the transactional id in the error if the broker denies access to it', async () => {
    const of = config();
    await withAdmin(of.brokers, (admin) =>
      admin.createAcls({
        acl: [
          {
            resourceType: AclResourceTypes.TRANSACTIONAL_ID,
            resourceName: transactionalIdOf(of),
            resourcePatternType: ResourcePatternTypes.LITERAL,
            principal: 'User:ANONYMOUS',
            host: '*',
            operation: AclOperationTypes.ALL,
            permissionType: AclPermissionTypes.DENY,
          },
        ],
      }),
    );
    await expect(openSink(of)).rejects.toMatchObject({
      kind: 'sink',
      retry: { kind: 'never' },
      message: expect.stringContaining(`transactional id ${transactionalIdOf(of)}`),
    });
  });

  it('does not block a pipeline of another environment, such as a run during a replay', async () => {
    const of = config();
    const running = await openSink(of);
    expect(await running.write([trade(1)])).toEqual(DELIVERED);
    await openSink(of, ['replay.']);
    expect(await running.write([trade(2)])).toEqual(DELIVERED);
    // The writer must first write a marker to the new topic. The brokers allow that only to the last writer of a
    // transactional id.
    expect(await running.write([{ ...trade(3), topic: 'testnet.trades' }])).toEqual(DELIVERED);
    expect(await read(of, 'trades')).toEqual(['t1', 't2']);
  });

  it('delays the open of the sink by less than 1 s over 44 partitions', async () => {
    const of = { ...config(), partitions: 6 };
    await openSink(of);
    const times: number[] = [];
    for (let run = 0; run < (isLong ? 5 : 2); run++) {
      const started = performance.now();
      await openSink(of);
      times.push(Math.round(performance.now() - started));
    }
    console.info(`a start with ${client} over 44 partitions: ${times.join(', ')} ms`);
    expect(Math.min(...times)).toBeLessThan(limitMs(1000));
  });

  it('ends the previous run with exit code 3 and the reason', async () => {
    const simulator = await startSimulator({ rate: 30, symbols: 3 });
    onTestFinished(() => simulator.close());
    const values = {
      ...simulatedValues(simulator, { coins: ['BTC', 'ETH', 'SOL'], feed: { venues: ['binance'] } }),
      kafka: { client, brokers: proxied.brokers, topic_prefix: `${randomUUID()}.`, partitions: 3 },
      gateway: { enabled: false },
    };
    // As on two machines, each run has its own folder for the spill.
    const start = async () => {
      const spill = { dir: join(await temporaryFolder(), 'spill') };
      return startHere('run', '--config', await writeConfiguration(await temporaryFolder(), { ...values, spill }));
    };
    const first = await start();
    await first.logged('trading_resumed');
    const second = await start();
    expect(await first.exited, first.stderr).toBe(3);
    expect(first.stderr).toContain('another writer with the same kafka.client_id and topic_prefix took over');
    await second.logged('trading_resumed');
    expect(await second.stop(), second.stderr).toBe(0);
  });
});
