import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import avro from 'avsc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readHeader } from '../../../src/avro-file/container.ts';
import { readFiles } from '../../../src/avro-file/read-files.ts';
import { codecOf } from '../../../src/codec/avro.ts';
import { AvroFileSink } from '../../../src/sinks/avro-file/sink.ts';
import type { OutRecord } from '../../../src/sinks/contract.ts';
import { topicsIn } from '../../../testing/judges/avro-files.ts';
import { samplePosition, sampleRecords, sampleTrade } from '../../../testing/records/sample-records.ts';
import { collect } from './collect.ts';
import { disk } from './failing-disk.ts';
import { namesIn, openSink, START, testFolder } from './test-folder.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const { openOnDisk } = await import('./failing-disk.ts');
  return { ...real, open: openOnDisk(real.open) };
});

const TRADES = { environmentPrefixes: [''], kinds: ['trade'] } as const;
const trade = (id: number, topic = 'trades'): OutRecord => ({
  topic,
  key: 'BTCUSDT',
  record: sampleTrade({ tradeId: String(id) }),
});
const trades = (from: number, count: number): OutRecord[] => Array.from({ length: count }, (_, i) => trade(from + i));
const range = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => String(from + i));

async function tradeIds(dir: string, topic = 'trades'): Promise<string[]> {
  return (await collect(readFiles(dir, topic))).map((record) => (record.kind === 'trade' ? record.tradeId : ''));
}

afterEach(() => {
  disk.full = false;
});

describe('Avro file sink', () => {
  it('names files by topic, time and number, and adds .part only while a file is open', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir);
    await sink.write([trade(1), trade(2, 'testnet.trades')]);
    expect(topicsIn(dir).sort()).toEqual(['testnet.trades', 'trades']);
    expect(await namesIn(dir, 'trades')).toEqual(['20261121T083100-0000000001.avro.part']);
    await sink.close();
    expect(await namesIn(dir, 'trades')).toEqual(['20261121T083100-0000000001.avro']);
    expect(await namesIn(dir, 'testnet.trades')).toEqual(['20261121T083100-0000000001.avro']);
  });

  it('writes nothing, not even a folder, for topics without records', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir);
    await sink.close();
    expect(topicsIn(dir)).toEqual([]);
  });

  it('starts a new file at the configured size; numbers rise despite a restart with an earlier clock', async () => {
    const dir = await testFolder();
    let now = START;
    const rotateMb = 0.02;
    const first = await openSink(dir, { rotateMb, now: () => now });
    for (let at = 0; at < 1000; at += 100) {
      await first.write(trades(1 + at, 100));
      now += 1000;
    }
    const rotated = (await namesIn(dir, 'trades')).filter((name) => name.endsWith('.avro'));
    await first.close();
    now = START - 3_600_000;
    const second = await openSink(dir, { rotateMb, now: () => now });
    await second.write(trades(1001, 10));
    await second.close();

    const names = await namesIn(dir, 'trades');
    expect(rotated.length).toBeGreaterThan(2);
    expect(names.map((name) => name.slice(16))).toEqual(
      names.map((_, index) => `${String(index + 1).padStart(10, '0')}.avro`),
    );
    for (const name of rotated) {
      const { size } = await stat(join(dir, 'trades', name));
      expect(size).toBeGreaterThanOrEqual(rotateMb * 2 ** 20);
      expect(size).toBeLessThan(rotateMb * 2 ** 20 + 12_000);
    }
    expect(await tradeIds(dir)).toEqual(range(1, 1010));
  });

  it('continues file numbers after 9 and after 10', async () => {
    const dir = await testFolder();
    for (let run = 1; run <= 12; run++) {
      const sink = await openSink(dir);
      await sink.write([trade(run)]);
      await sink.close();
    }
    expect((await namesIn(dir, 'trades')).at(-1)).toBe('20261121T083100-0000000012.avro');
    expect(await tradeIds(dir)).toEqual(range(1, 12));
  });

  it.each(['null', 'deflate'] as const)(
    'codec %s: avsc reads every topic with the schema in the file',
    async (codec) => {
      const dir = await testFolder();
      const sink = await openSink(dir, { codec });
      await sink.write(sampleRecords.map((record) => ({ topic: codecOf(record.kind).topic.name, key: '', record })));
      await sink.close();
      for (const record of sampleRecords) {
        const { topic, schemaJson } = codecOf(record.kind);
        const [name] = await readdir(join(dir, topic.name));
        const path = join(dir, topic.name, name as string);
        expect(readHeader(await readFile(path))).toMatchObject({ schemaJson, codec });
        const found = await collect(avro.createFileDecoder(path));
        expect(found).toHaveLength(1);
      }
    },
  );

  it('writes the same bytes for the same batches at any time and in any folder', async () => {
    const [a, b] = [await testFolder(), await testFolder()];
    for (const [dir, now] of [
      [a, START],
      [b, START + 86_400_000],
    ] as const) {
      const sink = await openSink(dir, { codec: 'deflate', rotateMb: 0.001, now: () => now });
      await sink.write(trades(1, 300));
      await sink.write(trades(301, 300));
      await sink.close();
    }
    const contents = async (dir: string): Promise<Buffer[]> =>
      Promise.all((await namesIn(dir, 'trades')).map((name) => readFile(join(dir, 'trades', name))));
    const [ofA, ofB] = [await contents(a), await contents(b)];
    expect(ofA.length).toBeGreaterThan(1);
    expect(ofA.map((bytes) => bytes.toString('hex'))).toEqual(ofB.map((bytes) => bytes.toString('hex')));
    const syncs = ofA.map((bytes) => readHeader(bytes)?.sync.toString('hex'));
    expect(new Set(syncs).size).toBe(ofA.length);
  });

  it.each([0, 1, 17, 5000])(
    'on a disk that is full after %i bytes, asks for a retry and then stores each record once',
    async (partialBytes) => {
      const dir = await testFolder();
      const sink = await openSink(dir);
      await sink.write(trades(1, 5));
      disk.full = true;
      disk.partialBytes = partialBytes;
      for (let attempt = 0; attempt < 3; attempt++) {
        const outcomes = await sink.write(trades(6, 5));
        expect(outcomes).toHaveLength(5);
        for (const outcome of outcomes) {
          expect(outcome).toMatchObject({
            kind: 'retry',
            fault: { kind: 'sink', message: expect.stringContaining('ENOSPC') },
          });
        }
        expect(sink.trouble()).toContain('ENOSPC');
        expect(await tradeIds(dir)).toEqual(range(1, 5));
      }
      disk.full = false;
      expect((await sink.write(trades(6, 5))).map(({ kind }) => kind)).toEqual(Array(5).fill('delivered'));
      expect(sink.trouble()).toBeUndefined();
      await sink.close();
      expect(await tradeIds(dir)).toEqual(range(1, 10));
      expect(await namesIn(dir, 'trades')).toEqual(['20261121T083100-0000000001.avro']);
    },
  );

  it('closes a file with exactly the delivered records if the disk stays full', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir);
    await sink.write(trades(1, 5));
    disk.full = true;
    disk.partialBytes = 200;
    await sink.write(trades(6, 5));
    await sink.write([trade(1, 'testnet.trades')]);
    await sink.close();
    expect(await namesIn(dir, 'trades')).toEqual(['20261121T083100-0000000001.avro']);
    expect(await tradeIds(dir)).toEqual(range(1, 5));
    expect(await namesIn(dir, 'testnet.trades')).toEqual([]);
  });

  it.each([
    [true, 'backoff'],
    [false, 'never'],
  ] as const)('answers retry only for an unwritable topic (waitsForFolder %s)', async (waitsForFolder, retry) => {
    const dir = await testFolder();
    const sink = await openSink(dir, { waitsForFolder });
    await writeFile(join(dir, 'prices'), 'a file where a folder should be');
    const outcomes = await sink.write([
      trade(1),
      { topic: 'prices', key: 'BTCUSDT', record: sampleRecords[2] as OutRecord['record'] },
      trade(2),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'retry', 'delivered']);
    expect(outcomes[1]).toMatchObject({ fault: { retry: { kind: retry } } });
    expect(sink.trouble()).toBeDefined();
    await rm(join(dir, 'prices'));
    expect(
      await sink.write([{ topic: 'prices', key: 'BTCUSDT', record: sampleRecords[2] as OutRecord['record'] }]),
    ).toEqual([{ kind: 'delivered' }]);
    expect(sink.trouble()).toBeUndefined();
  });

  it('starts another file after its folder was removed and the disk was full', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir);
    await sink.write([trade(1)]);
    await rm(join(dir, 'trades'), { recursive: true });
    disk.full = true;
    await sink.write([trade(2)]);
    disk.full = false;
    await sink.write([trade(2)]);
    expect((await sink.write([trade(2)]))[0]?.kind).toBe('delivered');
    expect(await namesIn(dir, 'trades')).toEqual(['20261121T083100-0000000002.avro.part']);
  });

  it('writes a batch of 10,000 records completely', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir, { codec: 'deflate' });
    const outcomes = await sink.write(trades(1, 10_000));
    expect(outcomes.every(({ kind }) => kind === 'delivered')).toBe(true);
    expect(await tradeIds(dir)).toEqual(range(1, 10_000));
  });

  it('keeps only the last position record of each symbol after a restart', async () => {
    const dir = await testFolder();
    for (let run = 1; run <= 3; run++) {
      const sink = await openSink(dir);
      for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
        for (const tradeId of [null, '7', '8']) {
          await sink.write([
            { topic: 'positions', key: `binance:${symbol}`, record: samplePosition({ symbol, epoch: run, tradeId }) },
          ]);
        }
      }
      await sink.close();
    }
    const sink = await openSink(dir);
    expect(await namesIn(dir, 'positions')).toEqual(['20261121T083100-0000000005.avro']);
    const kept = (await collect(readFiles(dir, 'positions'))).map((record) => ({ ...record }));
    expect(kept).toEqual([
      samplePosition({ symbol: 'BTCUSDT', epoch: 3, tradeId: '8' }),
      samplePosition({ symbol: 'ETHUSDT', epoch: 3, tradeId: '8' }),
    ]);
    expect(await sink.checkpoints(TRADES)).toMatchObject([
      { symbol: 'BTCUSDT', epoch: 3, last: { id: '8' } },
      { symbol: 'ETHUSDT', epoch: 3, last: { id: '8' } },
    ]);
  });

  it('drops old position records while it runs, but keeps the last one of each venue and symbol', async () => {
    const dir = await testFolder();
    const sink = new AvroFileSink({ dir, rotateMb: 0.002, codec: 'null', now: () => START });
    await sink.open();
    const position = (symbol: string, round: number): OutRecord => ({
      topic: 'positions',
      key: `binance:${symbol}`,
      record: samplePosition({ symbol, epoch: 1, tradeId: String(round) }),
    });
    await sink.write([position('OLDUSDT', 7)]);
    for (let round = 1; round <= 500; round++) {
      const outcomes = await sink.write([position('BTCUSDT', round), position('ETHUSDT', round)]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'delivered']);
    }
    expect((await namesIn(dir, 'positions')).length).toBeLessThanOrEqual(2);
    expect((await collect(readFiles(dir, 'positions'))).length).toBeLessThan(100);
    const ids = (await sink.checkpoints(TRADES)).map(({ symbol, last }) => `${symbol} ${last?.id}`);
    expect(ids.toSorted()).toEqual(['BTCUSDT 500', 'ETHUSDT 500', 'OLDUSDT 7']);
    await sink.close();
  });

  it('fails for good if a file is in the place of its folder', async () => {
    const dir = await testFolder();
    await writeFile(join(dir, 'data'), '');
    const sink = new AvroFileSink({ dir: join(dir, 'data', 'feed'), rotateMb: 1, codec: 'null', now: () => START });
    await expect(sink.open()).rejects.toMatchObject({ name: 'Fault', kind: 'sink', retry: { kind: 'never' } });
    await sink.close();
  });

  it('refuses to read checkpoints if a file of position records is damaged', async () => {
    const dir = await testFolder();
    await mkdir(join(dir, 'positions'));
    await writeFile(join(dir, 'positions', '20261121T083100-0000000001.avro'), 'broken');
    const sink = await openSink(dir);
    await expect(sink.checkpoints(TRADES)).rejects.toMatchObject({
      kind: 'malformed',
      retry: { kind: 'never' },
      message: expect.stringContaining('0000000001.avro'),
    });
  });
});
