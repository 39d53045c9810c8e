import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { createTopic, withAdmin } from '../../testing/kafka/with-admin.ts';
import { runPython } from '../../testing/tools/python.ts';

const decimal = { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 18 } as const;
const micros = { type: 'long', logicalType: 'timestamp-micros' } as const;
const schema = {
  type: 'record',
  name: 'Probe',
  namespace: 'market.feed.v1',
  fields: [
    { name: 'price', type: decimal },
    { name: 'received_at', type: micros },
    { name: 'payload', type: 'bytes' },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
} as const satisfies avro.Schema;
/** The schema's CRC-64-AVRO fingerprint, little-endian, as fastavro 1.13.1 prints it. */
const fingerprint = 'd06521ecbc9dc077';

const type = avro.Type.forSchema(schema);
const bytes = (unscaled: bigint) => {
  const fixed = Buffer.alloc(16);
  fixed.writeBigInt64BE(unscaled >> 64n, 0);
  fixed.writeBigUInt64BE(BigInt.asUintN(64, unscaled), 8);
  return fixed;
};
const probes = [
  {
    price: bytes(65_123_450_000_000_000_000_001n),
    received_at: 1_795_237_322_142_001,
    payload: Buffer.from('{'),
    note: null,
  },
  { price: bytes(-500_000_000_000_000_000n), received_at: 1, payload: Buffer.from([255]), note: '中' },
  { price: bytes(0n), received_at: 0, payload: Buffer.alloc(0), note: null },
];
const decoded = [
  { price: '65123.450000000000000001', received_at: 1_795_237_322_142_001, payload: 'ew==', note: null },
  { price: '-0.5', received_at: 1, payload: '/w==', note: '中' },
  { price: '0', received_at: 0, payload: '', note: null },
];
const singleObject = (probe: unknown) =>
  Buffer.concat([Buffer.from(`c301${fingerprint}`, 'hex'), type.toBuffer(probe)]);

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the Python readers', () => {
  let folder: string;
  let brokers: string[];
  const topicOf = async (messages: { key: string; value: Buffer | null; partition: number }[]) => {
    const topic = `readers-${randomUUID()}`;
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    await withAdmin(brokers, (admin) =>
      createTopic(admin, { topic, numPartitions: 3, replicationFactor: 1, configEntries }),
    );
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
    return topic;
  };
  const readTopic = (topic: string) =>
    runPython('read_topic.py', ['--brokers', brokers.join(','), '--topic', topic, '--schemas', folder]);

  beforeAll(async () => {
    brokers = await sharedBrokers();
    folder = await mkdtemp(join(tmpdir(), 'market-feed-readers-'));
    await writeFile(join(folder, 'probe.avsc'), JSON.stringify(schema));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('read all records of a topic in order per partition, with exact decimals', async () => {
    const topic = await topicOf([
      ...probes.map((probe, index) => ({ key: 'A', value: singleObject(probe), partition: index === 0 ? 2 : 1 })),
      { key: 'A', value: null, partition: 1 },
    ]);
    const { stdout, stderr, code } = await readTopic(topic);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const common = { topic, key: 'A', timestamp: expect.any(Number), timestamp_type: 'log_append_time', headers: 0 };
    const named = { ...common, schema: 'market.feed.v1.Probe' };
    expect(lines(stdout)).toEqual([
      { ...named, partition: 1, offset: 0, record: decoded[1] },
      { ...named, partition: 1, offset: 1, record: decoded[2] },
      { ...common, partition: 1, offset: 2, schema: null, record: null },
      { ...named, partition: 2, offset: 0, record: decoded[0] },
    ]);
  });

  it.each([
    ['no known wire format', Buffer.from('{"price":1}'), 'neither single-object encoding'],
    ['an unknown schema', Buffer.from('c3010000000000000000', 'hex'), 'no schema with the fingerprint'],
    ['trailing bytes', Buffer.concat([singleObject(probes[0]), Buffer.from('x')]), 'bytes after the'],
  ])('exit with 1 for a record with %s', async (_what, value, message) => {
    const { stderr, code } = await readTopic(await topicOf([{ key: 'A', value, partition: 0 }]));
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('exit with 1 for a topic that does not exist', async () => {
    expect((await readTopic(`never-${randomUUID()}`)).code).toBe(1);
  });

  it('read container files in the order of their names, and skip the open file', async () => {
    const write = async (name: string, records: unknown[]) => {
      const encoder = new avro.streams.BlockEncoder(schema, { codec: 'deflate' });
      const file = encoder.pipe(createWriteStream(join(folder, name)));
      for (const record of records) encoder.write(record);
      encoder.end();
      await once(file, 'finish');
    };
    await write('20261121T080000-0000000002.avro', [probes[2]]);
    await write('20261121T080000-0000000001.avro', [probes[0], probes[1]]);
    await writeFile(join(folder, '20261121T080000-0000000003.avro.part'), 'torn');
    const { stdout, code } = await runPython('read_files.py', [folder]);
    expect(code).toBe(0);
    expect(lines(stdout).map(({ record }) => record)).toEqual(decoded);
  });
});
