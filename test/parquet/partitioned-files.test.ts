import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import type { AvroSchema, RecordSchema } from '../../src/codec/schema-files.ts';
import type { FeedRecord, TradeEvent } from '../../src/domain/record.ts';
import { ParquetFile } from '../../src/parquet/parquet-file.ts';
import { ParquetSchema } from '../../src/parquet/parquet-schema.ts';
import { PartitionedFiles, RowBudget } from '../../src/parquet/partitioned-files.ts';
import { sampleTrade, sampleTradeStats } from '../../testing/records/sample-records.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';
import { parquetRows } from '../sinks/parquet/parquet-rows.ts';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');
/** A file keeps the metadata of each row group until it is complete. */
const ROW_GROUP_METADATA = 1500;

async function bufferBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    gc();
    // A collection frees buffers in the background.
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}

/** Adds one trade of each symbol. Returns the bytes of the buffers that the files then keep. */
async function keptBytes(symbols: number, budget: RowBudget, textBytes = 0): Promise<number> {
  const { encode, schema } = codecOf('trade');
  const files = new PartitionedFiles(await testFolder(), 'a', schema, budget);
  const conditions = ['x'.repeat(textBytes)];
  const before = await bufferBytes();
  for (let index = 0; index < symbols; index++)
    files.add(encode(sampleTrade({ symbol: `COIN${index}USDT`, conditions })), 1);
  const kept = (await bufferBytes()) - before;
  files.discard();
  return kept;
}

describe('the memory of many Parquet files', () => {
  it('is small while each has a single record', async () => {
    expect(await keptBytes(2000, new RowBudget())).toBeLessThan(2000 * 1024);
  });

  it('is small after each wrote a row group', async () => {
    expect(await keptBytes(300, new RowBudget(0), 10_000)).toBeLessThan(300 * ROW_GROUP_METADATA);
  });

  it('is within the budget', async () => {
    const [budget, files] = [200_000, 500];
    const kept = await keptBytes(files, new RowBudget(budget), 10_000);
    expect(kept).toBeLessThan(2 * budget + files * ROW_GROUP_METADATA);
  });
});

/** Writes records of one kind. Returns the folder in which their topic is. */
async function written(records: readonly FeedRecord[], budget = new RowBudget()): Promise<string> {
  const { encode, schema } = codecOf(records[0]?.kind ?? 'trade');
  const dir = await testFolder();
  const files = new PartitionedFiles(join(dir, 'trades'), 'a', schema, budget);
  for (const record of records) files.add(encode(record), 1);
  await files.finish();
  return dir;
}

const bytesOf = (path: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(path));

/** Returns the footer's entry of a column in a file with one record. */
async function chunkOf(column: string, record: FeedRecord) {
  const dir = await written([record]);
  const [file = ''] = globSync('**/*.parquet', { cwd: dir });
  const columns = parquetMetadata(bytesOf(join(dir, file)).buffer).row_groups[0]?.columns ?? [];
  return columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column);
}

const metadataOf = async (column: string, record: FeedRecord) => (await chunkOf(column, record))?.meta_data;

const TIME = { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } };
/** A schema with a time and one more field. */
const schemaWith = (type: AvroSchema): RecordSchema => ({
  type: 'record',
  name: 'Test',
  fields: [TIME, { name: 'field', type }],
});

describe('Parquet files', () => {
  it('have each value of many rows, whether few or all values differ, with nulls and lists among them', async () => {
    const of = (index: number): Partial<TradeEvent> => ({
      tradeId: `id-${index * 7919}`,
      venueSymbol: `S${index % 300}`,
      coin: index < 2000 ? 'BTC' : 'ETH',
      epoch: (index % 5) * 2 ** 33 - 2 ** 34,
      isBuyerMaker: index % 3 === 0,
      lastTradeId: index % 7 === 0 ? null : `${index % 11}`,
      conditions: Array.from({ length: index % 4 }, (_, item) => `c${(index + item) % 9}`),
    });
    const expected = Array.from({ length: 5000 }, (_, index) => of(index));
    const rows = await parquetRows(await written(expected.map((part) => sampleTrade(part))), 'trades');
    const found = rows.map((row) => ({
      tradeId: row.trade_id,
      venueSymbol: row.venue_symbol,
      coin: row.coin,
      epoch: Number(row.epoch),
      isBuyerMaker: row.is_buyer_maker,
      lastTradeId: row.last_trade_id,
      conditions: row.conditions,
    }));
    expect(found).toEqual(expected);
  });

  it('can have many row groups', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `${index}`);
    const trades = ids.map((tradeId) => sampleTrade({ tradeId }));
    const rows = await parquetRows(await written(trades, new RowBudget(0)), 'trades');
    expect(rows.map(({ trade_id }) => trade_id)).toEqual(ids);
  });

  it('are in folders with the characters that Hive escapes, and no others', async () => {
    const symbols = ['这是测试币456USDT', 'A/B', '50%=[x]', 'a b+c,d', 'tab\t', 'del\x7f'];
    const dir = await written(symbols.map((symbol) => sampleTrade({ symbol })));
    expect(readdirSync(join(dir, 'trades')).sort()).toEqual([
      'symbol=50%25%3D%5Bx%5D',
      'symbol=A%2FB',
      'symbol=a b+c,d',
      'symbol=del%7F',
      'symbol=tab%09',
      'symbol=这是测试币456USDT',
    ]);
  });

  it('have texts of up to 256 bytes as bounds', async () => {
    const boundsOfCoin = async (coin: string) => (await metadataOf('coin', sampleTrade({ coin })))?.statistics;
    expect(await boundsOfCoin('x'.repeat(256))).toMatchObject({ max_value: 'x'.repeat(256) });
    expect((await boundsOfCoin('x'.repeat(257)))?.max_value).toBeUndefined();
  });

  it('have no dictionary for a column without values', async () => {
    const about = await metadataOf('last_trade_id', sampleTrade({ lastTradeId: null }));
    expect(about).toMatchObject({ num_values: 1n, statistics: { null_count: 1n } });
    expect(about?.dictionary_page_offset).toBeUndefined();
  });

  it.each([0, -0])('have bounds of both signs for a number of %d', async (volatility) => {
    const about = await metadataOf('volatility', sampleTradeStats({ volatility }));
    expect(about?.statistics).toMatchObject({ min_value: -0, max_value: 0 });
  });

  it('have no value in the deprecated field file_offset', async () => {
    expect(await chunkOf('coin', sampleTrade())).toMatchObject({ file_offset: 0n });
  });

  it('without rows begin and end as others do', async () => {
    const path = join(await testFolder(), 'a.parquet');
    await new ParquetFile(path, new ParquetSchema(codecOf('trade').schema)).finish();
    const bytes = bytesOf(path);
    expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('PAR1');
    expect(parquetMetadata(bytes.buffer).num_rows).toBe(0n);
  });

  it.each([
    { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 8 },
    { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 18 },
    { type: 'fixed', name: 'Amount', size: 16, logicalType: 'decimal', precision: 38, scale: 18 },
    { type: 'long', logicalType: 'timestamp-nanos' },
    { type: 'int', logicalType: 'date' },
  ])('refuse the type $type, $logicalType, $precision, $scale', (type) => {
    const found = `field: found the type "${type.type} ${type.logicalType}`;
    expect(() => new ParquetSchema(schemaWith(type))).toThrow(found);
    expect(() => new ParquetSchema(schemaWith(['null', type]))).toThrow(found);
  });

  it('refuse an int of more than 32 bits', async () => {
    const files = new PartitionedFiles(await testFolder(), 'a', schemaWith('int'), new RowBudget());
    const encoded = (...int: readonly number[]): Buffer => Buffer.of(0, ...int);
    files.add(encoded(0xff, 0xff, 0xff, 0xff, 0x0f), 1);
    expect(() => files.add(encoded(0x80, 0x80, 0x80, 0x80, 0x10), 1)).toThrow('an int of more than 32 bits');
  });
});
