import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockNotes, readNote, writeNote } from '../../src/backfill/history-folder.ts';
import { HistoryRefused } from '../../src/backfill/history-span.ts';
import type { SeriesName } from '../../src/backfill/last-record.ts';
import { FolderInUse } from '../../src/sinks/folder-fault.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'market-feed-history-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const SERIES: SeriesName = {
  kind: 'kline',
  venue: 'binance',
  symbol: 'BTCUSDT',
  environment: 'production',
  interval: '1m',
};
const NOTE = { arguments: '["-10m"]', begin: 5, end: 9, unbrokenFrom: 1, complete: false };

describe('lockNotes', () => {
  it('creates the folder and refuses another job until the first one unlocks it', async () => {
    const folder = join(dir, 'new', 'one');
    const unlock = await lockNotes(folder);
    await expect(lockNotes(folder)).rejects.toThrow(FolderInUse);
    unlock();
    (await lockNotes(folder))();
  });

  it.each(['positions', 'simulated.positions', 'feed-status'])(
    "refuses a feed's folder, which has %s",
    async (topic) => {
      await mkdir(join(dir, topic));
      await expect(lockNotes(dir)).rejects.toThrow(HistoryRefused);
      await expect(lockNotes(dir)).rejects.toThrow(`it has ${topic}`);
      expect(await readdir(dir)).toEqual([topic]);
    },
  );
});

describe('readNote and writeNote', () => {
  beforeEach(() => mkdir(join(dir, '.history')));

  it('return the note that was written last', async () => {
    expect(await readNote(dir, SERIES)).toBeUndefined();
    await writeNote(dir, SERIES, { ...NOTE, begin: 1 });
    await writeNote(dir, SERIES, NOTE);
    expect(await readNote(dir, SERIES)).toEqual(NOTE);
  });

  it.each([
    { interval: '1M' },
    { venue: 'bybit' },
    { symbol: 'ETHUSDT' },
    { kind: 'trade', interval: undefined },
    { environment: 'simulated' },
  ] as const)('return no note for another series: %o', async (other) => {
    await writeNote(dir, SERIES, NOTE);
    expect(await readNote(dir, { ...SERIES, ...other })).toBeUndefined();
  });

  it('return no note if the file cannot be parsed', async () => {
    await writeNote(dir, SERIES, NOTE);
    await writeFile(join(dir, '.history', 'production.kline.binance.BTCUSDT.1m.json'), '{"begin":');
    expect(await readNote(dir, SERIES)).toBeUndefined();
  });

  it('store and return the note of a symbol with slashes', async () => {
    await writeNote(dir, { ...SERIES, symbol: '../../X' }, NOTE);
    expect(await readNote(dir, { ...SERIES, symbol: '../../X' })).toEqual(NOTE);
  });
});
