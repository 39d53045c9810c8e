import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readFiles } from '../../src/avro-file/read-files.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { type Pipeline, startPipeline } from '../../src/runtime/run.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { openFiles, recordsByPython } from '../../testing/judges/avro-files.ts';
import { idProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades, readJournal } from '../../testing/judges/journal.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { startHere } from '../cli/start-here.ts';

const COINS = ['BTC', 'ETH', 'SOL'];
const SYMBOLS = COINS.map((coin) => `${coin}USDT`);
/** Trades of all coins together, so that each coin is traded. */
const TRADES_MEANWHILE = 100;

async function recordsOf<K extends FeedRecord['kind']>(
  kind: K,
  dir: string,
  topic: string,
): Promise<Extract<FeedRecord, { kind: K }>[]> {
  const records: Extract<FeedRecord, { kind: K }>[] = [];
  const isWanted = (record: FeedRecord): record is Extract<FeedRecord, { kind: K }> => record.kind === kind;
  for await (const record of readFiles(dir, topic)) if (isWanted(record)) records.push(record);
  return records;
}

/** Starts a simulator that makes trades of Binance only. `closeSimulator` completes the journal; the test's end closes, too. */
async function startBinance(journal: string) {
  const rate = { bybit: 0, binance: 300, binance_us: 0, binance_testnet: 0 };
  const simulator = await startSimulator({ rate, symbols: COINS.length, journal });
  let closed: Promise<void> | undefined;
  const closeSimulator = () => {
    closed ??= simulator.close();
    return closed;
  };
  onTestFinished(closeSimulator);
  return { simulator, closeSimulator };
}

it('a run resumes in the epoch of the previous run, and fetches the missed trades first', async () => {
  const folder = await temporaryFolder();
  const dir = join(folder, 'files');
  const { simulator, closeSimulator } = await startBinance(join(folder, 'journal.ndjson'));
  const config = loadConfig({
    values: simulatedValues(simulator, { coins: COINS, feed: { venues: ['binance'] }, file: { dir } }),
  });
  const running: Pipeline[] = [];
  onTestFinished(async () => {
    for (const pipeline of running) await pipeline.stop('the test is over');
  });
  const runs = [1, 2, 3];
  for (const _ of runs) {
    const pipeline = await startPipeline(config, { log: createLog({ level: 'silent' }) });
    running.push(pipeline);
    await until(() =>
      pipeline.feed.watches.every(({ view }) =>
        [...view.symbols.values()].every(({ tick, trades }) => tick?.epoch === 1 && trades > 10),
      ),
    );
    expect(await pipeline.stop('stopped by the test')).toMatchObject({ undelivered: 0 });
    expect(openFiles(dir)).toEqual([]);
    const made = () => simulator.counts().binance?.tradesMade ?? 0;
    const before = made();
    await until(() => made() >= before + TRADES_MEANWHILE);
  }
  await closeSimulator();

  const trades = await recordsOf('trade', dir, 'trades');
  const gaps = await recordsOf('gap', dir, 'gaps');
  const positions = await recordsOf('position', dir, 'positions');
  for (const symbol of SYMBOLS) {
    const own = trades.filter((trade) => trade.symbol === symbol);
    expect([...new Set(own.map(({ epoch }) => epoch))]).toEqual([1]);
    // The market continued between two runs. Each start found a gap and filled it.
    const found = gaps.filter((gap) => gap.symbol === symbol);
    expect(found.map(({ venue, epoch, outcome }) => ({ venue, epoch, outcome }))).toEqual(
      runs.slice(1).map(() => ({ venue: 'binance', epoch: 1, outcome: 'repaired' })),
    );
    expect(own.at(-1)?.tradeId).toBe(String(Number(own[0]?.tradeId) + own.length - 1));
    const position = positions.findLast((candidate) => candidate.symbol === symbol);
    expect(position).toMatchObject({ venue: 'binance', epoch: 1, tradeId: own.at(-1)?.tradeId });
  }
  expect(idProblems([...gaps, ...trades])).toEqual([]);
  expect(compareTrades(trades, await readJournal(join(folder, 'journal.ndjson'))).problems).toEqual([]);
  const statuses = await recordsOf('status', dir, 'feed-status');
  expect(new Set(statuses.map(({ instance }) => instance)).size).toBe(runs.length);
  expect(statuses.filter(({ state }) => state === 'stopped')).toHaveLength(runs.length);
  expect(await recordsByPython(dir)).toMatchObject({
    trades: trades.length,
    gaps: gaps.length,
    'feed-status': statuses.length,
  });
});

it('the next start repairs the files of a killed run, and stores no trade twice', async () => {
  const folder = await temporaryFolder();
  const dir = join(folder, 'files');
  const journal = join(folder, 'journal.ndjson');
  const { simulator, closeSimulator } = await startBinance(journal);
  const values = simulatedValues(simulator, {
    coins: COINS,
    feed: { venues: ['binance'], channels: ['trade', 'ticker', 'book_ticker'] },
    file: { dir },
  });
  const config = await writeConfiguration(folder, values);
  const command = ['run', '--config', config];
  const killed = startMarketFeed(...command);
  await killed.logged('trading_resumed');
  const stored = async () => (await recordsOf('trade', dir, 'trades')).length;
  await until(async () => (await stored()) > 100, { everyMs: 100 });
  killed.signal('SIGKILL');
  expect(await killed.exited).toBeNull();
  const left = openFiles(dir);
  expect(left.some((name) => name.startsWith('trades/'))).toBe(true);
  const before = await recordsOf('trade', dir, 'trades');
  const torn = left.find((name) => name.startsWith('trades/')) ?? '';
  // A block of 1000 records of which only the start was written.
  appendFileSync(join(dir, torn), Buffer.from([0xd0, 0x0f, 0xa0, 0x9c, 0x01, 1, 2, 3, 4]));

  const again = startHere(...command);
  await again.logged('trading_resumed');
  expect(again.stderr.match(/"file_repaired"/g)).toHaveLength(left.length);
  await until(async () => (await stored()) > before.length + 100, { everyMs: 100 });
  expect(await again.stop(), again.stderr).toBe(0);
  expect(openFiles(dir)).toEqual([]);
  await closeSimulator();

  const trades = await recordsOf('trade', dir, 'trades');
  expect(trades.slice(0, before.length)).toEqual(before);
  const positions = await recordsOf('position', dir, 'positions');
  expect(idProblems(trades)).toEqual([]);
  for (const symbol of SYMBOLS)
    expect([...new Set(trades.flatMap((trade) => (trade.symbol === symbol ? [trade.epoch] : [])))]).toEqual([1]);
  expect(compareTrades(trades, await readJournal(journal)).problems).toEqual([]);
  const counts = await recordsByPython(dir);
  expect(counts).toMatchObject({ trades: trades.length, positions: positions.length });
});
