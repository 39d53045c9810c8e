import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { toJson } from '../../src/codec/json-view.ts';
import { type AvroSchema, type AvroSchemaObject, isUnion } from '../../src/codec/schema-files.ts';
import { TOPICS } from '../../src/codec/topics.ts';
import { canonicalDecimal, unscaled } from '../../src/domain/decimal.ts';
import { fromProduct } from '../../src/domain/exact.ts';
import type { FeedRecord, RecordKind } from '../../src/domain/record.ts';
import { PartitionedFiles, RowBudget } from '../../src/parquet/partitioned-files.ts';
import { samplePrice, sampleRecords } from '../../testing/records/sample-records.ts';
import { preparePython, runPython } from '../../testing/tools/python.ts';
import { arbitraryRecord } from '../codec/arbitrary-records.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';

const SYMBOLS = ['BTCUSDT', '1000PEPE/USDT', '这是测试币456USDT'];
/** Integers of more than 32 bits that are close to each other, also negative ones. */
const EPOCHS = [2 ** 52, 2 ** 52 - 1, 2 ** 32, 2 ** 32 - 1, 0, -1, -(2 ** 32), -(2 ** 52) + 1, -(2 ** 52)];
/** Below this, a number is a time that Python can show. */
const LATEST = 4e12;

/** Brings the numbers of a record into the range of times. */
function inRange<T>(value: T): T {
  if (typeof value === 'number') return (Math.abs(value) > LATEST ? Math.trunc(value % LATEST) : value) as T;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(inRange) as T;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inRange(inner)])) as T;
}

function records(kind: RecordKind): readonly FeedRecord[] {
  const others = fc.sample(arbitraryRecord(kind), { numRuns: 60, seed: 7 }).map((record, index) => {
    const tame = inRange(record);
    return {
      ...tame,
      ...('symbol' in tame && tame.symbol !== null && { symbol: SYMBOLS[index % SYMBOLS.length] }),
      ...('epoch' in tame && tame.epoch !== null && { epoch: EPOCHS[index % EPOCHS.length] }),
    };
  });
  return [...sampleRecords.filter((record) => record.kind === kind), ...others] as FeedRecord[];
}

/** A value of a record as the Python script shows it: all times in microseconds. */
function shown(value: unknown, schema: AvroSchema, named: Map<string, AvroSchemaObject>): unknown {
  if (isUnion(schema)) return value === null ? null : shown(value, schema[1] as AvroSchema, named);
  if (typeof schema === 'string')
    return named.has(schema) ? shown(value, named.get(schema) as AvroSchema, named) : value;
  if (schema.name !== undefined) named.set(schema.name, schema);
  if (schema.logicalType === 'timestamp-millis') return Number(value) * 1000;
  if (schema.fields !== undefined) {
    const fields = value as Record<string, unknown>;
    return Object.fromEntries(schema.fields.map(({ name, type }) => [name, shown(fields[name], type, named)]));
  }
  if (schema.items !== undefined)
    return (value as unknown[]).map((item) => shown(item, schema.items as AvroSchema, named));
  return typeof schema.type === 'string' ? value : shown(value, schema.type, named);
}

async function write(folder: string, all: readonly FeedRecord[], budget = new RowBudget()): Promise<void> {
  const codec = codecOf((all[0] as FeedRecord).kind);
  const files = new PartitionedFiles(folder, 'a', codec.schema, budget);
  for (const record of all) files.add(codec.encode(record), 1);
  await files.finish();
}

async function read(folder: string): Promise<Record<string, unknown>[]> {
  const { stdout, stderr, code } = await runPython('read_parquet.py', [folder]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const asText = (row: object): string => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));

/** price × quantity as text; null: it does not fit. */
function valueOfTrade({ price, quantity }: Record<string, unknown>): string | null {
  const value = fromProduct(unscaled(String(price)) * unscaled(String(quantity)));
  return canonicalDecimal(value) ?? null;
}

beforeAll(preparePython);

describe('Parquet files', () => {
  it('give pyarrow every value of every record', async () => {
    const dir = await testFolder();
    // So small a budget writes many row groups.
    for (const { kind, name } of TOPICS) await write(join(dir, name), records(kind), new RowBudget(2000));
    const found = Map.groupBy(await read(dir), ({ topic }) => topic);
    for (const { kind, name } of TOPICS) {
      const { schema } = codecOf(kind);
      const expected = records(kind).map((record) => {
        const row = shown(toJson(record), schema, new Map()) as Record<string, unknown>;
        return 'price' in row && 'quantity' in row ? { ...row, value: valueOfTrade(row) } : row;
      });
      const rows = (found.get(name) ?? []).map(({ row }) => {
        const { date, ...others } = row as Record<string, unknown>;
        expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
        return others;
      });
      expect(rows.map(asText).sort()).toEqual(expected.map(asText).sort());
    }
  });

  it('have the lowest value, the highest value and the number of nulls of each row group', async () => {
    const dir = await testFolder();
    for (const { kind, name } of TOPICS) await write(join(dir, name), records(kind), new RowBudget(20_000));
    const changes = Array.from({ length: 100 }, (_, index) => samplePrice({ change24h: String(index - 50) }));
    await write(join(dir, 'changes'), changes);
    const { stdout, stderr } = await runPython('check_statistics.py', [dir]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^compared \d{3,}\n$/);
  });
});
