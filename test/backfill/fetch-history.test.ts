import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import {
  fetchHistory,
  type HistoryDependencies,
  type HistoryJob,
  type HistoryProgress,
} from '../../src/backfill/fetch-history.ts';
import { lockNotes } from '../../src/backfill/history-folder.ts';
import type { HistoryRange } from '../../src/backfill/history-span.ts';
import { HistoryRefused } from '../../src/backfill/history-span.ts';
import { AvroFileSink } from '../../src/sinks/avro-file/sink.ts';
import type { PastRecord, PastSeries } from '../../src/venues/contract.ts';
import { kline, tradeEvent } from '../../testing/judges/events.ts';
import { ask, NumberedPast, numbers, timeOf } from './numbered-past.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'market-feed-history-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const TRADES = {
  kind: 'trade',
  venue: 'binance',
  symbol: 'BTCUSDT',
  environment: 'production',
  interval: undefined,
} as const;
const ALL: HistoryRange = { fromMs: 1, toMs: undefined, limit: undefined };

function jobOf(series: PastSeries, range: HistoryRange, folder = dir): HistoryJob {
  return { name: TRADES, series, range, arguments: JSON.stringify(range), dir: folder, topic: 'trades' };
}

/** Number of repaired files, which a killed process left open. */
let repaired = 0;

class Killed extends Error {}

/**
 * Runs one process of a job. A step is a request or a batch. At step `lifetime` the process is killed, and its files
 * stay open.
 */
async function run(job: HistoryJob, lifetime = Number.POSITIVE_INFINITY, more: Partial<HistoryDependencies> = {}) {
  let deeds = 0;
  const live = <T>(deed: () => Promise<T>): Promise<T> =>
    deeds++ < lifetime ? deed() : Promise.reject(new Killed('killed'));
  const sink = new AvroFileSink({
    dir: job.dir,
    // The header has 3 KB of these 4 KB. So a page of 20 trades completes a file, and a short page may leave it open.
    rotateMb: 0.004,
    codec: 'null',
    now: () => 0,
    onRepaired: () => repaired++,
  });
  const unlock = await lockNotes(job.dir);
  await sink.open();
  try {
    const result = await fetchHistory(job, {
      sink: { write: (batch) => live(() => sink.write(batch)) },
      ask: (request) => live(() => ask(request)),
      venueNowMs: () => 0,
      pause: async () => {},
      signal: new AbortController().signal,
      onProgress: () => {},
      ...more,
    });
    await sink.close();
    return result;
  } catch (error) {
    await closedAsByDeath(job.dir, () => sink.close());
    throw error;
  } finally {
    unlock();
  }
}

/** Closes the files, and leaves them as if the process was killed while it wrote a block. */
async function closedAsByDeath(folder: string, close: () => Promise<void>): Promise<void> {
  const topic = join(folder, 'trades');
  const names = await readdir(topic).catch(() => []);
  const open = names.filter((name) => name.endsWith('.part')).map((name) => join(topic, name));
  const bytes = await Promise.all(open.map((path) => readFile(path)));
  await close();
  for (const [index, path] of open.entries()) {
    await rm(path.replace(/\.part$/, ''), { force: true });
    await writeFile(path, Buffer.concat([bytes[index] as Buffer, Buffer.from([20, 200, 1, 7])]));
  }
}

async function stored(folder = dir, topic = 'trades'): Promise<PastRecord[]> {
  const all: PastRecord[] = [];
  for await (const record of readFiles(folder, topic)) all.push(record as PastRecord);
  return all;
}

const idsOf = (records: readonly PastRecord[]) =>
  records.map((record) => (record.kind === 'kline' ? record.openTime : Number(record.tradeId)));

describe('fetchHistory', () => {
  it('fetches its range and reports progress until it is complete', async () => {
    const shares: number[] = [];
    const past = new NumberedPast(numbers(1, 100), 30);
    const result = await run(jobOf(past.series, ALL), undefined, { onProgress: ({ share }) => shares.push(share) });
    expect(result).toMatchObject({ records: 100, share: 1, complete: true, missing: 0, leavesGap: false });
    expect(idsOf(await stored())).toEqual(numbers(1, 100));
    expect(shares).toEqual([0, 0.3, 0.6, 0.9, 1]);
  });

  it('reports missing trades at once, before the next request', async () => {
    await run(jobOf(new NumberedPast(numbers(1, 5), 10).series, { ...ALL, toMs: timeOf(5) }));
    const past = new NumberedPast([...numbers(11, 13), ...numbers(16, 40)], 10);
    const reported: HistoryProgress[] = [];
    const dying = run(jobOf(past.series, { ...ALL, fromMs: timeOf(11) }), 5, {
      onProgress: (progress) => reported.push(progress),
    });
    await expect(dying).rejects.toThrow(Killed);
    expect(reported.at(-1)).toMatchObject({ records: 10, missing: 2, leavesGap: true });
  });

  it('writes nothing if the venue has no records', async () => {
    expect(await run(jobOf(new NumberedPast([], 5).series, ALL))).toMatchObject({ records: 0, complete: true });
    expect(await stored()).toEqual([]);
  });

  it('stops after the current page when its signal aborts, and resumes in the next run', async () => {
    const past = new NumberedPast(numbers(1, 100), 30);
    const abort = new AbortController();
    const first = await run(jobOf(past.series, ALL), undefined, {
      signal: abort.signal,
      onProgress: ({ records }) => records >= 60 && abort.abort(),
    });
    expect(first).toMatchObject({ records: 60, complete: false });
    expect(await run(jobOf(past.series, ALL))).toMatchObject({ records: 40, complete: true, resumed: true });
    expect(idsOf(await stored())).toEqual(numbers(1, 100));
  });

  it('resumes a fetch of the last trades up to its first end, although newer trades exist', async () => {
    const past = new NumberedPast(numbers(1, 100), 10);
    const job = jobOf(past.series, { fromMs: undefined, toMs: undefined, limit: 40 });
    await expect(run(job, 4)).rejects.toThrow(Killed);
    past.places.push(...numbers(101, 150));
    expect(await run(job)).toMatchObject({ complete: true, resumed: true });
    expect(idsOf(await stored())).toEqual(numbers(61, 100));
    // The job is done, so the same arguments now start a new job for the last records.
    expect(await run(job)).toMatchObject({ records: 40, leavesGap: true });
    expect(idsOf(await stored())).toEqual([...numbers(61, 100), ...numbers(111, 150)]);
  });

  it('keeps series that share a folder separate', async () => {
    const other: PastSeries = {
      ...new NumberedPast(numbers(1, 5), 5).series,
      page: (from, to) => ({
        path: '',
        weight: 1,
        parse: () => ({
          rows: numbers(from, to).map((place) => ({ place, record: tradeEvent(place, { symbol: 'ETHUSDT' }) })),
          next: to + 1,
        }),
      }),
    };
    const past = new NumberedPast(numbers(1, 3), 5);
    await run(jobOf(past.series, ALL));
    await run({ ...jobOf(other, ALL), name: { ...TRADES, symbol: 'ETHUSDT' } });
    past.places.push(4);
    expect(await run(jobOf(past.series, ALL))).toMatchObject({ records: 1 });
  });

  it('refuses to continue if the venue no longer knows the last record', async () => {
    const past = new NumberedPast(numbers(1, 5), 5);
    await run(jobOf(past.series, ALL));
    const placeOf = () => ({ path: '', weight: 1, parse: () => undefined });
    await expect(run(jobOf({ ...past.series, placeOf }, ALL))).rejects.toThrow(HistoryRefused);
  });
});

describe('fetchHistory for klines', () => {
  const MINUTE = 60_000;
  const KLINES = { ...TRADES, kind: 'kline', interval: '1m' } as const;

  /** Candles of a minute; the last one is open. */
  function candles(opens: readonly number[], now: () => number): PastSeries {
    return {
      ...new NumberedPast([], 9).series,
      contiguous: false,
      latest: { path: '', weight: 1, parse: () => Math.floor(now() / MINUTE) * MINUTE },
      firstFrom: (ms) => ({ path: '', weight: 1, parse: () => ms }),
      step: (place, n) => place + n * MINUTE,
      page: (from, to) => ({
        path: '',
        weight: 1,
        parse: () => ({
          rows: opens
            .filter((open) => open >= from && open <= to)
            .map((open) => ({
              place: open,
              record: kline(open, Math.min(now(), open + MINUTE - 1), { closed: open + MINUTE <= now() }),
            })),
          next: to + 1,
        }),
      }),
      placeOf: (record) => (record.kind === 'kline' ? record.openTime : 0),
    };
  }

  const storedCandles = async () =>
    (await stored(dir, 'klines')).flatMap((record) =>
      record.kind === 'kline' ? [[record.openTime / MINUTE, record.closed]] : [],
    );

  it('fetches an open candle again in the next job, when it is closed', async () => {
    const opens = [1, 2, 3].map((n) => n * MINUTE);
    let now = 3.5 * MINUTE;
    const series = candles(opens, () => now);
    const job = { ...jobOf(series, { ...ALL, fromMs: MINUTE }), name: KLINES, topic: 'klines' };
    await run(job);
    now = 4.5 * MINUTE;
    opens.push(4 * MINUTE);
    await run(job);
    expect(await storedCandles()).toEqual([
      [1, true],
      [2, true],
      [3, false],
      [3, true],
      [4, false],
    ]);
  });

  it('fetches an open candle again even if the next job is killed before it writes anything', async () => {
    const opens = [1, 2, 3].map((n) => n * MINUTE);
    let now = 3.5 * MINUTE;
    const series = candles(opens, () => now);
    const job = { ...jobOf(series, { ...ALL, fromMs: MINUTE }), name: KLINES, topic: 'klines' };
    await run(job);
    now = 4.5 * MINUTE;
    opens.push(4 * MINUTE);
    await expect(run(job, 2)).rejects.toThrow(Killed);
    expect(await run(job)).toMatchObject({ complete: true, resumed: true });
    expect(await storedCandles()).toEqual([
      [1, true],
      [2, true],
      [3, false],
      [3, true],
      [4, false],
    ]);
  });

  it('does not write an open candle twice if a job is killed after it wrote the candle', async () => {
    const series = candles([MINUTE, 2 * MINUTE], () => 2.5 * MINUTE);
    const job = { ...jobOf(series, { ...ALL, fromMs: MINUTE }), name: KLINES, topic: 'klines' };
    await run(job);
    const note = join(dir, '.history', 'production.kline.binance.BTCUSDT.1m.json');
    await writeFile(note, (await readFile(note, 'utf8')).replace('"complete":true', '"complete":false'));
    expect(await run(job)).toMatchObject({ records: 0, complete: true, resumed: true });
    expect(await storedCandles()).toEqual([
      [1, true],
      [2, false],
    ]);
  });
});

/** Steps after which a job has written its plan: the requests for the range, and one more. */
const PLANNED = 3;

const arbitraryJob = fc.record({
  from: fc.option(fc.integer({ min: 1, max: 80 }), { nil: undefined }),
  length: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 60 }),
  /** For each process except the last one: the number of steps after which it is killed. */
  lifetimes: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
  /** Number of records that the venue adds after each killed process that has written its plan. */
  grows: fc.integer({ min: 0, max: 9 }),
});

describe('fetchHistory with random ranges and kills', { timeout: 60_000 }, () => {
  it('leaves exactly the requested records in the files, each once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitraryJob, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 20 }),
        async (jobs, pageSize) => {
          const folder = await mkdtemp(join(dir, 'case-'));
          const past = new NumberedPast(numbers(1, 70), pageSize);
          const expected = new Set<number>();
          for (const [index, { from, length, limit, lifetimes, grows }] of jobs.entries()) {
            const range = {
              fromMs: from === undefined ? undefined : timeOf(from),
              toMs: from === undefined || length === undefined ? undefined : timeOf(from + length),
              limit: from === undefined ? limit : undefined,
            };
            const job = { ...jobOf(past.series, range, folder), arguments: String(index) };
            const latest = past.places.length;
            const begin = from ?? Math.max(1, latest - limit + 1);
            const end = Math.min(latest, from === undefined || length === undefined ? latest : from + length - 1);
            const span = numbers(begin, end);
            const mustRefuse = span.length > 0 && expected.size > 0 && begin < runBegin(expected);
            let outcome: 'done' | 'refused' | 'killed' = 'killed';
            for (const lifetime of [...lifetimes, Number.POSITIVE_INFINITY]) {
              outcome = await outcomeOf(run(job, lifetime));
              if (outcome !== 'killed') break;
              // The plan is written, so new records are not part of the job.
              if (lifetime >= PLANNED) past.places.push(...numbers(past.places.length + 1, past.places.length + grows));
            }
            expect(outcome).toBe(mustRefuse ? 'refused' : 'done');
            if (!mustRefuse) for (const place of span) expected.add(place);
            const ids = idsOf(await stored(folder));
            expect(ids).toEqual([...expected].sort((a, b) => a - b));
          }
          await rm(folder, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
    expect(repaired).toBeGreaterThan(0);
  });
});

async function outcomeOf(running: Promise<unknown>): Promise<'done' | 'refused' | 'killed'> {
  try {
    await running;
    return 'done';
  } catch (error) {
    if (error instanceof HistoryRefused) return 'refused';
    if (error instanceof Killed) return 'killed';
    throw error;
  }
}

/** The first id of the last run of consecutive ids. */
function runBegin(ids: ReadonlySet<number>): number {
  let at = Math.max(...ids);
  while (ids.has(at - 1)) at--;
  return at;
}
