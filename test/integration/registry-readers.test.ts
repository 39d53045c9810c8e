import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { type AvroField, type AvroSchema, type AvroSchemaObject, isUnion } from '../../src/codec/schema-files.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import { sharedBrokers, sharedRegistry } from '../../testing/kafka/kafka-broker.ts';
import { kafkaConfig } from '../../testing/kafka/kafka-config.ts';
import { newKafkaSink } from '../../testing/kafka/kafka-sink.ts';
import { createTopic, withAdmin } from '../../testing/kafka/with-admin.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { fullRecords } from '../../testing/records/sample-records.ts';
import { buildFlink, readTopicsWithJava, runFlinkSql } from '../../testing/tools/flink.ts';
import { runPython } from '../../testing/tools/python.ts';
import { outRecords } from '../sinks/out-records.ts';

let brokers: string[];
let registry: string;
beforeAll(async () => {
  [brokers, registry] = await Promise.all([sharedBrokers(), sharedRegistry(), buildFlink()]);
});

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'STRING',
  boolean: 'BOOLEAN',
  int: 'INT',
  long: 'BIGINT',
  double: 'DOUBLE',
  bytes: 'BYTES',
};

/** The type of a column in Flink SQL, as docs/stream-processing.md says. */
function sqlType(schema: AvroSchema, named: Map<string, string>): string {
  if (isUnion(schema)) return sqlType(schema[1] as AvroSchema, named);
  if (typeof schema === 'string') return `${PRIMITIVES[schema] ?? named.get(schema)} NOT NULL`;
  return `${complexType(schema, named)} NOT NULL`;
}

function complexType({ type, logicalType, items, values, fields, name }: AvroSchemaObject, named: Map<string, string>) {
  if (logicalType === 'decimal') return 'DECIMAL(38, 18)';
  if (logicalType === 'timestamp-millis') return 'TIMESTAMP(3)';
  if (items !== undefined) return `ARRAY<${sqlType(items, named)}>`;
  if (values !== undefined) return `MAP<STRING NOT NULL, ${sqlType(values, named)}>`;
  if (fields === undefined) return PRIMITIVES[String(type)];
  const row = `ROW<${fields.map((field) => column(field, named)).join(', ')}>`;
  named.set(String(name), row);
  return row;
}

/** A column is nullable if its field may be null. */
function column({ name, type }: AvroField, named: Map<string, string>): string {
  const sql = sqlType(type, named);
  return `\`${name}\` ${isUnion(type) ? sql.replace(/ NOT NULL$/, '') : sql}`;
}

async function recordsIn(topic: string): Promise<unknown[]> {
  const args = ['--brokers', brokers.join(','), '--registry', registry, '--topic', topic];
  const { stdout, stderr, code } = await runPython('read_topic.py', args);
  expect(code, stderr).toBe(0);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { record: unknown }).record]));
}

const prefix = `${randomUUID()}.`;
const namesOf = (suffix = '') => TOPICS.map(({ name }) => prefix + name + suffix);

beforeAll(async () => {
  const sink = newKafkaSink(
    kafkaConfig(brokers, {
      topicPrefix: prefix,
      partitions: 1,
      schemaRegistry: { url: registry, register: true, user: null, password: null, caFile: null },
    }),
  );
  await sink.open();
  const outcomes = await sink.write(outRecords(...fullRecords));
  await sink.close();
  expect(outcomes.map(({ kind }) => kind)).toEqual(fullRecords.map(() => 'delivered'));
});

it('a Java consumer with the registry client of Confluent reads every field of every topic', async () => {
  const read = await readTopicsWithJava(brokers, registry, namesOf());
  expect(read.size).toBe(TOPICS.length);
  for (const topic of namesOf()) expect(read.get(topic), topic).toEqual(await recordsIn(topic));
});

it('Flink SQL reads every column of every topic', async () => {
  await withAdmin(brokers, async (admin) => {
    for (const topic of namesOf('-copy')) await createTopic(admin, { topic, numPartitions: 1, replicationFactor: 1 });
  });

  const table = (name: string, columns: string, more: string) => `CREATE TABLE \`${name}\` (${columns}) WITH (
    'connector' = 'kafka', 'topic' = '${prefix}${name}', 'properties.bootstrap.servers' = '${brokers.join(',')}',
    'format' = 'avro-confluent', 'avro-confluent.url' = '${registry}'${more});`;
  const reading = `, 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'`;
  const tables = TOPICS.flatMap(({ kind, name }) => {
    const named = new Map<string, string>();
    const columns = codecOf(kind)
      .schema.fields.map((field) => column(field, named))
      .join(', ');
    return [table(name, columns, reading), table(`${name}-copy`, columns, '')];
  });
  const copies = TOPICS.map(({ name }) => `INSERT INTO \`${name}-copy\` SELECT * FROM \`${name}\``);
  const file = join(await temporaryFolder(), 'copy.sql');
  const job = `EXECUTE STATEMENT SET BEGIN ${copies.join('; ')}; END;`;
  await writeFile(file, ["SET 'restart-strategy.type' = 'none';", ...tables, job].join('\n'));
  await runFlinkSql(file);

  for (const { name } of TOPICS) {
    const copied = await recordsIn(`${prefix}${name}-copy`);
    expect(copied, name).toHaveLength(1);
    expect(copied, name).toEqual(await recordsIn(prefix + name));
  }
}, 200_000);
