import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicLayout } from '../../../src/kafka/topic-layout.ts';
import { Fence } from '../../../src/sinks/kafka/fence.ts';
import { RepeatingProducer } from '../../../src/sinks/kafka/producer.ts';
import type { Message } from '../../../src/sinks/kafka/record-batches.ts';
import { kafkaConfig } from '../../../testing/kafka/kafka-config.ts';
import { type Failure, FakeCluster } from '../../kafka/fake-cluster.ts';

const PARTITIONS = 4;

async function setUp(leaders: readonly number[] = [1, 2, 1, 2]) {
  const cluster = new FakeCluster();
  let time = 0;
  const tick = (ms: number) => {
    time += ms;
  };
  const layouts = new Map(['a', 'b'].map((name) => [name, new TopicLayout(name, cluster.addTopic(name, leaders))]));
  const producer = new RepeatingProducer({
    config: kafkaConfig(['x:1']),
    brokers: cluster,
    now: () => time,
    wallClockMs: () => time,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  await producer.open(layouts);
  const produce = (messages: readonly Message[]) => producer.produce(messages, layouts);
  const stored = (topic: string) =>
    Array.from({ length: PARTITIONS }, (_, partition) =>
      cluster.records(topic, partition).map(({ value }) => value),
    ).flat();
  return { cluster, producer, produce, stored, layouts, tick };
}

const message = (topic: string, key: string, value: string): Message => ({ topic, key, value: Buffer.from(value) });
const kinds = (outcomes: readonly { readonly kind: string }[]) => outcomes.map(({ kind }) => kind);
const numbered = (from: number, count: number, topic = 'a') =>
  Array.from({ length: count }, (_, index) => message(topic, `key-${(from + index) % 7}`, String(from + index)));

describe('the Kafka producer', () => {
  it('sends each broker one request with the records of the partitions that it leads', async () => {
    const { cluster, produce, stored } = await setUp();
    expect(new Set(kinds(await produce([...numbered(0, 50), ...numbered(0, 50, 'b')])))).toEqual(
      new Set(['delivered']),
    );
    expect(cluster.requests).toBe(2);
    expect(stored('a')).toHaveLength(50);
    expect(stored('b')).toHaveLength(50);
  });

  it.each(['before', 'lost_answer', 'some_stored', 'skipped'] as const)(
    'repeats a request after an error (%s) with the same producer id, without duplicates',
    async (failure) => {
      const { cluster, produce, stored } = await setUp([1, 1, 1, 1]);
      await produce(numbered(0, 10));
      const failures: Failure[] = [failure, failure, failure];
      cluster.failure = () => failures.shift() ?? 'none';
      expect(new Set(kinds(await produce(numbered(10, 40))))).toEqual(new Set(['delivered']));
      await produce(numbered(50, 10));
      expect(
        stored('a')
          .map(Number)
          .toSorted((x, y) => x - y),
      ).toEqual(Array.from({ length: 60 }, (_, index) => index));
      expect(cluster.producers).toBe(1);
    },
  );

  it('follows partitions that move to another leader, even if answers are lost', async () => {
    const { cluster, produce, stored } = await setUp();
    let request = 0;
    cluster.beforeRequest = () => {
      request++;
      if (request % 2 === 1) cluster.move('a', request % PARTITIONS, 1 + (request % 3));
    };
    cluster.failure = () => (request % 3 === 0 ? 'lost_answer' : 'none');
    for (let from = 0; from < 100; from += 20) {
      expect(new Set(kinds(await produce(numbered(from, 20))))).toEqual(new Set(['delivered']));
    }
    expect(
      stored('a')
        .map(Number)
        .toSorted((x, y) => x - y),
    ).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('rejects only the record that the broker refuses, and stores each other record once', async () => {
    const { cluster, produce, stored } = await setUp();
    cluster.refuses = (value) => value === '13';
    const outcomes = kinds(await produce(numbered(0, 40)));
    expect(outcomes[13]).toBe('rejected');
    expect(outcomes.filter((kind) => kind !== 'delivered')).toEqual(['rejected']);
    expect(
      stored('a')
        .map(Number)
        .toSorted((x, y) => x - y),
    ).toEqual(Array.from({ length: 40 }, (_, index) => index).filter((index) => index !== 13));
    await produce(numbered(40, 10));
    expect(stored('a')).toHaveLength(49);
    expect(cluster.producers).toBe(1);
  });

  it('finds the maximum batch size of the broker if it is smaller than assumed', async () => {
    const { cluster, produce, stored } = await setUp([1, 1, 1, 1]);
    cluster.maxBatchBytes = 50_000;
    const big = (from: number) =>
      Array.from({ length: 30 }, (_, index) => message('a', 'k', String(from + index).padStart(9000, '0')));
    expect(new Set(kinds(await produce(big(0))))).toEqual(new Set(['delivered']));
    const before = cluster.requests;
    expect(new Set(kinds(await produce(big(30))))).toEqual(new Set(['delivered']));
    expect(cluster.requests - before).toBeLessThan(before);
    expect(stored('a').map(Number)).toEqual(Array.from({ length: 60 }, (_, index) => index));
    const huge = [message('a', 'k', 'x'.repeat(60_000)), message('a', 'k', '60')];
    expect(kinds(await produce(huge))).toEqual(['rejected', 'delivered']);
  });

  it('renews its producer id after a wrong sequence number, and leaves the records for a retry', async () => {
    const { cluster, produce, stored, producer } = await setUp([1, 1, 1, 1]);
    await produce(numbered(0, 10));
    cluster.outOfOrder = () => true;
    expect(new Set(kinds(await produce(numbered(10, 10))))).toEqual(new Set(['retry']));
    expect(producer.trouble).toBeDefined();
    cluster.outOfOrder = () => false;
    expect(new Set(kinds(await produce(numbered(10, 10))))).toEqual(new Set(['delivered']));
    expect(cluster.producers).toBe(2);
    expect(producer.trouble).toBeUndefined();
    expect(stored('a')).toHaveLength(20);
  });

  it('reports records as delivered if only another partition has a wrong sequence number', async () => {
    const { cluster, produce, stored } = await setUp([1, 1, 1, 1]);
    const both = [message('b', 'k', '0'), message('a', 'k', '0')];
    cluster.outOfOrder = (topic) => topic === 'b';
    const outcomes = await produce(both);
    expect(kinds(outcomes)).toEqual(['retry', 'delivered']);
    cluster.outOfOrder = () => false;
    expect(kinds(await produce(both.filter((_, index) => outcomes[index]?.kind === 'retry')))).toEqual(['delivered']);
    expect([stored('a'), stored('b')]).toEqual([['0'], ['0']]);
  });

  it('fails for good after a later writer has fenced it, and does not fence that writer', async () => {
    const { cluster, produce, stored, layouts } = await setUp([1, 1, 1, 1]);
    await produce(numbered(0, 10));
    await new Fence(cluster, 'the same', () => 0, new AbortController().signal).renew(layouts);
    expect(new Set(kinds(await produce(numbered(10, 10))))).toEqual(new Set(['retry']));
    for (let again = 0; again < 3; again++) {
      expect(await produce(numbered(10, 1))).toMatchObject([{ kind: 'retry', fault: { retry: { kind: 'never' } } }]);
    }
    expect(cluster.producers).toBe(2);
    expect(stored('a')).toHaveLength(10);
  });

  it('fences previous writers when it opens, when it is renewed, for a new topic, and once a day', async () => {
    const { cluster, produce, layouts, tick } = await setUp([1, 1, 1, 1]);
    expect(cluster.closings).toBe(1);
    await produce(numbered(0, 10));
    layouts.set('c', new TopicLayout('c', cluster.addTopic('c', [1, 1, 1, 1])));
    await produce(numbered(0, 10, 'c'));
    expect(cluster.closings).toBe(2);
    tick(86_400_000);
    cluster.coordinatorAway = true;
    expect(new Set(kinds(await produce(numbered(60, 10))))).toEqual(new Set(['delivered']));
    expect(cluster.closings).toBe(2);
    cluster.coordinatorAway = false;
    tick(1000);
    await produce(numbered(10, 10));
    await produce(numbered(20, 10));
    expect(cluster.closings).toBe(3);
    expect(cluster.producers).toBe(1);
    cluster.outOfOrder = () => true;
    await produce(numbered(30, 10));
    cluster.outOfOrder = () => false;
    await produce(numbered(30, 10));
    expect(cluster.closings).toBe(4);
    expect(cluster.producers).toBe(2);
  });

  it('ends at once when it is closed, and leaves unacknowledged records for a retry', async () => {
    const { cluster, produce, producer } = await setUp();
    cluster.failure = () => 'before';
    const outcomes = produce(numbered(0, 3));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await producer.close();
    expect(kinds(await outcomes)).toEqual(['retry', 'retry', 'retry']);
  });

  it('keeps the order per key and delivers once under any mixture of failures and leader moves', async () => {
    const failures = fc.constantFrom<Failure>('none', 'none', 'before', 'lost_answer', 'some_stored', 'skipped');
    const moves = fc.option(fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: -1, max: 3 })), { freq: 2 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
        fc.array(failures, { maxLength: 40 }),
        fc.array(moves, { maxLength: 40 }),
        fc.option(fc.nat(100)),
        async (sizes, failing, moving, refusedId) => {
          const { cluster, produce } = await setUp();
          cluster.failure = () => failing.shift() ?? 'none';
          cluster.beforeRequest = () => {
            const move = moving.shift();
            if (move != null) cluster.move('a', ...move);
          };
          cluster.refuses = (value) => value === String(refusedId);
          let next = 0;
          for (const size of sizes) {
            const outcomes = await produce(numbered(next, size));
            outcomes.forEach(({ kind }, index) => {
              expect(kind).toBe(next + index === refusedId ? 'rejected' : 'delivered');
            });
            next += size;
          }
          const byKey = new Map<string, number[]>();
          for (let partition = 0; partition < PARTITIONS; partition++) {
            for (const { key, value } of cluster.records('a', partition)) {
              byKey.set(key, [...(byKey.get(key) ?? []), Number(value)]);
            }
          }
          for (let key = 0; key < 7; key++) {
            const expected: number[] = [];
            for (let id = key; id < next; id += 7) if (id !== refusedId) expected.push(id);
            expect(byKey.get(`key-${key}`) ?? []).toEqual(expected);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the partition of a key', () => {
  it("equals the partition that Java's producer chooses", () => {
    const layout = new TopicLayout(
      't',
      Array.from({ length: 100 }, (_, partitionId) => ({ partitionId, leader: 1 })),
    );
    // The hashes are from Kafka's test org.apache.kafka.common.utils.UtilsTest.testMurmur2. The partition is
    // Utils.toPositive of the hash, modulo 100.
    const java = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 };
    for (const [key, hash] of Object.entries(java)) expect(layout.partitionOf(key)).toBe((hash & 0x7fffffff) % 100);
  });
});
