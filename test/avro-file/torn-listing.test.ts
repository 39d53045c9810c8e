import { copyFile, readFile, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type * as fileName from '../../src/avro-file/file-name.ts';
import { readBackwards } from '../../src/avro-file/read-backwards.ts';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { sampleTrade } from '../../testing/records/sample-records.ts';
import { openSink, testFolder } from '../sinks/avro-file/test-folder.ts';

const listing = vi.hoisted(() => ({
  before: async (): Promise<void> => {},
  after: async (): Promise<void> => {},
}));
vi.mock('../../src/avro-file/file-name.ts', async (importOriginal) => {
  const original = await importOriginal<typeof fileName>();
  return {
    ...original,
    listFiles: async (folder: string) => {
      await listing.before();
      const files = await original.listFiles(folder);
      await listing.after();
      return files;
    },
  };
});

afterEach(() => {
  listing.before = async () => {};
  listing.after = async () => {};
});

it('readFiles reads the last block of a file that still seems open while the next file exists', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir);
  for (const tradeId of ['1', '2'])
    await sink.write([{ topic: 'trades', key: 'BTCUSDT', record: sampleTrade({ tradeId }) }]);
  const part = join(dir, 'trades', '20261121T083100-0000000001.avro.part');
  const whole = await readFile(part);
  const saved = join(dir, 'saved');
  await copyFile(part, saved);
  await truncate(part, whole.length - 1);
  let looks = 0;
  // The second listing comes after the first block was read. It finds what a rename in progress leaves visible.
  listing.before = async () => {
    if (++looks !== 2) return;
    await copyFile(saved, part);
    await copyFile(saved, join(dir, 'trades', '20261121T083100-0000000002.avro.part'));
  };
  const stop = new AbortController();
  const ids: string[] = [];
  for await (const record of readFiles(dir, 'trades', { follow: true, pollMs: 5, signal: stop.signal })) {
    ids.push(record.kind === 'trade' ? record.tradeId : record.kind);
    // A reader that skips the second trade of the first file never reads it later, so the test ends without it.
    if (ids.length === 4 || (ids.length === 3 && ids[1] === '1')) stop.abort();
  }
  expect(ids).toEqual(['1', '2', '1', '2']);
});

it('readBackwards reads a file closed after the listing, and skips a file removed after it', async () => {
  const dir = await testFolder();
  const sink = await openSink(dir, { rotateMb: 1e-6 });
  for (const tradeId of ['1', '2'])
    await sink.write([{ topic: 'trades', key: 'BTCUSDT', record: sampleTrade({ tradeId }) }]);
  const path = (seq: number): string => join(dir, 'trades', `20261121T083100-000000000${seq}.avro`);
  await rename(path(1), `${path(1)}.part`);
  listing.after = async () => {
    await rename(`${path(1)}.part`, path(1));
    await rm(path(2));
  };
  const ids: string[] = [];
  const isSound = await readBackwards(join(dir, 'trades'), (records) => {
    ids.push(...records.map((record) => (record.kind === 'trade' ? record.tradeId : record.kind)));
    return 'continue';
  });
  expect({ ids, isSound }).toEqual({ ids: ['1'], isSound: true });
});
