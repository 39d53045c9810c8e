import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { fetchRecent } from '../../src/backfill/fetch-recent.ts';
import type { HistoryRange } from '../../src/backfill/history-span.ts';
import { HistoryRefused } from '../../src/backfill/history-span.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { ask, numbers, timeOf } from './numbered-past.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'market-feed-history-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const MOST = 10;
const LAST: HistoryRange = { fromMs: undefined, toMs: undefined, limit: MOST };

/** Fetches from a venue with sparse ids, whose trades up to `latest` were made a second apart. */
async function fetchAt(latest: number, range: HistoryRange, first = 1) {
  const returned = numbers(Math.max(first, latest - MOST + 1), latest).map((second) =>
    tradeEvent(`229000000000000${1000 + 7 * second}`, { venue: 'bybit', timestamp: timeOf(second) }),
  );
  const sink = new AvroFileSink({ dir, rotateMb: 1, codec: 'null', now: () => 0 });
  await sink.open();
  try {
    const name = {
      kind: 'trade',
      venue: 'bybit',
      symbol: 'BTCUSDT',
      environment: 'production',
      interval: undefined,
    } as const;
    const recent = { path: '', weight: 1, parse: () => returned.toReversed() };
    return await fetchRecent({ name, recent, most: MOST, range, dir, topic: 'trades' }, sink, ask);
  } finally {
    await sink.close();
  }
}

async function stored(): Promise<number[]> {
  const seconds: number[] = [];
  for await (const record of readFiles(dir, 'trades'))
    if (record.kind === 'trade') seconds.push(record.timestamp / 1000);
  return seconds;
}

it('fetchRecent writes the answer, oldest first', async () => {
  expect(await fetchAt(50, LAST)).toMatchObject({ records: 10, complete: true, leavesGap: false });
  expect(await stored()).toEqual(numbers(41, 50));
});

it('fetchRecent leaves out trades that the folder already has', async () => {
  await fetchAt(50, LAST);
  expect(await fetchAt(50, LAST)).toMatchObject({ records: 0, leavesGap: false });
  expect(await fetchAt(54, LAST)).toMatchObject({ records: 4, leavesGap: false });
  expect(await stored()).toEqual(numbers(41, 54));
});

it('fetchRecent reports a gap if the venue no longer returns the trades after those in the folder', async () => {
  await fetchAt(50, LAST);
  expect(await fetchAt(61, LAST)).toMatchObject({ records: 10, leavesGap: true });
  expect(await fetchAt(65, { ...LAST, limit: 2 })).toMatchObject({ records: 2, leavesGap: true });
});

it.each([
  ['the last trades up to the limit', { limit: 3 }, numbers(48, 50)],
  ['the last trades before an end time, exclusive', { toMs: timeOf(47), limit: 3 }, numbers(44, 46)],
  ['the trades from a start to an exclusive end', { fromMs: timeOf(44), toMs: timeOf(46), limit: undefined }, [44, 45]],
  ['the first trades from a start time', { fromMs: timeOf(44), limit: 3 }, numbers(44, 46)],
] as const)('writes %s', async (_, range, expected) => {
  await fetchAt(50, { ...LAST, ...range });
  expect(await stored()).toEqual(expected);
});

it('fetchRecent refuses a start before the first returned trade, unless the venue has no older trades', async () => {
  const range = { ...LAST, fromMs: timeOf(41) - 1 };
  await expect(fetchAt(50, range)).rejects.toThrow(HistoryRefused);
  await expect(fetchAt(50, range)).rejects.toThrow(/--from: found 1970-.*, allowed: 1970-01-01T00:00:41.000Z or later/);
  expect(await stored()).toEqual([]);
  expect(await fetchAt(50, range, 45)).toMatchObject({ records: 6 });
});
