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

it('a row group is written again if the disk had no room for it', async () => {
  const dir = await testFolder();
  const [trade, gap] = [codecOf('trade'), codecOf('gap')];
  const budget = new RowBudget(11_000);
  const trades = new PartitionedFiles(join(dir, 'trades'), 'a', trade.schema, budget);
  const gaps = new PartitionedFiles(join(dir, 'gaps'), 'a', gap.schema, budget);
  const add = (tradeId: string, bytes: number): void =>
    trades.add(trade.encode(sampleTrade({ tradeId, conditions: ['x'.repeat(bytes)] })), 1);
  add('written at once', 12_000);
  add('first', 10_000);
  disk.full = true;
  // The budget has no room for all, so the largest buffer is written: the trade's.
  expect(() => {
    for (let count = 0; count < 20; count++) gaps.add(gap.encode(sampleGap()), 1);
  }).toThrow('ENOSPC');
  disk.full = false;
  add('second', 0);
  await trades.finish();
  const ids = (await parquetRows(dir, 'trades')).map(({ trade_id }) => trade_id);
  expect(ids).toEqual(['written at once', 'first', 'second']);
});
