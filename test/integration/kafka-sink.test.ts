import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { asyncScheduler } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { Compression, KafkaConfig } from '../../src/kafka/config.ts';
import type { StartAt } from '../../src/kafka/reading/fetch-topic.ts';
import { readTopic, type TopicRecord } from '../../src/kafka/reading/read-topic.ts';
import type { CheckpointOptions, OutRecord, Sink } from '../../src/sinks/contract.ts';
import { SinkDriver } from '../../src/sinks/driver/sink-driver.ts';
import { KafkaSink } from '../../src/sinks/kafka/sink.ts';
import { createTopics, describeTopics } from '../../src/sinks/kafka/topics.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { KAFKA_CLIENTS, kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { withAdmin } from '../../testing/kafka/with-admin.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { runPython } from '../../testing/tools/python.ts';
import { root } from '../../testing/tools/tools.ts';
import { deadLetter, gap, position, short, tick, trade } from '../sinks/fake-sink.ts';

const quiet = () => {};
const run = promisify(execFile);
const TRADES = { environmentPrefixes: [''], kinds: ['trade'] } as const;
let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const config = (over: Partial<KafkaConfig> = {}) => kafkaConfig(brokers, { topicPrefix: `${randomUUID()}.`, ...over });

const sinkOf = (of: KafkaConfig, checkpointsAhead?: CheckpointOptions): Sink =>
  new KafkaSink({
    config: of,
    environmentPrefixes: [''],
    log: quiet,
    checkpointsAhead,
    now: () => performance.now(),
    wallClockMs: Date.now,
  });

async function withSink<T>(
  of: KafkaConfig,
  work: (sink: Sink) => Promise<T>,
  checkpointsAhead?: CheckpointOptions,
): Promise<T> {
  const sink = sinkOf(of, checkpointsAhead);
  try {
    await sink.open();
    return await work(sink);
  } finally {
    await sink.close();
  }
}

async function read(of: KafkaConfig, topic: string, from: StartAt = 'beginning'): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  for await (const record of readTopic(of, of.topicPrefix + topic, { from, follow: false }, quiet))
    records.push(record);
  return records;
}

const shortOf = ({ record, key }: TopicRecord): string =>
  record instanceof Fault ? record.message : short({ topic: '', key: key ?? '', record });

async function python(...topics: readonly string[]): Promise<PythonLine[]> {
  const named = topics.flatMap((topic) => ['--topic', topic]);
  const names = ['--brokers', brokers.join(','), ...named, '--schemas', 'schemas'];
  const { stdout, stderr, code } = await runPython('read_topic.py', names);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PythonLine);
}

interface PythonLine {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly timestamp: number;
  readonly timestamp_type: string;
  readonly headers: number;
  readonly schema: string;
  readonly record: Readonly<Record<string, unknown>>;
}

describe.each(KAFKA_CLIENTS)('the Kafka sink with %s', (client) => {
  const configWith = (over: Partial<KafkaConfig> = {}) => config({ client, ...over });

  it('writes each key to one partition in order, with append time and without headers', async () => {
    const of = configWith();
    const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT'];
    const batch: OutRecord[] = [];
    for (let id = 1; id <= 800; id++) batch.push(trade(id, symbols[id % symbols.length]));
    const before = Date.now();
    await withSink(of, async (sink) => {
      for (let at = 0; at < batch.length; at += 200) {
        const outcomes = await sink.write(batch.slice(at, at + 200));
        expect(outcomes.filter(({ kind }) => kind !== 'delivered')).toEqual([]);
      }
    });
    const lines = await python(`${of.topicPrefix}trades`);
    expect(lines).toHaveLength(800);
    for (const symbol of symbols) {
      const own = lines.filter(({ key }) => key === symbol);
      expect(own.map(({ record }) => Number(record.trade_id))).toEqual(
        batch
          .filter(({ key }) => key === symbol)
          .map(({ record }) => (record.kind === 'trade' ? Number(record.tradeId) : 0)),
      );
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    }
    const [line] = lines;
    expect(line).toMatchObject({ timestamp_type: 'log_append_time', headers: 0, schema: 'market.feed.v1.TradeEvent' });
    expect(line?.timestamp).toBeGreaterThanOrEqual(before - 1000);
    expect(line?.record).toMatchObject({
      price: '61837.63',
      quantity: '0.00292',
      environment: 'simulated',
      last_trade_id: null,
    });
  });

  it('writes records compressed with gzip, snappy, lz4 and zstd that librdkafka and readTopic read', async () => {
    const compressions: readonly Compression[] = ['gzip', 'snappy', 'lz4', 'zstd'];
    const configs = compressions.map((compression) => configWith({ compression, partitions: 1 }));
    const batch = Array.from({ length: 300 }, (_, index) => trade(index + 1));
    for (const of of configs)
      await withSink(of, async (sink) => {
        expect(
          (await sink.write(batch)).every(({ kind }) => kind === 'delivered'),
          of.compression,
        ).toBe(true);
      });
    const lines = await python(...configs.map(({ topicPrefix }) => `${topicPrefix}trades`));
    for (const of of configs) {
      const own = lines.filter(({ topic }) => topic === `${of.topicPrefix}trades`);
      expect(
        own.map(({ record }) => `t${record.trade_id}`),
        of.compression,
      ).toEqual(batch.map(short));
      expect((await read(of, 'trades')).map(shortOf), of.compression).toEqual(batch.map(short));
    }
  });

  it('creates the topics of another environment at its first record', async () => {
    const of = configWith();
    await withSink(of, async (sink) => {
      const record = { ...trade(1), topic: 'testnet.trades' };
      expect(await sink.write([trade(7), record])).toEqual([{ kind: 'delivered' }, { kind: 'delivered' }]);
    });
    expect((await read(of, 'testnet.trades')).map(shortOf)).toEqual(['t1']);
  });

  it('rejects records that cannot be encoded or are too large, and delivers the other records once', async () => {
    const of = configWith({ partitions: 1 });
    const huge = trade(3, 'BTCUSDT', { conditions: ['x'.repeat(1_500_000)] });
    const wrong = trade(5, 'BTCUSDT', { price: 'dear' });
    const batch = [trade(1), gap(1, 2), trade(2), huge, trade(4), wrong, trade(6), tick('1')];
    await withSink(of, async (sink) => {
      const outcomes = await sink.write(batch);
      expect(outcomes.map(({ kind }) => kind)).toEqual([
        'delivered',
        'delivered',
        'delivered',
        'rejected',
        'delivered',
        'rejected',
        'delivered',
        'delivered',
      ]);
      const faults = outcomes.flatMap((outcome) => (outcome.kind === 'rejected' ? [outcome.fault] : []));
      expect(faults[0]?.message).toContain('larger');
      expect(faults[1]?.message).toContain('price');
      expect((await sink.write([trade(7)]))[0]?.kind).toBe('delivered');
    });
    expect((await read(of, 'trades')).map(shortOf)).toEqual(['t1', 't2', 't4', 't6', 't7']);
    expect((await read(of, 'gaps')).map(shortOf)).toEqual(['gap']);
    expect((await read(of, 'prices')).map(shortOf)).toEqual(['p1']);
  });

  it('splits a batch that is too large for one request, and keeps the order', async () => {
    const of = configWith({ partitions: 1 });
    const batch = Array.from({ length: 40 }, (_, index) =>
      deadLetter(new Uint8Array(65_536).fill(index), { receivedAt: 1_732_000_000_000_000 + index }),
    );
    await withSink(of, async (sink) => {
      expect((await sink.write(batch)).every(({ kind }) => kind === 'delivered')).toBe(true);
    });
    const records = await read(of, 'dead-letters');
    const summary = records.map(({ record }) =>
      record instanceof Fault || record.kind !== 'dead_letter'
        ? record
        : [
            record.receivedAt % 1000,
            record.payload.length,
            record.payload.every((byte) => byte === record.receivedAt % 1000),
          ],
    );
    expect(summary).toEqual(batch.map((_, index) => [index, 65_536, true]));
  });

  it('delivers all records that a driver pushes one by one before the close deadline', async () => {
    const of = configWith();
    const driver = new SinkDriver(sinkOf(of), { scheduler: asyncScheduler });
    for (let id = 1; id <= 2000; id++) driver.push(trade(id));
    await driver.opened;
    expect(await driver.close({ timeoutMs: 5000 })).toMatchObject({ undelivered: 0 });
    expect((await read(of, 'trades')).map(shortOf)).toEqual(
      Array.from({ length: 2000 }, (_, index) => `t${index + 1}`),
    );
  });
});

it('the Kafka sink leaves no socket and no timer with either client when it is closed', async () => {
  const script = `
    import { KafkaSink } from './src/sinks/kafka/sink.ts';
    import { trade } from './test/sinks/fake-sink.ts';
    const kinds = [];
    for (const config of ${JSON.stringify(KAFKA_CLIENTS.map((client) => config({ client })))}) {
      const sink = new KafkaSink({ config, environmentPrefixes: [''], log() {}, now: () => performance.now(), wallClockMs: Date.now });
      await sink.open();
      const [{ kind }] = await sink.write([trade(1)]);
      kinds.push(kind);
      await sink.close();
    }
    const closed = performance.now();
    process.on('exit', () => console.log(kinds.join(), performance.now() - closed));`;
  const options = { cwd: root, timeout: 20_000 };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], options);
  const [kinds, lingeredMs] = stdout.trim().split(' ');
  expect(kinds).toBe(KAFKA_CLIENTS.map(() => 'delivered').join());
  // The process was not killed. Node exits once no timer or socket is left.
  expect(Number(lingeredMs)).toBeLessThan(limitMs(500));
});

it('both Kafka clients write a key to the same partition', async () => {
  const of = config({ partitions: 12 });
  const symbols = Array.from({ length: 40 }, (_, index) => `C${index}ÜSDT`);
  for (const [index, client] of KAFKA_CLIENTS.entries()) {
    await withSink({ ...of, client }, async (sink) => {
      await sink.write(symbols.map((symbol) => trade(index, symbol)));
    });
  }
  const partitions = Map.groupBy(await python(`${of.topicPrefix}trades`), ({ key }) => key);
  expect(partitions.size).toBe(symbols.length);
  for (const lines of partitions.values()) {
    expect(lines).toHaveLength(KAFKA_CLIENTS.length);
    expect(new Set(lines.map(({ partition }) => partition)).size).toBe(1);
  }
  expect(new Set([...partitions.values()].map(([line]) => line?.partition)).size).toBeGreaterThan(6);
});

describe('the Kafka sink', () => {
  it('creates each topic once with the settings of the contract, and describes it', async () => {
    const of = config({ partitions: 3 });
    const made = await createTopics(of, ['', 'simulated.'], quiet);
    expect(made).toContain(`${of.topicPrefix}trades`);
    expect(made).toContain(`${of.topicPrefix}simulated.positions`);
    expect(await createTopics(of, ['', 'simulated.'], quiet)).toEqual([]);
    const rows = await describeTopics(of, [''], quiet);
    expect(rows.flatMap(({ differences }) => differences)).toEqual([]);
    const by = new Map(rows.map((row) => [row.name.slice(of.topicPrefix.length), row]));
    expect(by.get('trades')).toMatchObject({
      exists: true,
      partitions: 3,
      replication: 1,
      records: { count: 0n, isExact: true },
      settings: { 'cleanup.policy': 'delete', 'retention.ms': '604800000', 'message.timestamp.type': 'LogAppendTime' },
    });
    expect(by.get('prices')?.settings['cleanup.policy']).toBe('compact,delete');
    expect(by.get('positions')?.settings).toMatchObject({
      'cleanup.policy': 'compact',
      'retention.ms': '-1',
      'segment.ms': '3600000',
    });
    expect(by.get('feed-status')).toMatchObject({ partitions: 1, settings: { 'retention.ms': '2592000000' } });
    const other = await describeTopics({ ...of, partitions: 4 }, ['', 'replay.'], quiet);
    expect(other.find(({ name }) => name.endsWith('.trades'))?.differences).toEqual(['partitions: 3, not 4']);
    expect(other.find(({ name }) => name.endsWith('.replay.trades'))?.differences).toEqual(['does not exist']);
  });

  it('reads the checkpoint of each venue and symbol within 1 s', async () => {
    const of = config();
    await withSink(of, async (sink) => {
      expect(await sink.checkpoints(TRADES)).toEqual([]);
      await sink.write([position(1), position(1, 'ETHUSDT'), position(2)]);
      const third = position(3, 'BTCUSDT', { tradeId: '17', timestamp: 1_732_000_000_500 });
      await sink.write([third]);
      const started = performance.now();
      const found = await sink.checkpoints(TRADES);
      console.info(`checkpoints: ${Math.round(performance.now() - started)} ms`);
      expect(performance.now() - started).toBeLessThan(limitMs(1000));
      expect(found.toSorted((a, b) => a.symbol.localeCompare(b.symbol))).toMatchObject([
        { epoch: 3, last: { id: '17', timestamp: 1_732_000_000_500 } },
        { symbol: 'ETHUSDT', epoch: 1, last: null },
      ]);
    });
  });

  const before = [
    ...[position(1, 'BTCUSDT', { tradeId: '4' }), position(1, 'ETHUSDT'), position(1, 'SOLUSDT', { tradeId: '8' })],
    ...[trade(5), trade(9, 'SOLUSDT')],
  ];
  it.each([
    { added: 'nothing', records: [], last: { BTCUSDT: '5', ETHUSDT: undefined, SOLUSDT: '9' } },
    {
      added: 'trades',
      records: [trade(6), trade(3, 'ETHUSDT'), trade(7)],
      last: { BTCUSDT: '7', ETHUSDT: '3', SOLUSDT: '9' },
    },
    {
      added: 'a position of the same epoch',
      records: [trade(6), position(1, 'BTCUSDT', { tradeId: '6' })],
      last: { BTCUSDT: '6', ETHUSDT: undefined, SOLUSDT: '9' },
    },
    {
      added: 'an epoch',
      records: [position(2), trade(70, 'BTCUSDT', { epoch: 2 }), trade(10, 'SOLUSDT')],
      last: { BTCUSDT: '70', ETHUSDT: undefined, SOLUSDT: '10' },
    },
    {
      added: 'a symbol',
      records: [position(1, 'XRPUSDT', { tradeId: '1' }), trade(2, 'XRPUSDT')],
      last: { BTCUSDT: '5', ETHUSDT: undefined, SOLUSDT: '9', XRPUSDT: '2' },
    },
  ])('returns checkpoints that it read before the fence, if $added came after them', async ({ records, last }) => {
    const of = config({ partitions: 3 });
    await withSink(of, (sink) => sink.write(before));
    const found = await withSink(
      of,
      async (sink) => {
        await sink.write(records);
        return sink.checkpoints(TRADES);
      },
      TRADES,
    );
    expect(Object.fromEntries(found.map((of) => [of.symbol, of.last?.id]))).toEqual(last);
  });

  it('reads checkpoints past foreign records, and none from topics that do not exist', async () => {
    const of = config({ partitions: 1 });
    await withSink(of, async (sink) => {
      await sink.write([position(1, 'BTCUSDT', { tradeId: '4' }), trade(5)]);
      const foreign = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer();
      await foreign.connect();
      await foreign.send({ topic: `${of.topicPrefix}trades`, messages: [{ key: 'BTCUSDT', value: '{"id":6}' }] });
      await foreign.disconnect();
      expect(await sink.checkpoints(TRADES)).toMatchObject([{ symbol: 'BTCUSDT', last: { id: '5' } }]);
      expect(await sink.checkpoints({ ...TRADES, environmentPrefixes: ['replay.'] })).toEqual([]);
    });
  });

  it('reads checkpoints after partitions were added to the topic', async () => {
    const of = config({ partitions: 1 });
    const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT'];

    await withSink(of, async (sink) => {
      await sink.write(symbols.map((symbol) => position(1, symbol, { tradeId: '4' })));
      await sink.write(symbols.map((symbol) => trade(5, symbol)));
    });
    await withAdmin(brokers, (admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: `${of.topicPrefix}trades`, count: 8 }] }),
    );
    const asked = { ...TRADES, isOwn: (symbol: string) => symbol !== 'ETHUSDT' };
    const [previous, ahead] = [sinkOf(of), sinkOf(of, asked)];
    for (const sink of [previous, ahead]) {
      await sink.open();
      expect((await sink.checkpoints(asked)).map(({ last }) => last?.id)).toEqual(['5', '5', '5']);
      await sink.close();
    }
  });

  it('reads the records of a key through its archive in parts, from its partition only', async () => {
    const of = config({ partitions: 4 });
    const archive = await withSink(of, async (sink) => {
      const records = Array.from({ length: 3000 }, (_, index) => trade(index, index % 3 === 0 ? 'BTCUSDT' : 'ETHUSDT'));
      await sink.write(records);
      return sink.archive?.();
    });
    const read = async (onlyTheirPartitions: boolean) => {
      const parts: number[] = [];
      const ids: string[] = [];
      const onPart = async (count: number) => void parts.push(count);
      const reading = { sinceMs: 0, keys: new Set(['BTCUSDT']), onlyTheirPartitions, onPart };
      for await (const record of archive?.records('trades', reading) ?? [])
        if (record.kind === 'trade') ids.push(record.tradeId);
      return { ids, parts, count: parts.reduce((sum, part) => sum + part, 0) };
    };
    const every = Array.from({ length: 1000 }, (_, index) => `${index * 3}`);
    const [all, own] = [await read(false), await read(true)];
    expect([all.ids, own.ids]).toEqual([every, every]);
    expect([all.count, own.count]).toEqual([3000, 1000]);
    expect(Math.max(...all.parts)).toBeLessThan(1000);
    await archive?.close();
  });

  it('writes records that readTopic reads up to a given time', async () => {
    const of = config({ partitions: 1 });
    await withSink(of, async (sink) => {
      for (const id of [1, 2, 3]) {
        await sink.write([trade(id)]);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const [, second, third] = await read(of, 'trades');
      const until = third?.timestamp ?? 0;
      const from = { timeMs: second?.timestamp ?? 0 };
      const found: string[] = [];
      for await (const record of readTopic(of, `${of.topicPrefix}trades`, { from, until, follow: false }, quiet))
        found.push(shortOf(record));
      expect(found).toEqual(['t2']);
    });
  });

  it('writes records that readTopic reads from a time, from the end, and as they arrive', async () => {
    const of = config({ partitions: 2 });
    await withSink(of, async (sink) => {
      await sink.write([trade(1), trade(2, 'ETHUSDT')]);
      const before = await read(of, 'trades');
      const timeMs = Math.max(...before.map(({ timestamp }) => timestamp)) + 1;
      await expect.poll(() => Date.now()).toBeGreaterThanOrEqual(timeMs);
      await sink.write([trade(3)]);
      expect((await read(of, 'trades', { timeMs })).map(shortOf)).toEqual(['t3']);
      expect((await read(of, 'trades', { timeMs: Date.now() + 60_000 })).map(shortOf)).toEqual([]);
      expect((await read(of, 'trades', 'end')).map(shortOf)).toEqual([]);
      const abort = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        const options = { from: 'beginning', follow: true, signal: abort.signal } as const;
        for await (const record of readTopic(of, `${of.topicPrefix}trades`, options, quiet)) seen.push(shortOf(record));
      })();
      await sink.write([trade(4), trade(5, 'ETHUSDT')]);
      await expect.poll(() => seen.toSorted()).toEqual(['t1', 't2', 't3', 't4', 't5']);
      abort.abort();
      await following;
    });
  });

  it('reports why it cannot open, and counts the undelivered record when it closes', async () => {
    const states: string[] = [];
    const of = config({ brokers: ['127.0.0.1:1'] } as Partial<KafkaConfig>);
    const driver = new SinkDriver(sinkOf(of), {
      scheduler: asyncScheduler,
      onState: (state, reason) => states.push(`${state}: ${reason}`),
    });
    driver.push(trade(1));
    await expect.poll(() => states, { timeout: 10_000 }).toEqual([expect.stringContaining('ECONNREFUSED')]);
    expect(await driver.close({ timeoutMs: 50 })).toMatchObject({ undelivered: 1 });
  });
});
