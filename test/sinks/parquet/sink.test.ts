import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OutRecord, Sink } from '../../../src/sinks/contract.ts';
import { ParquetSink, type ParquetSinkOptions } from '../../../src/sinks/parquet/sink.ts';
import { sampleGap, samplePosition, sampleTrade } from '../../../testing/records/sample-records.ts';
import { until } from '../../../testing/tools/until.ts';
import { START, testFolder } from '../avro-file/test-folder.ts';
import { parquetRows } from './parquet-rows.ts';

/** A sink whose `close` waits until everything is converted. */
const newParquet = (dir: string, options: Partial<ParquetSinkOptions> = {}): Sink =>
  new ParquetSink({ dir, rotateMb: 64, rotateMinutes: 60, now: () => START, closeTimeoutMs: 60_000, ...options });

async function openParquet(dir: string, options: Partial<ParquetSinkOptions> = {}): Promise<Sink> {
  const sink = newParquet(dir, options);
  await sink.open();
  onTestFinished(() => sink.close());
  return sink;
}

const DAY_MS = 86_400_000;
const trade = (id: number, symbol = 'BTCUSDT', timestamp = START): OutRecord => ({
  topic: 'trades',
  key: symbol,
  record: sampleTrade({ symbol, tradeId: String(id), timestamp }),
});
const trades = (from: number, count: number): OutRecord[] =>
  Array.from({ length: count }, (_, index) => trade(from + index));
const range = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index));
const idsIn = async (dir: string): Promise<unknown[]> => (await parquetRows(dir, 'trades')).map((row) => row.trade_id);

/** A batch of 200 kB with rising ids: with six of them, a segment has grown enough for a conversion. */
const PER_BATCH = 200;
const largeBatch = (index: number): OutRecord[] =>
  range(index * PER_BATCH + 1, PER_BATCH).map((tradeId) => ({
    topic: 'trades',
    key: 'BTCUSDT',
    record: sampleTrade({ tradeId, timestamp: START, conditions: ['x'.repeat(1000)] }),
  }));

/** Writes some batches, one after the other. */
async function writeBatches(sink: Sink, from: number, count: number): Promise<void> {
  for (let index = from; index < from + count; index++) await sink.write(largeBatch(index));
}

/** Waits until a row group of an open segment is in an incomplete Parquet file. */
const rowGroupIn = (dir: string): Promise<boolean> =>
  until(async () => {
    const names = await readdir(join(dir, 'trades'), { recursive: true }).catch(() => []);
    return names.some((name) => name.endsWith('.parquet.part'));
  });

/** Segments of a journal that take some seconds to convert. */
const BACKLOG = { trades: 20_000, copies: 60 };
const copyName = (seq: number): string => `20261121T083100-${String(seq).padStart(10, '0')}.avro`;

describe('the Parquet sink', () => {
  it('writes a file for each symbol and day, whole after a clean stop', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir);
    await sink.write([trade(1), trade(2, 'ETHUSDT'), trade(3), trade(4, 'BTCUSDT', START + DAY_MS)]);
    await sink.write([{ topic: 'gaps', key: 'BTCUSDT', record: sampleGap({ symbol: 'A/B' }) }]);
    await sink.write([{ topic: 'positions', key: 'bybit:BTCUSDT', record: samplePosition() }]);
    await sink.close();
    expect((await parquetRows(dir, 'trades')).map(({ folder, trade_id }) => `${folder} ${trade_id}`).sort()).toEqual([
      'symbol=BTCUSDT/date=2026-11-21 1',
      'symbol=BTCUSDT/date=2026-11-21 3',
      'symbol=BTCUSDT/date=2026-11-22 4',
      'symbol=ETHUSDT/date=2026-11-21 2',
    ]);
    expect(await readdir(join(dir, 'trades/symbol=ETHUSDT/date=2026-11-21'))).toEqual([
      '20261121T083100-0000000001.parquet',
    ]);
    expect((await parquetRows(dir, 'gaps')).map(({ folder }) => folder)).toEqual(['symbol=A%2FB/date=2025-11-21']);
    expect(await readdir(dir)).not.toContain('positions');
  });

  it('writes late trades into files among the trades, also those that a crash left', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir);
    const late = trades(2, 2).map((record) => ({ ...record, topic: 'late-trades' }));
    await sink.write([trade(1), trade(4), ...late]);
    const crashed = await testFolder();
    await cp(join(dir, '.journal'), join(crashed, '.journal'), { recursive: true });
    await sink.close();
    const next = await openParquet(crashed);
    await next.close();
    for (const folder of [dir, crashed]) {
      expect(await idsIn(folder)).toEqual(['2', '3', '1', '4']);
      expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual(['trades']);
      expect((await readdir(join(folder, 'trades/symbol=BTCUSDT/date=2026-11-21'))).sort()).toEqual([
        '20261121T083100-0000000001-late.parquet',
        '20261121T083100-0000000001.parquet',
      ]);
    }
  });

  it('completes files by size while it runs', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir, { rotateMb: 0.001 });
    await sink.write(trades(1, 100));
    await until(async () => (await idsIn(dir)).length === 100);
    await sink.write(trades(101, 100));
    await sink.close();
    expect(await idsIn(dir)).toEqual(range(1, 200));
    expect(await readdir(join(dir, 'trades/symbol=BTCUSDT/date=2026-11-21'))).toHaveLength(2);
  });

  it('converts a segment step by step while it is written, each record once', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir);
    await writeBatches(sink, 0, 12);
    await rowGroupIn(dir);
    await writeBatches(sink, 12, 12);
    await sink.close();
    expect(await idsIn(dir)).toEqual(range(1, 24 * PER_BATCH));
  });

  it('converts an open segment anew after a step failed, each record once', async () => {
    const dir = await testFolder();
    const problems: string[] = [];
    const sink = await openParquet(dir, { onUnconverted: (problem) => problems.push(problem) });
    await writeBatches(sink, 0, 12);
    await rowGroupIn(dir);
    await rm(join(dir, 'trades'), { recursive: true });
    await writeBatches(sink, 12, 16);
    await until(() => problems.length > 0);
    await writeBatches(sink, 28, 2);
    await sink.close();
    expect(await idsIn(dir)).toEqual(range(1, 30 * PER_BATCH));
  });

  it('completes the files of an idle topic by age', async () => {
    const dir = await testFolder();
    let now = START;
    const sink = await openParquet(dir, { now: () => now });
    await sink.write(trades(1, 3));
    now += 59 * 60_000;
    await sink.write([{ topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
    expect(await readdir(join(dir, '.journal/trades'))).toEqual(['20261121T083100-0000000001.avro.part']);
    now += 60_000;
    await sink.write([{ topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
    await until(async () => (await idsIn(dir)).length === 3);
  });

  it('writes what a crash left, each record once, whatever part of the work was done', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir);
    await sink.write(trades(1, 500));
    // The folder as a crash would leave it: nothing converted, and a torn block at the end.
    const crashed = await testFolder();
    await cp(join(dir, '.journal/trades'), join(crashed, '.journal/trades'), { recursive: true });
    const [segment = ''] = await readdir(join(crashed, '.journal/trades'));
    await writeFile(join(crashed, '.journal/trades', segment), 'torn', { flag: 'a' });
    const next = await openParquet(crashed);
    await next.write(trades(501, 10));
    await next.close();
    expect(await idsIn(crashed)).toEqual(range(1, 510));

    // The crash came after the files were complete, and before the segment was marked.
    await rm(join(crashed, '.journal/trades', segment.replace('.part', '.done')));
    await (await openParquet(crashed)).close();
    expect(await idsIn(crashed)).toEqual(range(1, 510));
  });

  it('keeps records that cannot be converted, says why, and converts them at the next start', async () => {
    const dir = await testFolder();
    // A file is where the topic's folder should be.
    await writeFile(join(dir, 'trades'), '');
    const problems: string[] = [];
    const sink = newParquet(dir, { onUnconverted: (problem) => problems.push(problem) });
    await sink.open();
    expect(await sink.write(trades(1, 3))).toEqual([1, 2, 3].map(() => ({ kind: 'delivered' })));
    expect(problems).toEqual([]);
    await expect(sink.close()).rejects.toThrow(
      /1 files of .*\.journal are not converted: .*the next start converts them/,
    );
    expect(problems).toEqual([expect.stringContaining(join(dir, 'trades'))]);
    await rm(join(dir, 'trades'));
    await (await openParquet(dir)).close();
    expect(await idsIn(dir)).toEqual(range(1, 3));
  });

  it('names the topic that it cannot convert, also after it converted another topic', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'trades'), '');
    const sink = newParquet(dir);
    await sink.open();
    await sink.write([trade(1), { topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
    await expect(sink.close()).rejects.toThrow(/1 files of .*\.journal are not converted: .*trades/);
    expect(await parquetRows(dir, 'gaps')).toHaveLength(1);
  });

  it('tries again after 10 s what it could not convert', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const dir = await testFolder();
    await writeFile(join(dir, 'trades'), '');
    const problems: string[] = [];
    const sink = await openParquet(dir, { rotateMb: 0.001, onUnconverted: (problem) => problems.push(problem) });
    await sink.write(trades(1, 100));
    await until(() => problems.length > 0);
    await rm(join(dir, 'trades'));
    vi.advanceTimersByTime(9999);
    expect(await idsIn(dir)).toEqual([]);
    vi.advanceTimersByTime(1);
    await until(async () => (await idsIn(dir)).length === 100);
    expect(problems).toHaveLength(1);
  });

  it('takes no more when too much of the journal is not converted, and says why', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'trades'), '');
    const problems: string[] = [];
    const onUnconverted = (problem: string) => problems.push(problem);
    const sink = newParquet(dir, { rotateMb: 0.001, maxBacklogBytes: 1, onUnconverted });
    await sink.open();
    const outcomes = (of: 'delivered' | 'retry') => [expect.objectContaining({ kind: of })];
    expect(sink.trouble()).toBeUndefined();
    expect(await sink.write(trades(1, 1))).toEqual(outcomes('delivered'));
    await until(() => problems.length > 0);
    expect(await sink.write(trades(2, 1))).toEqual(outcomes('retry'));
    expect(sink.trouble()).toBe(`cannot write Parquet files: ${problems[0]}`);
    await expect(sink.close()).rejects.toThrow(problems[0]);
  });

  it('stops within its time although much is not converted', async () => {
    const [dir, crashed] = [await testFolder(), await testFolder()];
    const sink = await openParquet(dir);
    await sink.write(trades(1, BACKLOG.trades));
    const [segment = ''] = await readdir(join(dir, '.journal/trades'));
    // Many segments of the same trades: the conversion takes several times as long as the stop may.
    for (let copy = 1; copy <= BACKLOG.copies; copy++)
      await cp(join(dir, '.journal/trades', segment), join(crashed, '.journal/trades', copyName(copy)));
    const next = new ParquetSink({ dir: crashed, rotateMb: 64, now: () => START });
    await next.open();
    const startedAt = performance.now();
    await next.close();
    expect(performance.now() - startedAt).toBeLessThan(4000);
    const names = await readdir(join(crashed, '.journal/trades'));
    expect(names.filter((name) => name.endsWith('.done')).length).toBeLessThan(BACKLOG.copies);
  });

  it('converts at the next start what a stop left', async () => {
    const dir = await testFolder();
    const sink = await openParquet(dir, { closeTimeoutMs: 0 });
    await sink.write(trades(1, 3));
    await sink.close();
    expect(await idsIn(dir)).toEqual([]);
    await (await openParquet(dir)).close();
    expect(await idsIn(dir)).toEqual(range(1, 3));
  });

  it('reports that the journal could not be closed, also if a conversion failed', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'trades'), '');
    const sink = newParquet(dir);
    await sink.open();
    await sink.write([trade(1), { topic: 'gaps', key: 'BTCUSDT', record: sampleGap() }]);
    // Nothing can be renamed to the name of a folder that is not empty.
    await mkdir(join(dir, '.journal/gaps/20261121T083100-0000000001.avro/full'), { recursive: true });
    await expect(sink.close()).rejects.toThrow(/rename .*gaps/);
  });

  it('refuses a folder that another writer uses, and names it', async () => {
    const dir = await testFolder();
    await openParquet(dir);
    await expect(openParquet(dir)).rejects.toThrow(`${dir} is in use`);
  });
});
