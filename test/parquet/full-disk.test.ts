import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { PartitionedFiles, RowBudget } from '../../src/parquet/partitioned-files.ts';
import { sampleGap, sampleTrade } from '../../testing/records/sample-records.ts';
import { testFolder } from '../sinks/avro-file/test-folder.ts';
import { parquetRows } from '../sinks/parquet/parquet-rows.ts';

const disk = { full: false };
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const writeSync = (file: number, bytes: Uint8Array, from: number, length: number, position: number): number => {
    if (!disk.full) return real.writeSync(file, bytes, from, length, position);
    real.writeSync(file, bytes, from, Math.floor(length / 2), position);
    throw new Error('ENOSPC');
  };
  return { ...real, writeSync };
});

/** A budget that one trade with a long text uses up. */
const newBudget = (): RowBudget => new RowBudget(11_000);

/** Files of trades; each trade has a text of some bytes. */
function newTrades(folder: string, budget: RowBudget) {
  const { schema, encode } = codecOf('trade');
  const files = new PartitionedFiles(folder, 'a', schema, budget);
  const add = (tradeId: string, bytes: number): void =>
    files.add(encode(sampleTrade({ tradeId, conditions: ['x'.repeat(bytes)] })), 1);
  return { files, add };
}

it('a row group is written again if the disk had no room for it', async () => {
  const dir = await testFolder();
  const { files, add } = newTrades(join(dir, 'trades'), newBudget());
  add('written at once', 12_000);
  add('first', 10_000);
  disk.full = true;
  expect(() => add('second', 5000)).toThrow('ENOSPC');
  disk.full = false;
  add('third', 0);
  await files.finish();
  const ids = (await parquetRows(dir, 'trades')).map(({ trade_id }) => trade_id);
  expect(ids).toEqual(['written at once', 'first', 'second', 'third']);
});

it('a file that cannot be written fails its own topic alone', async () => {
  const dir = await testFolder();
  const budget = newBudget();
  const { files: trades, add } = newTrades(join(dir, 'trades'), budget);
  add('large', 9000);
  await rm(join(dir, 'trades'), { recursive: true });
  const { schema, encode } = codecOf('gap');
  const gaps = new PartitionedFiles(join(dir, 'gaps'), 'a', schema, budget);
  // The budget has no room for all. The largest buffer is the trade's.
  for (let count = 0; count < 40; count++) gaps.add(encode(sampleGap()), 1);
  await gaps.finish();
  expect(await parquetRows(dir, 'gaps')).toHaveLength(40);
  await expect(trades.finish()).rejects.toThrow('ENOENT');
});
