import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord, Kline } from '../../src/domain/record.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { GatedRest } from '../../testing/feeds/gated-rest.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { openFiles, recordsByPython } from '../../testing/judges/avro-files.ts';
import { compareTrades, type JournalEvent, readJournal } from '../../testing/judges/journal.ts';
import {
  type LogLine,
  type MarketFeedProcess,
  startMarketFeed,
  temporaryFolder,
  writeConfiguration,
} from '../../testing/processes/market-feed-process.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { preparePython } from '../../testing/tools/python.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from '../cli/fake-io.ts';

beforeAll(preparePython);

/** Number of trades for tests that do not need many pages. */
const FEW = 500;
/** Number of kills of one command. */
const KILLS = isLong ? 4 : 1;

/** The result of a command that ran in this process. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly log: readonly LogLine[];
}

/** Runs `market-feed ARGUMENTS` in this process. */
async function run(args: readonly string[], signal = new AbortController().signal): Promise<Ended> {
  const io = { ...fakeIo(), signal };
  const code = await dispatch(args, io);
  const stderr = io.err.text();
  const log = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  return { code, stdout: io.out.text(), stderr, log };
}

interface Past {
  readonly simulator: Simulator;
  readonly rest: GatedRest;
  readonly dir: string;
  readonly config: string;
  /** Runs `market-feed history btcusdt …`, which writes to `dir`, in this process. */
  fetch(...args: readonly string[]): Promise<Ended>;
  /** Does the same until the signal stops it, as Ctrl-C does. */
  fetchUntil(signal: AbortSignal, ...args: readonly string[]): Promise<Ended>;
  /** Starts the same command as a process. */
  start(...args: readonly string[]): MarketFeedProcess;
  journal(): Promise<JournalEvent[]>;
}

/**
 * Starts a simulated venue that has made at least this many trades of BTC, and makes no more. All requests pass `rest`
 * until the test calls `rest.letThrough(n)`. From then on, n requests to `historicalTrades` pass, and the next ones are
 * held. Call this function in a test.
 */
async function pastOf(venue: VenueId, trades = FEW): Promise<Past> {
  const folder = await temporaryFolder();
  const journal = join(folder, 'journal.ndjson');
  const rate = { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0, [venue]: 8000 };
  const simulator = await startSimulator({ rate, symbols: 1, journal });
  onTestFinished(() => simulator.close());
  await until(() => (simulator.counts()[venue]?.tradesMade ?? 0) >= trades);
  simulator.setRate(venue, 0);
  const rest = await GatedRest.start(simulator.httpUrl, 'historicalTrades');
  onTestFinished(() => rest[Symbol.asyncDispose]());
  const config = await writeConfiguration(
    folder,
    simulatedValues({ url: simulator.url, httpUrl: rest.url }, { coins: ['BTC'], feed: { allow_test_data: false } }),
  );
  const dir = join(folder, 'past');
  const command = (args: readonly string[]) => ['history', 'btcusdt', ...args, '--out', dir, '--config', config];
  return {
    simulator,
    rest,
    dir,
    config,
    fetch: (...args) => run(command(args)),
    fetchUntil: (signal, ...args) => run(command(args), signal),
    start: (...args) => startMarketFeed(...command(args)),
    async journal() {
      simulator.flushJournal();
      const made = simulator.counts()[venue]?.tradesMade ?? 0;
      let events: JournalEvent[] = [];
      await until(async () => {
        events = await readJournal(journal).catch(() => []);
        return tradesOf(events).length === made;
      });
      return events;
    },
  };
}

async function stored(dir: string, topic: string): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  for await (const record of readFiles(dir, topic)) records.push(record);
  return records;
}

const tradesOf = (events: readonly JournalEvent[]) => events.filter(({ kind }) => kind === 'trade');
const iso = (ms: number) => new Date(ms).toISOString();

describe('market-feed history', () => {
  it('fetches all trades between two times, and no other, in the environment of the configuration', async () => {
    const { dir, fetch, journal } = await pastOf('binance', 3500);
    const events = await journal();
    const made = tradesOf(events);
    const from = made[500]?.time ?? 0;
    const to = made[3000]?.time ?? 0;
    const { code, stdout } = await fetch('trades', '--from', iso(from), '--to', iso(to));
    expect(code).toBe(0);
    const wanted = made.filter(({ time }) => time >= from && time < to);
    const records = await stored(dir, 'simulated.trades');
    expect(records.length).toBe(wanted.length);
    expect(compareTrades(records, wanted)).toEqual({ runs: 1, trades: wanted.length, problems: [] });
    expect(new Set(records.map(({ environment }) => environment))).toEqual(new Set(['simulated']));
    expect(records[0]).toMatchObject({ source: 'backfill', epoch: 0, venue: 'binance' });
    expect(JSON.parse(stdout)).toMatchObject({ records: wanted.length, missing: 0, complete: true });
    expect(await recordsByPython(dir)).toMatchObject({ 'simulated.trades': wanted.length });
  });

  it('continues after each kill, without a repeated or missing trade', async () => {
    const wantedTrades = 2000 * KILLS + 1500;
    const { dir, rest, fetch, start, journal } = await pastOf('binance', wantedTrades + FEW);
    for (let kill = 1; kill <= KILLS; kill++) {
      rest.letThrough(2);
      const process = start('trades', '--limit', `${wantedTrades}`);
      await until(() => rest.held > 0, { timeoutMs: 60_000 });
      process.signal('SIGKILL');
      await process.exited;
    }
    rest.open();
    const { code, stdout } = await fetch('trades', '--limit', `${wantedTrades}`);
    expect(code).toBe(0);
    const records = await stored(dir, 'simulated.trades');
    const wanted = tradesOf(await journal()).slice(-wantedTrades);
    expect(compareTrades(records, wanted)).toEqual({ runs: 1, trades: wantedTrades, problems: [] });
    expect(openFiles(dir)).toEqual([]);
    expect(readdirSync(join(dir, 'simulated.trades')).length).toBe(KILLS + 1);
    expect(await recordsByPython(dir)).toMatchObject({ 'simulated.trades': wantedTrades });
    expect(JSON.parse(stdout)).toMatchObject({ records: 1500, missing: 0 });
  });

  it('exits with 0 and complete files on Ctrl-C, and continues from them', async () => {
    const { dir, rest, fetch, fetchUntil } = await pastOf('binance', 3000);
    rest.letThrough(2);
    const stopping = new AbortController();
    const stopped = fetchUntil(stopping.signal, 'trades', '--limit', '2500');
    await until(() => rest.held > 0, { timeoutMs: 60_000 });
    stopping.abort('SIGINT');
    const { code, stdout } = await stopped;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ records: 2000, complete: false });
    expect(openFiles(dir)).toEqual([]);
    expect(await stored(dir, 'simulated.trades')).toHaveLength(2000);
    rest.open();
    expect((await fetch('trades', '--limit', '2500')).code).toBe(0);
    expect(await stored(dir, 'simulated.trades')).toHaveLength(2500);
  });

  it('exits with 1 and complete files if the venue refuses, and the same command continues', async () => {
    const { simulator, dir, rest, fetch } = await pastOf('binance', 3000);
    rest.letThrough(2);
    const fetching = fetch('trades', '--limit', '2500');
    await until(() => rest.held > 0, { timeoutMs: 60_000 });
    simulator.fault({ venue: 'binance', fault: 'refuse_rest', status: 451, seconds: 600 });
    rest.open();
    const refused = await fetching;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/2,000 records are kept; run the same command to continue\n.*HTTP 451/);
    expect(openFiles(dir)).toEqual([]);
    expect(await stored(dir, 'simulated.trades')).toHaveLength(2000);
    simulator.clearFaults('binance');
    expect((await fetch('trades', '--limit', '2500')).code).toBe(0);
    expect(await stored(dir, 'simulated.trades')).toHaveLength(2500);
  });

  it('waits for the Retry-After time if the venue answers with 429', async () => {
    const { rest, fetch } = await pastOf('binance');
    rest.refusals.push(1, 1);
    const { code, stdout, log } = await fetch('trades', '--limit', '10');
    expect(code).toBe(0);
    const waits = log.filter(({ msg }) => msg === 'waiting for the venue');
    expect(waits).toMatchObject([{ retry_after_ms: 1000 }, { retry_after_ms: 1000 }]);
    expect(waits[0]).toMatchObject({ reason: expect.stringContaining('HTTP 429') });
    expect((JSON.parse(stdout) as { seconds: number }).seconds).toBeGreaterThan(2);
  });

  it.each(['binance', 'binance_us'] as const)(
    'fetches the aggregated trades of %s, and continues with later ones without a gap',
    async (venue) => {
      const { simulator, dir, fetch, journal } = await pastOf(venue, 6000);
      const from = tradesOf(await journal())[1000]?.time ?? 0;
      expect((await fetch('agg_trades', '--venue', venue, '--from', iso(from))).code).toBe(0);
      const before = (await stored(dir, 'simulated.agg-trades')).length;
      simulator.setRate(venue, 4000);
      const made = simulator.counts()[venue]?.tradesMade ?? 0;
      await until(() => (simulator.counts()[venue]?.tradesMade ?? 0) > made + 2000);
      simulator.setRate(venue, 0);
      expect((await fetch('agg_trades', '--venue', venue, '--from', iso(from))).code).toBe(0);
      const records = await stored(dir, 'simulated.agg-trades');
      expect(records.length).toBeGreaterThan(before + 500);
      const ids = records.flatMap((record) => (record.kind === 'agg_trade' ? [record] : []));
      for (const [index, record] of ids.entries())
        if (index > 0) expect(Number(record.firstTradeId)).toBe(Number(ids[index - 1]?.lastTradeId) + 1);
      const events = tradesOf(await journal());
      expect(ids.at(-1)?.lastTradeId).toBe(events.at(-1)?.id);
      expect(ids[0]?.timestamp).toBeGreaterThanOrEqual(from);
    },
  );

  it.each(['bybit', 'binance'] as const)('fetches the candles of %s; only the last may be open', async (venue) => {
    const { dir, fetch } = await pastOf(venue);
    expect((await fetch('klines', '--venue', venue, '--limit', '2500')).code).toBe(0);
    const candles = (await stored(dir, 'simulated.klines')) as Kline[];
    expect(candles.length).toBe(2500);
    for (const [index, { openTime }] of candles.entries())
      expect(openTime).toBe((candles[0]?.openTime ?? 0) + index * 60_000);
    expect(candles.slice(0, -1).every(({ closed }) => closed)).toBe(true);
    expect(candles.at(-1)?.closeTime).toBeGreaterThan(Date.now() - 60_000);
  });

  it('leaves out each row that cannot be read, names it, and fetches all others', async () => {
    const { simulator, dir, fetch, journal } = await pastOf('binance', 3000);
    simulator.fault({ venue: 'binance', fault: 'bad_rows', symbol: 'BTCUSDT', count: 700 });
    const { code, stdout, log } = await fetch('trades', '--limit', '2500');
    expect(code).toBe(0);
    const wanted = tradesOf(await journal()).slice(-2500);
    const bad = wanted.filter(({ id }) => Number(id) % 700 === 0);
    const records = await stored(dir, 'simulated.trades');
    expect(records.flatMap((record) => (record.kind === 'trade' ? [record.tradeId] : []))).toEqual(
      wanted.filter((trade) => !bad.includes(trade)).map(({ id }) => id),
    );
    expect(JSON.parse(stdout)).toMatchObject({
      records: 2500 - bad.length,
      missing: bad.length,
      complete: true,
    });
    const logged = log.filter(({ event }) => event === 'row_malformed');
    expect(logged.length).toBe(bad.length);
    expect(logged[0]).toMatchObject({
      venue: 'binance',
      reason: expect.stringMatching(
        /^GET \/api\/v3\/historicalTrades\?symbol=BTCUSDT&\S+: \[\d+\]\.price is null, not /,
      ),
    });
  });

  it('fetches only the last 60 trades of Bybit, and rejects an earlier --from', async () => {
    const { dir, fetch, journal } = await pastOf('bybit');
    expect((await fetch('trades', '--venue', 'bybit')).code).toBe(0);
    expect((await fetch('trades', '--venue', 'bybit')).code).toBe(0);
    const records = await stored(dir, 'simulated.trades');
    const made = tradesOf(await journal());
    expect(compareTrades(records, made.slice(-60))).toEqual({ runs: 1, trades: 60, problems: [] });
    const refused = await fetch('trades', '--venue', 'bybit', '--from', iso(made[0]?.time ?? 0));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/--from: found .*, allowed: .* or later, as bybit returns only the last 60 trades/);
  });

  it.each(['bybit', 'binance'] as const)('exits with 2 for a symbol that %s does not list', async (venue) => {
    const { dir, config } = await pastOf(venue);
    const refused = await run(['history', 'nosuch', 'klines', '--venue', venue, '--out', dir, '--config', config]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`symbol: found "NOSUCHUSDT", which ${venue} does not list`);
  });
});
