import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Brokers } from '../../src/kafka/brokers.ts';
import type { Compression, KafkaConfig } from '../../src/kafka/config.ts';
import type { BrokerConnection, NewTopic, ProduceBatch, ProducerIdAndEpoch } from '../../src/kafka/contract.ts';
import { isNotYetCoordinated } from '../../src/kafka/kafka-error.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import type { KafkaProxy, ProxiedBroker } from '../../testing/kafka/kafka-proxy.ts';

const LIMITS = { maxWaitMs: 200, maxBytes: 2 ** 20 };
const quiet = () => {};

/** What market-feed requires of a Kafka client, tested with a real broker (KC-01 …). */
export function describeKafkaClient(client: KafkaConfig['client'], proxied: () => KafkaProxy | ProxiedBroker): void {
  let config: KafkaConfig;
  beforeAll(async () => {
    config = kafkaConfig(await sharedBrokers(), { client });
  });

  const brokersOf = (over: Partial<KafkaConfig> = {}, requestTimeoutMs = 10_000): Brokers => {
    const brokers = new Brokers({ ...config, ...over }, quiet, { requestTimeoutMs });
    onTestFinished(() => brokers.end());
    return brokers;
  };

  /** Waits until the broker that leads all partitions of a new topic knows them. Returns the broker's id. */
  async function leaderOf(brokers: Brokers, topic: string, count: number): Promise<number> {
    let leader = -1;
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    await expect
      .poll(async () => {
        const { topics } = await brokers.metadata([topic]);
        leader = topics[0]?.partitions[0]?.leader ?? -1;
        return (await brokers.at(leader, (broker) => broker.listOffsets(topic, partitions, 'end'))).size;
      })
      .toBe(count);
    return leader;
  }

  /** Creates a topic for the test, and connects to the broker that leads all its partitions. */
  async function newTopic(over: Partial<KafkaConfig> = {}, settings: NewTopic['settings'] = {}) {
    const brokers = brokersOf(over);
    const topic = randomUUID();
    await brokers.metadata([]);
    await brokers.controller((broker) => broker.createTopics([{ topic, partitions: 2, replication: -1, settings }]));
    const leader = await leaderOf(brokers, topic, 2);
    const ask = <T>(request: (broker: BrokerConnection) => Promise<T>) => brokers.at(leader, request);
    return { brokers, topic, ask };
  }

  type Ask = Awaited<ReturnType<typeof newTopic>>['ask'];

  const newProducer = (brokers: Brokers, id: string = randomUUID()): Promise<ProducerIdAndEpoch> =>
    onceCoordinated(async () =>
      (await brokers.coordinator('transaction', id))((broker) => broker.initProducerId(id, 60_000)),
    );

  /** Retries `work`, because a coordinator refuses requests while it loads at its first use. */
  async function onceCoordinated<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries === 50 || !isNotYetCoordinated(error)) throw error;
        await delay(200);
      }
    }
  }

  const batch = (topic: string, values: readonly string[], at: Partial<ProduceBatch> = {}): ProduceBatch => ({
    topic,
    partition: 0,
    sequence: 0,
    timestamp: Date.now(),
    messages: values.map((value) => ({ key: `k-${value}`, value: Buffer.from(value) })),
    ...at,
  });

  async function valuesIn(ask: Ask, topic: string, partition = 0, from = 0n): Promise<string[]> {
    const found: string[] = [];
    for (let next = from; ; ) {
      const [fetched] = await ask((broker) => broker.fetch(topic, new Map([[partition, next]]), LIMITS));
      found.push(...(fetched?.messages ?? []).map(({ value }) => String(value)));
      if (fetched?.lastOffset === undefined) return found;
      next = fetched.lastOffset + 1n;
    }
  }

  describe('topics', () => {
    it('KC-01 are created with their partitions and settings, and existing topics stay unchanged', async () => {
      const { brokers, topic, ask } = await newTopic({}, { 'retention.ms': '60000', 'cleanup.policy': 'compact' });
      const other = { topic: randomUUID(), partitions: 3, replication: -1, settings: {} };
      const again = { topic, partitions: 9, replication: -1, settings: {} };
      await brokers.controller((broker) => broker.createTopics([again, other]));
      await expect
        .poll(async () => (await brokers.metadata([topic, other.topic])).topics.map((each) => each.partitions.length))
        .toEqual(expect.arrayContaining([2, 3]));
      const settings = await ask((broker) => broker.topicSettings([topic], ['retention.ms', 'cleanup.policy']));
      expect(settings.get(topic)).toEqual({ 'retention.ms': '60000', 'cleanup.policy': 'compact' });
    });

    it('KC-02 are listed with their leaders and replicas if all topics are requested', async () => {
      const { brokers, topic } = await newTopic();
      const { topics, brokers: known } = await brokers.metadata('all');
      const found = topics.find((each) => each.topic === topic);
      expect(found?.error).toBeUndefined();
      expect(found?.partitions.toSorted((a, b) => a.partitionId - b.partitionId)).toEqual(
        [0, 1].map((partitionId) => ({ partitionId, leader: known[0]?.nodeId, replicas: 1 })),
      );
    });

    it('KC-03 return an error if they do not exist, and are not created by the request', async () => {
      const { brokers, topic } = await newTopic();
      const missing = randomUUID();
      for (let time = 1; time <= 2; time++) {
        const { topics } = await brokers.metadata([missing, topic]);
        const byName = new Map(topics.map((each) => [each.topic, each.error]));
        expect(byName.get(missing)).toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
        expect(byName.get(topic)).toBeUndefined();
      }
    });

    it("KC-04 return the broker's reason if it refuses to create them", async () => {
      const { brokers } = await newTopic();
      const refused = { topic: 'no/slash', partitions: 1, replication: -1, settings: {} };
      await expect(brokers.controller((broker) => broker.createTopics([refused]))).rejects.toMatchObject({
        type: 'INVALID_TOPIC_EXCEPTION',
      });
    });
  });

  describe('writing', () => {
    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies Compression[])(
      'KC-05 stores batches of several partitions, and reads them back unchanged (%s)',
      async (compression) => {
        const { brokers, topic, ask } = await newTopic({ compression });
        const producer = await newProducer(brokers);
        const began = Date.now();
        const batches = [batch(topic, ['a', 'b', 'ä€😀']), batch(topic, ['c'.repeat(70_000)], { partition: 1 })];
        expect(await ask((broker) => broker.produce(batches, producer))).toEqual(
          expect.arrayContaining([0, 1].map((partition) => ({ topic, partition, error: undefined }))),
        );
        const [fetched] = await ask((broker) => broker.fetch(topic, new Map([[0, 0n]]), LIMITS));
        expect(fetched).toMatchObject({ partition: 0, highWatermark: 3n, lastStableOffset: 3n, lastOffset: 2n });
        expect(fetched?.messages.map(({ offset, key, value }) => [offset, key, String(value)])).toEqual([
          ['0', 'k-a', 'a'],
          ['1', 'k-b', 'b'],
          ['2', 'k-ä€😀', 'ä€😀'],
        ]);
        for (const { timestamp } of fetched?.messages ?? []) expect(Math.abs(timestamp - began)).toBeLessThan(60_000);
        expect(await valuesIn(ask, topic, 1)).toEqual(['c'.repeat(70_000)]);
      },
    );

    it('KC-06 stores a batch once if it is sent several times', async () => {
      const { brokers, topic, ask } = await newTopic();
      const producer = await newProducer(brokers);
      for (let time = 1; time <= 3; time++) {
        const [answer] = await ask((broker) => broker.produce([batch(topic, ['a', 'b'])], producer));
        expect([undefined, 'DUPLICATE_SEQUENCE_NUMBER']).toContain((answer?.error as { type?: string })?.type);
      }
      await ask((broker) => broker.produce([batch(topic, ['c'], { sequence: 2 })], producer));
      expect(await valuesIn(ask, topic)).toEqual(['a', 'b', 'c']);
    });

    it('KC-07 reports sequence numbers that are out of order', async () => {
      const { brokers, topic, ask } = await newTopic();
      const producer = await newProducer(brokers);
      await ask((broker) => broker.produce([batch(topic, ['a'])], producer));
      const answers = await ask((broker) => broker.produce([batch(topic, ['b'], { sequence: 7 })], producer));
      expect(answers).toMatchObject([{ error: { type: 'OUT_OF_ORDER_SEQUENCE_NUMBER' } }]);
    });

    it('KC-08 reports the partition of a batch that is too large, and stores the other batches', async () => {
      const { brokers, topic, ask } = await newTopic({}, { 'max.message.bytes': '1000' });
      const producer = await newProducer(brokers);
      const batches = [batch(topic, ['x'.repeat(2000)]), batch(topic, ['b'], { partition: 1 })];
      const answers = await ask((broker) => broker.produce(batches, producer));
      expect(answers.toSorted((a, b) => a.partition - b.partition)).toMatchObject([
        { partition: 0, error: { type: 'MESSAGE_TOO_LARGE' } },
        { partition: 1, error: undefined },
      ]);
      expect([await valuesIn(ask, topic, 0), await valuesIn(ask, topic, 1)]).toEqual([[], ['b']]);
    });

    it('KC-09 reports an unknown topic, and stores the other batches', async () => {
      const { brokers, topic, ask } = await newTopic();
      const producer = await newProducer(brokers);
      const missing = randomUUID();
      const answers = await ask((broker) => broker.produce([batch(missing, ['a']), batch(topic, ['b'])], producer));
      const byTopic = new Map(answers.map((answer) => [answer.topic, answer.error]));
      expect(byTopic.get(missing)).toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
      expect(byTopic.get(topic)).toBeUndefined();
      expect(await valuesIn(ask, topic)).toEqual(['b']);
    });
  });

  describe('reading', () => {
    it('KC-10 finds the offsets of the beginning, of the end and of a time', async () => {
      const { brokers, topic, ask } = await newTopic({}, { 'message.timestamp.type': 'LogAppendTime' });
      const producer = await newProducer(brokers);
      await ask((broker) => broker.produce([batch(topic, ['a', 'b'])], producer));
      await delay(50);
      await ask((broker) => broker.produce([batch(topic, ['c'], { sequence: 2 })], producer));
      const [fetched] = await ask((broker) => broker.fetch(topic, new Map([[0, 0n]]), LIMITS));
      const [first = 0, , third = 0] = (fetched?.messages ?? []).map(({ timestamp }) => timestamp);
      expect(third).toBeGreaterThan(first);
      const at = (place: Parameters<BrokerConnection['listOffsets']>[2]) =>
        ask((broker) => broker.listOffsets(topic, [0, 1], place)).then((offsets) => [offsets.get(0), offsets.get(1)]);
      expect(await at('beginning')).toEqual([0n, 0n]);
      expect(await at('end')).toEqual([3n, 0n]);
      expect(await at({ timeMs: first })).toEqual([0n, -1n]);
      expect(await at({ timeMs: third })).toEqual([2n, -1n]);
      expect(await at({ timeMs: Date.now() + 3_600_000 })).toEqual([-1n, -1n]);
    });

    it('KC-11 begins within a batch, and waits at the end for new records', async () => {
      const { brokers, topic, ask } = await newTopic();
      const producer = await newProducer(brokers);
      await ask((broker) => broker.produce([batch(topic, ['a', 'b', 'c'])], producer));
      expect(await valuesIn(ask, topic, 0, 1n)).toEqual(['b', 'c']);
      const began = performance.now();
      const [nothing] = await ask((broker) => broker.fetch(topic, new Map([[0, 3n]]), { ...LIMITS, maxWaitMs: 300 }));
      expect(nothing).toMatchObject({ lastOffset: undefined, messages: [] });
      expect(performance.now() - began).toBeGreaterThan(250);
      const writer = brokersOf();
      await writer.metadata([topic]);
      const waiting = ask((broker) => broker.fetch(topic, new Map([[0, 3n]]), { ...LIMITS, maxWaitMs: 8000 }));
      const sent = performance.now();
      await writer.any((broker) => broker.produce([batch(topic, ['d'], { sequence: 3 })], producer));
      expect((await waiting)[0]?.messages.map(({ value }) => String(value))).toEqual(['d']);
      expect(performance.now() - sent).toBeLessThan(6000);
    });

    it('KC-25 passes over a batch that unfolds to too much memory, and reports it', async () => {
      const { brokers, topic, ask } = await newTopic({ compression: 'zstd' });
      const producer = await newProducer(brokers);
      const bomb = {
        ...batch(topic, [''], { sequence: 1 }),
        messages: [{ key: 'k', value: Buffer.alloc(70 * 2 ** 20) }],
      };
      for (const each of [batch(topic, ['a']), bomb, batch(topic, ['b'], { sequence: 2 })]) {
        const [answer] = await ask((broker) => broker.produce([each], producer));
        expect(answer?.error).toBeUndefined();
      }
      expect(await valuesIn(ask, topic)).toEqual([
        'a',
        'Fault: a batch of 1 records needs more than 67108864 bytes of memory: offsets 1 to 1 are passed over',
        'b',
      ]);
    });

    it('KC-12 reports an offset that is out of range', async () => {
      const { topic, ask } = await newTopic();
      await expect(ask((broker) => broker.fetch(topic, new Map([[0, 5n]]), LIMITS))).rejects.toMatchObject({
        type: 'OFFSET_OUT_OF_RANGE',
      });
    });

    it('KC-13 skips aborted records and transaction markers, and accepts tombstones and headers', async () => {
      const { topic, ask } = await newTopic();
      const producer = new Kafka({ brokers: [...config.brokers], logLevel: logLevel.NOTHING }).producer({
        ...{ transactionalId: randomUUID(), maxInFlightRequests: 1, idempotent: true },
      });
      await producer.connect();
      onTestFinished(() => producer.disconnect());
      for (const [value, ends] of [
        ['a', 'commit'],
        ['b', 'abort'],
        ['c', 'commit'],
      ] as const) {
        const transaction = await producer.transaction();
        const messages = [{ partition: 0, key: null, value, headers: { of: 'test' } }];
        await transaction.send({ topic, messages });
        await transaction[ends]();
      }
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ partition: 0, key: 'k', value: null }] });
      await transaction.commit();
      await expect.poll(() => valuesIn(ask, topic)).toEqual(['a', 'c', 'null']);
      const [first] = await ask((broker) => broker.fetch(topic, new Map([[0, 2n]]), LIMITS));
      expect(first?.messages.map(({ offset, key }) => [offset, key])).toEqual([
        ['4', null],
        ['6', 'k'],
      ]);
      expect(first?.lastOffset).toBe(7n);
    });

    it('KC-14 reports an unknown topic', async () => {
      const { ask } = await newTopic();
      await expect(ask((broker) => broker.fetch(randomUUID(), new Map([[0, 0n]]), LIMITS))).rejects.toMatchObject({
        type: 'UNKNOWN_TOPIC_OR_PARTITION',
      });
    });
  });

  describe('transactional ids', () => {
    it('KC-15 increase the producer epoch, and fence the previous epoch in added partitions', async () => {
      const { brokers, topic, ask } = await newTopic();
      const transactionalId = randomUUID();
      const previous = await newProducer(brokers, transactionalId);
      await ask((broker) => broker.produce([batch(topic, ['a'])], previous));
      const producer = await newProducer(brokers, transactionalId);
      expect(producer.producerId).toBe(previous.producerId);
      expect(producer.producerEpoch).toBe(previous.producerEpoch + 1);
      const coordinated = await brokers.coordinator('transaction', transactionalId);
      const transaction = { transactionalId, ...producer };
      await coordinated((broker) => broker.addPartitionsToTransaction(transaction, [{ topic, partitions: [0, 1] }]));
      await coordinated((broker) => broker.endTransaction(transaction));
      await expect
        .poll(() =>
          coordinated((broker) => broker.endTransaction(transaction)).then(
            () => 'ended',
            (error: unknown) => (error as { type?: string }).type,
          ),
        )
        .toBe('ended');
      for (const partition of [0, 1]) {
        const answers = await ask((broker) => broker.produce([batch(topic, ['b'], { partition })], previous));
        expect(answers).toMatchObject([{ error: { type: 'INVALID_PRODUCER_EPOCH' } }]);
      }
      await ask((broker) => broker.produce([batch(topic, ['c'])], producer));
      expect(await valuesIn(ask, topic)).toEqual(['a', 'c']);
    });

    it('KC-16 return an error to a fenced producer and to one that has no transaction to end', async () => {
      const brokers = brokersOf();
      const transactionalId = randomUUID();
      const previous = await newProducer(brokers, transactionalId);
      const coordinated = await brokers.coordinator('transaction', transactionalId);
      const end = (producer: ProducerIdAndEpoch) =>
        coordinated((broker) => broker.endTransaction({ transactionalId, ...producer }));
      await expect(end(previous)).rejects.toMatchObject({ type: 'INVALID_TXN_STATE' });
      await newProducer(brokers, transactionalId);
      await expect(end(previous)).rejects.toMatchObject({
        type: expect.stringMatching(/^(INVALID_PRODUCER_EPOCH|PRODUCER_FENCED)$/),
      });
    });
  });

  describe('groups', () => {
    const protocol = (about: string) => ({ name: 'test-assigner', metadata: Buffer.from(about) });

    async function newGroup() {
      const group = randomUUID();
      const brokers = brokersOf();
      await onceCoordinated(async () =>
        (await brokers.coordinator('group', group))((broker) => broker.committedOffsets(group, group, [0])),
      );
      const session = 10_000;
      return {
        group,
        async coordinator() {
          return (await brokersOf({}, session + 5000)).coordinator('group', group);
        },
        request: (about: string, memberId = '') => ({
          ...{ group, memberId, sessionTimeoutMs: session, protocol: protocol(about) },
        }),
      };
    }

    it('KC-17 let a single member lead, receive its assignment and send heartbeats', async () => {
      const { group, coordinator, request } = await newGroup();
      const ask = await coordinator();
      const joined = await ask((broker) => broker.joinGroup(request('one')));
      expect(joined).toMatchObject({ leaderId: joined.memberId, generation: 1 });
      expect(joined.members.map(({ memberId, bytes }) => [memberId, String(bytes)])).toEqual([
        [joined.memberId, 'one'],
      ]);
      const member = { group, memberId: joined.memberId, generation: joined.generation };
      const share = { memberId: joined.memberId, bytes: Buffer.from('share') };
      expect(String(await ask((broker) => broker.syncGroup(member, [share])))).toBe('share');
      await ask((broker) => broker.heartbeat(member));
      await expect(ask((broker) => broker.heartbeat({ ...member, generation: 7 }))).rejects.toMatchObject({
        type: 'ILLEGAL_GENERATION',
      });
      await ask((broker) => broker.leaveGroup(member));
      await expect(ask((broker) => broker.heartbeat(member))).rejects.toMatchObject({ type: 'UNKNOWN_MEMBER_ID' });
    });

    it('KC-18 notify a member when another one joins, and assign a share to each', async () => {
      const { group, coordinator, request } = await newGroup();
      const [first, second] = [await coordinator(), await coordinator()];
      const alone = await first((broker) => broker.joinGroup(request('one')));
      const was = { group, memberId: alone.memberId, generation: alone.generation };
      await first((broker) => broker.syncGroup(was, [{ memberId: alone.memberId, bytes: Buffer.from('all') }]));
      const joining = second((broker) => broker.joinGroup(request('two')));
      await expect
        .poll(() =>
          first((broker) => broker.heartbeat(was)).then(
            () => 'alone',
            (error: unknown) => (error as { type?: string }).type,
          ),
        )
        .toBe('REBALANCE_IN_PROGRESS');
      const [one, two] = await Promise.all([
        first((broker) => broker.joinGroup(request('one', alone.memberId))),
        joining,
      ]);
      expect(one.generation).toBe(two.generation);
      const leads = one.memberId === one.leaderId;
      const members = leads ? one.members : two.members;
      expect(members.map(({ bytes }) => String(bytes)).toSorted()).toEqual(['one', 'two']);
      const shares = members.map(({ memberId, bytes }) => ({ memberId, bytes: Buffer.from(`for ${bytes}`) }));
      const sync = (ask: typeof first, { memberId, generation }: typeof one, isLeader: boolean) =>
        ask((broker) => broker.syncGroup({ group, memberId, generation }, isLeader ? shares : []));
      const given = await Promise.all([sync(first, one, leads), sync(second, two, !leads)]);
      expect(given.map(String)).toEqual(['for one', 'for two']);
      const seen = await first((broker) => broker.membersOf(group));
      expect(seen.map(({ memberId, assignment }) => [memberId, assignment]).toSorted()).toEqual(
        shares.map(({ memberId, bytes }) => [memberId, bytes]).toSorted(),
      );
      expect(seen.map(({ host }) => host).join()).toContain('127.0.0.1');
      await second((broker) => broker.leaveGroup({ group, memberId: two.memberId }));
      const member = { group, memberId: one.memberId, generation: one.generation };
      await expect(first((broker) => broker.heartbeat(member))).rejects.toMatchObject({
        type: 'REBALANCE_IN_PROGRESS',
      });
    });

    it('KC-19 keep committed offsets, and reject offsets of a previous generation', async () => {
      const { group, coordinator, request } = await newGroup();
      const { topic } = await newTopic();
      const ask = await coordinator();
      const { memberId, generation } = await ask((broker) => broker.joinGroup(request('one')));
      const member = { group, memberId, generation };
      await ask((broker) => broker.syncGroup(member, [{ memberId, bytes: Buffer.from('all') }]));
      const committed = () => ask((broker) => broker.committedOffsets(group, topic, [0, 1]));
      expect(await committed()).toEqual(new Map());
      await ask((broker) => broker.commitOffsets(member, topic, new Map([[1, 2n ** 40n]])));
      expect(await committed()).toEqual(new Map([[1, 2n ** 40n]]));
      const past = { ...member, generation: generation - 1 };
      await expect(ask((broker) => broker.commitOffsets(past, topic, new Map([[0, 1n]])))).rejects.toMatchObject({
        type: 'ILLEGAL_GENERATION',
      });
      expect(await committed()).toEqual(new Map([[1, 2n ** 40n]]));
    });

    it('KC-20 reject an invalid session timeout and a different assigner', async () => {
      const { coordinator, request } = await newGroup();
      const ask = await coordinator();
      await expect(ask((broker) => broker.joinGroup({ ...request('one'), sessionTimeoutMs: 1 }))).rejects.toMatchObject(
        { type: 'INVALID_SESSION_TIMEOUT' },
      );
      await ask((broker) => broker.joinGroup(request('one')));
      const other = { ...request('two'), protocol: { name: 'another-assigner', metadata: Buffer.alloc(0) } };
      const second = await coordinator();
      await expect(second((broker) => broker.joinGroup(other))).rejects.toMatchObject({
        type: 'INCONSISTENT_GROUP_PROTOCOL',
      });
    });
  });

  describe('brokers that fail', () => {
    it('KC-21 are skipped if they refuse connections, and the last error names the broker and the reason', async () => {
      const { topic } = await newTopic();
      const brokers = brokersOf({ brokers: ['127.0.0.1:1', ...config.brokers] });
      expect((await brokers.metadata([topic])).topics).toMatchObject([{ topic, error: undefined }]);
      await expect(brokersOf({ brokers: ['127.0.0.1:1'] }).metadata([])).rejects.toMatchObject({
        ...{ broker: '127.0.0.1:1', type: undefined, code: 'ECONNREFUSED' },
      });
    });

    it('KC-22 cause a timeout if they hang, and are asked again over a new connection', async () => {
      const brokers = brokersOf({ brokers: proxied().brokers }, 3000);
      await brokers.metadata([]);
      await proxied().hang();
      await expect(brokers.metadata([])).rejects.toMatchObject({ type: undefined });
      await proxied().serve();
      expect((await brokers.metadata([])).brokers).toHaveLength(1);
    });

    it('KC-23 are found again after an outage, and store no batch of known sequence numbers twice', async () => {
      const brokers = brokersOf({ brokers: proxied().brokers });
      const topic = randomUUID();
      await brokers.metadata([]);
      await brokers.controller((broker) =>
        broker.createTopics([{ topic, partitions: 1, replication: -1, settings: {} }]),
      );
      const nodeId = await leaderOf(brokers, topic, 1);
      const producer = await newProducer(brokers);
      await brokers.at(nodeId, (broker) => broker.produce([batch(topic, ['a'])], producer));
      proxied().loseResponses(() => true);
      const sent = brokers.at(nodeId, (broker) => broker.produce([batch(topic, ['b'], { sequence: 1 })], producer));
      await expect(sent).rejects.toMatchObject({ type: undefined });
      const place = proxied();
      await ('broker' in place ? place.broker.kill() : place.refuse());
      await expect(brokers.metadata([topic])).rejects.toMatchObject({ type: undefined });
      await ('broker' in place ? place.broker.start() : undefined);
      await place.serve();
      await leaderOf(brokers, topic, 1);
      const again = [batch(topic, ['b'], { sequence: 1 }), batch(topic, ['c'], { sequence: 2 })];
      for (const each of again) {
        const [answer] = await brokers.at(nodeId, (broker) => broker.produce([each], producer));
        expect([undefined, 'DUPLICATE_SEQUENCE_NUMBER']).toContain((answer?.error as { type?: string })?.type);
      }
      expect(await valuesIn((request) => brokers.at(nodeId, request), topic)).toEqual(['a', 'b', 'c']);
    }, 90_000);

    it('KC-24 receive no request after the client ends, and its pending request fails at once', async () => {
      const silent = createServer();
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      onTestFinished(() => void silent.close());
      const { port } = silent.address() as AddressInfo;
      const brokers = brokersOf({ brokers: [`127.0.0.1:${port}`] });
      const asked = brokers.metadata([]).catch((error: unknown) => error);
      await once(silent, 'connection');
      const began = performance.now();
      brokers.end();
      expect(await asked).toBeInstanceOf(Error);
      expect(performance.now() - began).toBeLessThan(500);
      await expect(brokers.metadata([])).rejects.toThrow('closed');
    });
  });
}
