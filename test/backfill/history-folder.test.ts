import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder, readNote, writeNote } from '../../src/backfill/history-folder.ts';
import { HistoryRefused } from '../../src/backfill/history-span.ts';
import type { SeriesName } from '../../src/backfill/last-record.ts';

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
const NOTE = { arguments: '["-10m"]', begin: 5, end: 9, runBegin: 1, complete: false };

describe('lockFolder', () => {
  it('makes the folder, and nobody else gets it until it is given back', async () => {
    const folder = join(dir, 'new', 'one');
    const unlock = await lockFolder(folder, process.ppid);
    await expect(lockFolder(folder, process.pid)).rejects.toMatchObject({
      kind: 'sink',
      message: expect.stringContaining(`process ${process.ppid}`),
    });
    await unlock();
    await (await lockFolder(folder, process.pid))();
  });

  it.each(['999999999', String(process.pid), '', 'nonsense'])(
    'takes over what a dead process left: %j',
    async (left) => {
      await mkdir(join(dir, '.history'));
      await writeFile(join(dir, '.history', 'lock'), left);
      await lockFolder(dir, process.pid);
      expect(await readFile(join(dir, '.history', 'lock'), 'utf8')).toBe(String(process.pid));
    },
  );

  it.each(['positions', 'simulated.positions', 'feed-status'])(
    "refuses a feed's folder, which has %s",
    async (topic) => {
      await mkdir(join(dir, topic));
      await expect(lockFolder(dir, process.pid)).rejects.toThrow(HistoryRefused);
      await expect(lockFolder(dir, process.pid)).rejects.toThrow(`it has ${topic}`);
      expect(await readdir(dir)).toEqual([topic]);
    },
  );
});

describe('a note', () => {
  beforeEach(() => mkdir(join(dir, '.history')));

  it('is read as it was written, the last one', async () => {
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
  ] as const)('is of one series alone: none of %o', async (other) => {
    await writeNote(dir, SERIES, NOTE);
    expect(await readNote(dir, { ...SERIES, ...other })).toBeUndefined();
  });

  it('that cannot be read is none', async () => {
    await writeNote(dir, SERIES, NOTE);
    await writeFile(join(dir, '.history', 'production.kline.binance.BTCUSDT.1m.json'), '{"begin":');
    expect(await readNote(dir, SERIES)).toBeUndefined();
  });

  it('of a symbol with a slash stays in its folder', async () => {
    await writeNote(dir, { ...SERIES, symbol: '../../X' }, NOTE);
    expect(await readNote(dir, { ...SERIES, symbol: '../../X' })).toEqual(NOTE);
  });
});
