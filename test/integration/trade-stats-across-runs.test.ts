import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { startPipeline } from '../../src/runtime/run.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { recordsByPython } from '../../testing/judges/avro-files.ts';
import { type JournalEvent, readJournal } from '../../testing/judges/journal.ts';
import { largeTradeProblems } from '../../testing/judges/judge-large-trades.ts';
import { nameOf, unpublishedWindows, wholenessProblems, windowProblems } from '../../testing/judges/judge-windows.ts';
import { type RunStore, stored } from '../../testing/judges/read-run.ts';
import { sharedBrokers } from '../../testing/kafka/kafka-broker.ts';
import { killRepeatedly } from '../../testing/processes/kill-repeatedly.ts';
import { PipelineProcess } from '../../testing/processes/pipeline-process.ts';
import { testSeed } from '../../testing/properties/seeds.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 6 });

let brokers: string[];
beforeAll(async () => {
  brokers = await sharedBrokers();
});

const COINS = ['BTC', 'ETH', 'SOL'];
const WINDOWS_MS = [1000, 5000];
const LATENESS_MS = 500;
const LARGE = 2;
const PER_SECOND = isLong ? 300 : 150;
const RUNS = isLong ? 3 : 2;
const KILLS = isLong ? 3 : 1;
const TOPICS = ['trades', 'gaps', 'trade-stats', 'large-trades'];

interface Stored {
  /** The records, one topic after the other. */
  readonly records: readonly FeedRecord[];
  readonly journal: readonly JournalEvent[];
  /** Number of records that fastavro reads, by topic; only for files, and only under `make faults`. */
  readonly byPython: Readonly<Record<string, number>>;
}

interface Setting {
  readonly venue: VenueId;
  readonly sink: 'kafka' | 'file';
  /** Trades a second. */
  readonly rate: number;
}

/** Lets `go` run the pipeline several times with one simulator. Returns the stored records and the journal. */
async function storedBy(
  { venue, sink, rate }: Setting,
  go: (values: object, folder: string, place: RunStore) => Promise<void>,
): Promise<Stored> {
  const folder = await mkdtemp(join(tmpdir(), 'market-feed-windows-'));
  const journal = join(folder, 'journal.ndjson');
  const rates = { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0, [venue]: rate };
  const simulator = await startSimulator({ rate: rates, symbols: COINS.length, journal, connectionLimit: false });
  const place: RunStore =
    sink === 'file'
      ? { kind: 'file', dir: join(folder, 'data') }
      : { kind: 'kafka', brokers, prefix: `${randomUUID()}.` };
  const stats = { windows_ms: WINDOWS_MS, allowed_lateness_ms: LATENESS_MS, large_trade_threshold: LARGE };
  const values = {
    ...simulatedValues(simulator, { coins: COINS, feed: { venues: [venue], channels: ['trade'] }, stats }),
    sinks: [sink],
    ...(place.kind === 'file'
      ? { file: { dir: place.dir } }
      : { kafka: { brokers, topic_prefix: place.prefix, partitions: 3 } }),
    spill: { dir: join(folder, 'spill') },
    gateway: { enabled: false },
  };
  try {
    try {
      await go(values, folder, place);
    } finally {
      await simulator.close();
    }
    const byPython = isLong && place.kind === 'file' ? await recordsByPython(place.dir) : {};
    return { records: await recordsIn(place, TOPICS), journal: await readJournal(journal), byPython };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Several runs in a row. Each is stopped in the middle of its windows. */
async function stopped(values: object): Promise<void> {
  const config = loadConfig({ values });
  for (let run = 0; run < RUNS; run++) {
    const pipeline = await startPipeline(config, { log: createLog({ level: 'silent' }) });
    const since = Date.now();
    const published: FeedRecord[] = [];
    pipeline.feed.output$.subscribe(({ records }) => published.push(...records));
    try {
      await until(() => hasWindowsSince(published, since), { timeoutMs: 60_000 });
    } finally {
      expect(await pipeline.stop('stopped by the test')).toMatchObject({ undelivered: 0 });
    }
  }
}

/**
 * True if each symbol has a short window that began at `since` or later. Then all windows before `since` are published.
 */
function hasWindowsSince(records: readonly FeedRecord[], since: number): boolean {
  const symbols = records.flatMap((record) =>
    record.kind === 'trade_stats' && record.windowMs === WINDOWS_MS[0] && record.windowStart >= since
      ? [record.symbol]
      : [],
  );
  return new Set(symbols).size === COINS.length;
}

async function recordsIn(place: RunStore, topics: readonly string[]): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  for (const topic of topics) for await (const { record } of stored(place, topic)) records.push(record);
  return records;
}

async function killed(values: object, folder: string, place: RunStore): Promise<void> {
  const config = join(folder, 'market-feed.yaml');
  // JSON is valid YAML.
  await writeFile(config, JSON.stringify(values));
  let pipeline: PipelineProcess | undefined;
  const start = () => {
    pipeline = new PipelineProcess({ config, logFile: join(folder, 'pipeline.log') });
    return pipeline;
  };
  try {
    const last = await killRepeatedly(start(), start, { kills: KILLS, seed: testSeed });
    await last.until(() => last.activeVenue !== undefined, 'a venue serves');
    const since = Date.now();
    await until(async () => hasWindowsSince(await recordsIn(place, ['trade-stats']), since), {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    expect(await last.stop()).toBe(0);
  } finally {
    await pipeline?.kill();
  }
}

function expectWindowsOnce({ records, journal }: Stored): void {
  expect(windowProblems(records, journal)).toEqual([]);
  for (const windowMs of WINDOWS_MS) expect(unpublishedWindows(records, windowMs, LATENESS_MS)).toEqual([]);
  expect(new Set(records.flatMap((record) => (record.kind === 'trade' ? [record.epoch] : [])))).toEqual(new Set([1]));
}

/** Returns the names of incomplete windows, except the first window of each symbol and length. */
function incomplete({ records }: Stored): string[] {
  const windows = records.filter((record) => record.kind === 'trade_stats');
  const first = new Map<string, string>();
  for (const window of windows) {
    const series = `${window.symbol} ${window.windowMs}`;
    if (!first.has(series)) first.set(series, nameOf(window));
  }
  const begun = new Set(first.values());
  return windows.flatMap((window) => (window.complete || begun.has(nameOf(window)) ? [] : [nameOf(window)]));
}

describe.concurrent('windows of a pipeline that is stopped and restarted', () => {
  it.each(isLong ? (['file', 'kafka'] as const) : (['kafka'] as const))(
    'are published once and complete for Binance to %s, even if they are open at a stop',
    async (sink) => {
      const all = await storedBy({ venue: 'binance', sink, rate: PER_SECOND }, stopped);
      expectWindowsOnce(all);
      expect(wholenessProblems(all.records)).toEqual([]);
      expect(incomplete(all)).toEqual([]);
      expect(largeTradeProblems(all.records, LARGE)).toEqual([]);
      const count = (kind: FeedRecord['kind']) => all.records.filter((record) => record.kind === kind).length;
      expect(count('large_trade')).toBeGreaterThan(0);
      if (sink === 'file')
        expect(all.byPython).toMatchObject({
          'trade-stats': count('trade_stats'),
          'large-trades': count('large_trade'),
        });
    },
  );

  if (!isLong) return;

  it('are published once for Bybit to files, and some are incomplete because of gaps', async () => {
    const all = await storedBy({ venue: 'bybit', sink: 'file', rate: 1500 }, stopped);
    expectWindowsOnce(all);
    expect(wholenessProblems(all.records)).toEqual([]);
    expect(incomplete(all).length).toBeGreaterThan(0);
  });
});

const KILLED = [
  ['binance', 'file'],
  ['binance', 'kafka'],
  ['bybit', 'file'],
] as const;

describe.concurrent.each(isLong ? KILLED : KILLED.slice(0, 1))(
  'windows of a pipeline that is killed at any moment and restarted, %s to %s',
  (venue, sink) => {
    it('are published once, and agree with the journal', async () => {
      const all = await storedBy({ venue, sink, rate: PER_SECOND }, killed);
      expectWindowsOnce(all);
      if (venue === 'binance') expect(incomplete(all)).toEqual([]);
    });
  },
);
