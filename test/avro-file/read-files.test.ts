import { copyFile, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ReadFilesOptions, readFiles } from '../../src/avro-file/read-files.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import type { OutRecord } from '../../src/sinks/contract.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { until } from '../../testing/tools/until.ts';
import { collect } from '../sinks/avro-file/collect.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';

const trade = (id: number): OutRecord => ({
  topic: 'trades',
  key: 'BTCUSDT',
  record: sampleTrade({ tradeId: String(id) }),
});
const id = (record: FeedRecord): string => (record.kind === 'trade' ? record.tradeId : record.kind);

/** Reads in the background until the test stops it. */
function follow(dir: string, options: ReadFilesOptions = {}) {
  const stop = new AbortController();
  const found: string[] = [];
  const ended = (async () => {
    for await (const record of readFiles(dir, 'trades', { follow: true, pollMs: 5, signal: stop.signal, ...options })) {
      found.push(id(record));
    }
  })();
  return { found, ended, stop };
}

describe('readFiles', () => {
  it('reads nothing if the folder does not exist', async () => {
    expect(await collect(readFiles(await testFolder(), 'trades'))).toEqual([]);
  });

  it('reads files in the order of their numbers, and the complete blocks of the open file', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir, { rotateMb: 1e-6 });
    for (let i = 1; i <= 12; i++) await sink.write([trade(i)]);
    await sink.close();
    const slow = await openSink(dir);
    await slow.write([trade(13)]);
    expect((await collect(readFiles(dir, 'trades'))).map(id)).toEqual(
      Array.from({ length: 13 }, (_, i) => String(i + 1)),
    );
  });

  it('follows an open file into the next files', async () => {
    const dir = await testFolder();
    const { found, ended, stop } = follow(dir);
    const sink = await openSink(dir, { rotateMb: 0.001 });
    for (let i = 1; i <= 100; i++) {
      await sink.write([trade(i)]);
      if (i % 10 === 0) await until(() => found.length === i, { message: () => `${i} records, found ${found.length}` });
    }
    await sink.close();
    stop.abort();
    await ended;
    expect(found).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)));
  });

  it('reads only new records from the end', async () => {
    const dir = await testFolder();
    const old = await openSink(dir);
    await old.write([trade(1)]);
    await old.close();
    const sink = await openSink(dir);
    await sink.write([trade(2)]);
    expect(await collect(readFiles(dir, 'trades', { from: 'end' }))).toEqual([]);
    const { found, ended, stop } = follow(dir, { from: 'end' });
    for (let i = 3; found.length === 0; i++) {
      await sink.write([trade(i)]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sink.close();
    const next = await openSink(dir);
    await next.write([trade(1_000_000)]);
    await until(() => found.includes('1000000'), { message: 'the next file' });
    stop.abort();
    await ended;
    expect(Number(found[0])).toBeGreaterThan(2);
    expect(found).toEqual([...found].sort((a, b) => Number(a) - Number(b)));
  });

  it('starts from the end even if the last file is gone before it is opened', async () => {
    const dir = await testFolder();
    await mkdir(join(dir, 'trades'));
    // The listing contains the file, but opening it fails.
    await symlink(join(dir, 'gone'), join(dir, 'trades', '20261121T083100-0000000001.avro'));
    let starts = 0;
    const onStart = (): void => {
      starts++;
    };
    const { ended, stop } = follow(dir, { from: 'end', onStart });
    await until(() => starts > 0, { message: 'the start' });
    stop.abort();
    await ended;
    expect(starts).toBe(1);
  });

  it('ends when its signal aborts, also while it waits', async () => {
    const { ended, stop } = follow(await testFolder(), { pollMs: 60_000 });
    stop.abort();
    await ended;
  });

  it('skips the torn end of a file that a crash left open, and continues with the next file', async () => {
    const dir = await testFolder();
    const sink = await openSink(dir);
    await sink.write([trade(1)]);
    await sink.write([trade(2)]);
    const part = join(dir, 'trades', '20261121T083100-0000000001.avro.part');
    await truncate(part, (await readFile(part)).length - 1);
    expect((await collect(readFiles(dir, 'trades'))).map(id)).toEqual(['1']);

    const other = await testFolder();
    const closed = await openSink(other);
    await closed.write([trade(3)]);
    await closed.close();
    const bytes = await readFile(join(other, 'trades', '20261121T083100-0000000001.avro'));
    await writeFile(join(dir, 'trades', '20261121T083100-0000000002.avro'), bytes);
    expect((await collect(readFiles(dir, 'trades'))).map(id)).toEqual(['1', '3']);
    const { found, ended, stop } = follow(dir);
    await until(() => found.length === 2);
    stop.abort();
    await ended;
    expect(found).toEqual(['1', '3']);
  });

  it.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['with a broken sync marker', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)])],
    ['with a broken block', (bytes: Buffer) => bytes.fill(0xff, bytes.length - 60, bytes.length - 20)],
    ['that is not Avro', () => Buffer.from('not Avro')],
    [
      'with an unknown codec',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('deflate', 'bogus!!'), 'latin1'),
    ],
  ])('names a damaged closed file in the error: %s', async (_, damage) => {
    const dir = await testFolder();
    const sink = await openSink(dir, { codec: 'deflate' });
    await sink.write([trade(1)]);
    await sink.close();
    const path = join(dir, 'trades', '20261121T083100-0000000001.avro');
    await writeFile(path, damage(await readFile(path)));
    await expect(collect(readFiles(dir, 'trades'))).rejects.toMatchObject({
      name: 'Fault',
      kind: 'malformed',
      message: expect.stringContaining('0000000001.avro'),
    });
  });

  describe('when files are removed from the folder', () => {
    const at = (dir: string, name: string): string => join(dir, 'trades', name);
    const OLD = '20261121T083100-0000000001.avro';

    it.each([
      ['a closed file', true],
      ['an open file', false],
      ['an open file with a torn end', 'torn'],
    ] as const)('reads the new files from the first one, after %s was removed', async (_, closed) => {
      const dir = await testFolder();
      const sink = await openSink(dir);
      await sink.write([trade(1)]);
      await sink.write([trade(2)]);
      if (closed === true) await sink.close();
      const { found, ended, stop } = follow(dir);
      await until(() => found.length === 2, { message: 'what was there' });
      if (closed === 'torn') await writeFile(at(dir, `${OLD}.part`), 'half a block', { flag: 'a' });
      await rm(join(dir, 'trades'), { recursive: true });
      if (closed !== true) await expect(sink.close()).rejects.toThrow('ENOENT');
      const next = await openSink(dir, { now: () => Date.UTC(2026, 10, 21, 9), rotateMb: 1e-6 });
      for (const tradeId of [3, 4]) await next.write([trade(tradeId)]);
      await until(() => found.length === 4, { message: () => `the new files, found ${found}` });
      stop.abort();
      await ended;
      expect(found).toEqual(['1', '2', '3', '4']);
    });

    it('reads a new file with the number of a removed empty file, and repeats no other file', async () => {
      const dir = await testFolder();
      const sink = await openSink(dir);
      await sink.write([trade(1)]);
      await sink.close();
      const empty = at(dir, '20261121T083200-0000000002.avro.part');
      await writeFile(empty, '');
      let looks = 0;
      const { found, ended, stop } = follow(dir, { onCaughtUp: () => looks++ });
      await until(() => looks > 0, { message: 'the empty file' });
      await rm(empty);
      const before = looks;
      await until(() => looks > before + 1, { message: 'the folder without it' });
      await copyFile(at(dir, OLD), at(dir, '20261121T083300-0000000002.avro'));
      await until(() => found.length === 2, { message: 'the new file' });
      stop.abort();
      await ended;
      expect(found).toEqual(['1', '1']);
    });

    it('continues with the next record after old files were removed', async () => {
      const dir = await testFolder();
      const sink = await openSink(dir, { rotateMb: 1e-6 });
      for (const tradeId of [1, 2]) await sink.write([trade(tradeId)]);
      let looks = 0;
      const { found, ended, stop } = follow(dir, { onCaughtUp: () => looks++ });
      await until(() => found.length === 2, { message: 'what was there' });
      for (const seq of [1, 2]) await rm(at(dir, `20261121T083100-000000000${seq}.avro`));
      const before = looks;
      await until(() => looks > before + 1, { message: 'the folder without them' });
      await sink.write([trade(3)]);
      await until(() => found.length === 3, { message: 'the next file' });
      stop.abort();
      await ended;
      expect(found).toEqual(['1', '2', '3']);
    });
  });

  it('skips files that are not data files', async () => {
    const dir = await testFolder();
    await mkdir(join(dir, 'trades'));
    await writeFile(join(dir, 'trades', 'notes.txt'), 'x');
    await writeFile(join(dir, 'trades', '20261121T083100-1.avro'), 'x');
    expect(await collect(readFiles(dir, 'trades'))).toEqual([]);
  });
});
