import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecent } from '../../../src/sinks/avro-file/read-recent.ts';
import { AvroFileSink } from '../../../src/sinks/avro-file/sink.ts';
import type { OutRecord, Recent, RecentOptions, SeriesCheckpoint } from '../../../src/sinks/contract.ts';
import { sampleTrade } from '../../../testing/records/sample-records.ts';
import { testFolder } from './test-folder.ts';

const T = 1_732_000_000_000;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

const traded = (id: number, symbol = 'BTCUSDT'): OutRecord => {
  const timestamp = T + id * 1000;
  const of = { venue: 'binance', symbol, epoch: 1, timestamp, receivedAt: timestamp * 1000 };
  return { topic: 'trades', key: symbol, record: sampleTrade({ ...of, tradeId: String(id) }) };
};
const checkpointAt = (id: number, symbol = 'BTCUSDT'): SeriesCheckpoint => ({
  venue: 'binance',
  symbol,
  epoch: 1,
  environment: 'production',
  kind: 'trade',
  last: { id: String(id), timestamp: T + id * 1000 },
});
const options = (checkpoints: readonly SeriesCheckpoint[], over: Partial<RecentOptions> = {}): RecentOptions => ({
  environmentPrefixes: [''],
  kind: 'trade',
  checkpoints,
  trades: 3,
  spanMs: 5000,
  ...over,
});
const idsOf = ({ trades }: Recent): number[] => trades.map(({ tradeId }) => Number(tradeId));

/** A folder with a file of one-record blocks for each list. */
async function written(...files: readonly (readonly OutRecord[])[]): Promise<string> {
  const dir = await testFolder();
  for (const records of files) {
    const sink = new AvroFileSink({ dir, rotateMb: 64, codec: 'deflate', now: () => T });
    await sink.open();
    for (const record of records) await sink.write([record]);
    await sink.close();
  }
  return dir;
}

async function damage(dir: string, index: number): Promise<void> {
  const names = (await readdir(join(dir, 'trades'))).toSorted();
  const path = join(dir, 'trades', names[index] as string);
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, -3));
}

describe('readRecent of the Avro file sink', () => {
  it('reads across several files, but no further back than needed', async () => {
    const dir = await written(
      range(1, 60).map((id) => traded(id)),
      range(61, 80).map((id) => traded(id)),
      [traded(81)],
    );
    const trades = 2;
    expect(idsOf(await readRecent(dir, options([checkpointAt(81)], { trades })))).toEqual(range(77, 81));
    // The reader goes back 5 s, and 30 s more for records out of order.
    await damage(dir, 0);
    expect(await readRecent(dir, options([checkpointAt(81)], { trades }))).toMatchObject({ whole: false });
    const far = await written(
      range(1, 20).map((id) => traded(id)),
      range(21, 80).map((id) => traded(id)),
    );
    await damage(far, 0);
    const found = await readRecent(far, options([checkpointAt(80)], { trades }));
    expect([idsOf(found), found.whole]).toEqual([range(76, 80), true]);
  });

  it('returns the records after a damaged file, and marks the result as incomplete', async () => {
    const dir = await written(
      range(1, 3).map((id) => traded(id)),
      range(4, 6).map((id) => traded(id)),
    );
    await damage(dir, 0);
    const found = await readRecent(dir, options([checkpointAt(6)], { trades: 9 }));
    expect([idsOf(found), found.whole]).toEqual([[4, 5, 6], false]);
  });

  it('stops at the span bound, or at the lower count bound if only an idle symbol lacks trades', async () => {
    const dir = await written([traded(1, 'ETHUSDT'), ...range(2, 100).map((id) => traded(id))]);
    const checkpoints = [checkpointAt(100), checkpointAt(1, 'ETHUSDT')];
    const few = await readRecent(dir, options(checkpoints), { span: 90, count: 50 });
    expect([idsOf(few), few.whole]).toEqual([range(96, 100), true]);
    const cut = await readRecent(dir, options(checkpoints, { spanMs: 80_000 }), { span: 60, count: 50 });
    expect([idsOf(cut), cut.whole]).toEqual([range(41, 100), false]);
    const all = await readRecent(dir, options(checkpoints), { span: 200, count: 200 });
    expect([idsOf(all), all.whole]).toEqual([[1, ...range(96, 100)], true]);
  });
});
