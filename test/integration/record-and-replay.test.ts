import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { captureHeader } from '../../src/capture/read-capture.ts';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { withCaptured } from '../../src/replay/captured-config.ts';
import { replay, replayConfig } from '../../src/replay/replay.ts';
import type { ReplayResult } from '../../src/replay/replay-result.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SimulatedFeed, simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { windowProblems } from '../../testing/judges/judge-windows.ts';
import { startMarketFeed, temporaryFolder, writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from '../cli/fake-io.ts';

const BRISK = { reconnect: { initial_delay_ms: 200, max_delay_ms: 1000, max_attempts: 5, probe_every_ms: 500 } };

async function replayed(file: string): Promise<{ result: ReplayResult; records: FeedRecord[]; dir: string }> {
  const dir = await temporaryFolder();
  const own = loadConfig({ values: { sinks: ['file'], file: { dir } } });
  const config = withCaptured(own, (await captureHeader(file)).config);
  const records: FeedRecord[] = [];
  const result = await replay(replayConfig(config, undefined), {
    file,
    format: 'market-feed',
    speed: 'max',
    log: createLog({ level: 'silent', destination: { write: () => {} } }),
    onOutput: (output) => records.push(...output.records.map((record) => ({ ...record }))),
  });
  return { result, records, dir };
}

function sumsOf(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.avro'));
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(dir, name)))
        .digest('hex'),
    ]),
  );
}

/** Returns the published trades and gaps without the fields that differ between runs. */
function essence(records: readonly FeedRecord[]): unknown[] {
  return records.flatMap((record): object[] => {
    if (record.kind === 'trade') {
      const { environment: _environment, receivedAt, ...trade } = record;
      // The `receivedAt` of a fetched trade differs between runs.
      return [{ ...trade, receivedAt: trade.source === 'live' ? receivedAt : null }];
    }
    if (record.kind !== 'gap') return [];
    const { venue, symbol, epoch, fromId, toId, missing, filled, outcome } = record;
    return [{ venue, symbol, epoch, fromId, toId, missing, filled, outcome }];
  });
}

const bySymbol = (records: readonly unknown[]): Record<string, unknown[]> =>
  Object.groupBy(records as { symbol: string }[], ({ symbol }) => symbol) as Record<string, unknown[]>;

const statusTexts = (records: readonly FeedRecord[], states: readonly string[]): string[] =>
  records.flatMap((record) =>
    record.kind === 'status' && states.includes(record.state) && record.line === null
      ? [`${record.state} ${record.venue ?? ''} ${record.coin ?? ''}`]
      : [],
  );

describe('a capture', () => {
  it('is replayed as published, with its repaired gap and failover, and identically each time', async () => {
    const file = join(await temporaryFolder(), 'session.capture.gz');
    await using live = await SimulatedFeed.start({
      rates: { bybit: 40, binance: 40 },
      coins: ['BTC', 'ETH'],
      symbols: 2,
      feed: { venues: ['binance', 'bybit'], channels: ['trade', 'ticker', 'book_ticker'] },
      venue: BRISK,
      recordTo: file,
    });
    await live.moreTrades(80, 'binance');
    await until(() => live.feed.watches[0]?.states.get('bybit')?.hasData);
    const { simulator } = live;
    simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 5 });
    await live.untilStatus({ state: 'gap_repaired', venue: 'binance' });
    simulator.fault({ venue: 'binance', fault: 'close', line: 1 });
    await live.untilStatus({ state: 'connected', venue: 'binance' }, { count: 3 });
    await live.moreTrades(80, 'binance');
    simulator.fault({ venue: 'binance', fault: 'refuse', status: 451 });
    await live.untilStatus({ state: 'failed_over', venue: 'bybit' });
    await live.moreTrades(80, 'bybit');
    const journal = await live.end();
    expect(compareTrades(live.records, journal).problems).toEqual([]);

    const { result, records, dir } = await replayed(file);
    expect(result).toMatchObject({ error: undefined, missed: 0, malformed: 0, undelivered: 0 });
    expect(bySymbol(essence(records))).toEqual(bySymbol(essence(live.records)));
    const states = ['failed_over', 'gap_detected', 'gap_repaired', 'region_blocked', 'feed_stale'];
    expect(statusTexts(records, states)).toEqual(statusTexts(live.records, states));
    expect(records.some(({ kind }) => kind === 'gap')).toBe(true);

    const again = await replayed(file);
    expect(again.records).toEqual(records);
    expect(sumsOf(again.dir)).toEqual(sumsOf(dir));
    expect(Object.keys(sumsOf(dir)).map((name) => name.replace(/\/.*/, ''))).toEqual(
      expect.arrayContaining(['replay.trades', 'replay.trade-stats']),
    );
    expect(windowProblems(records, journal)).toEqual([]);
  });

  it('is served by the simulator with its instruments', async () => {
    const file = join(await temporaryFolder(), 'session.capture.gz');
    await using live = await SimulatedFeed.start({
      rates: { binance: 100 },
      coins: ['BTC'],
      feed: { venues: ['binance'], channels: ['trade'] },
      recordTo: file,
    });
    await live.moreTrades(1);
    await live.end();
    const simulator = await startSimulator({ capture: { files: [file] } });
    const { symbols } = (await (await fetch(`${simulator.httpUrl}/binance/api/v3/exchangeInfo`)).json()) as {
      symbols: { symbol: string }[];
    };
    await simulator.close();
    expect(symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
  });
});

describe('market-feed record and replay', () => {
  /** Starts a simulator, and writes a configuration that uses it. */
  async function configured(): Promise<string> {
    const rate = { bybit: 100, binance: 50, binance_us: 0, binance_testnet: 0 };
    const simulator = await startSimulator({ rate, symbols: 3 });
    onTestFinished(() => simulator.close());
    const folder = await temporaryFolder();
    return writeConfiguration(folder, {
      ...simulatedValues(simulator, {
        coins: ['BTC', 'ETH'],
        feed: { allow_test_data: false, venues: ['bybit', 'binance'] },
      }),
      sinks: ['file'],
      file: { dir: 'data' },
    });
  }

  /** Runs a command in this process. */
  async function runHere(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const io = fakeIo();
    const status = await dispatch(args, io);
    return { status, stdout: io.out.text(), stderr: io.err.text() };
  }

  it('record until SIGINT, and replay to the same bytes without a configuration', async () => {
    const config = await configured();
    const file = join(await temporaryFolder(), 'a.capture.gz');
    const record = startMarketFeed('record', '--out', file, '--config', config, '--venue', 'bybit', '--symbol', 'ETH');
    const hasTrades = () =>
      existsSync(file) &&
      gunzipSync(readFileSync(file), { finishFlush: constants.Z_SYNC_FLUSH }).includes('"topic":"publicTrade.ETHUSDT"');
    await until(hasTrades, { timeoutMs: 60_000, everyMs: 100 });
    record.signal('SIGINT');
    expect(await record.exited, record.stderr).toBe(0);
    const summary = JSON.parse(record.stdout) as { frames: number; lines: number; bytes: number };
    expect(summary).toMatchObject({ file, bytes: statSync(file).size });
    const text = gunzipSync(readFileSync(file)).toString();
    expect(text.trimEnd().split('\n')).toHaveLength(summary.lines + 1);
    expect(text).toContain(' bybit:1 ! connecting ');
    expect(text).toContain(' bybit:rest ! answer ');
    expect(text).not.toContain('binance:1 ');
    expect(text).not.toContain('"publicTrade.BTCUSDT"');

    const inOwnProcess = async (...args: string[]) => {
      const run = startMarketFeed(...args);
      const status = await run.exited;
      return { status, stdout: run.stdout, stderr: run.stderr };
    };
    const sums: unknown[] = [];
    for (const start of [inOwnProcess, runHere]) {
      const dir = await temporaryFolder();
      const { status, stdout, stderr } = await start('replay', file, '--out', dir);
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ frames: summary.frames, missed: 0, malformed: 0 });
      sums.push(sumsOf(dir));
      const again = await runHere('replay', file, '--out', dir);
      expect(again.status).toBe(2);
      expect(again.stderr).toMatch(
        /replay: --out: .* has records in replay\.\S+; a replay needs a folder without such/,
      );
      expect(sumsOf(dir)).toEqual(sums.at(-1));
    }
    expect(sums[1]).toEqual(sums[0]);
    expect(Object.keys(sums[0] as object).map((name) => name.replace(/\/.*/, ''))).toContain('replay.trades');
  });

  it('replay the capture of a killed recorder, and report that it is torn', async () => {
    const config = await configured();
    const file = join(await temporaryFolder(), 'a.capture.gz');
    const record = startMarketFeed('record', '--out', file, '--config', config);
    await record.logged('subscribed');
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await until(() => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > size + 10_000, { timeoutMs: 60_000 });
    record.signal('SIGKILL');
    await record.exited;
    const dir = await temporaryFolder();
    const { status, stdout, stderr } = await runHere('replay', file, '--out', dir);
    expect(status).toBe(1);
    expect(stderr).toMatch(/market-feed: replay: .*a\.capture\.gz: torn, after row \d+ \(unexpected end of file\)/);
    const summary = JSON.parse(stdout) as { records: Record<string, number>; undelivered: number };
    expect(summary.undelivered).toBe(0);
    expect(summary.records['replay.trades']).toBeGreaterThan(10);
  });

  it('exit with 2 for a wrong command line and with 1 for a wrong file', async () => {
    const folder = await temporaryFolder();
    const wrong = await writeConfiguration(folder, {});
    expect(await runHere('record')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'market-feed: record: --out is missing: market-feed record --out FILE\n',
    });
    expect(await runHere('record', '--out', wrong)).toEqual({
      status: 2,
      stdout: '',
      stderr: `market-feed: record: --out: ${wrong} exists; a capture is never overwritten\n`,
    });
    expect(await runHere('record', '--out', join(folder, 'none', 'a.gz'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ENOENT/),
    });
    expect(await runHere('replay')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/which capture\? market-feed replay FILE/),
    });
    expect(await runHere('replay', join(folder, 'missing'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/missing: ENOENT/),
    });
    expect(await runHere('replay', wrong, '--format', 'ndjson')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--format ndjson needs --venue/),
    });
    expect(await runHere('replay', wrong, '--venue', 'binance')).toMatchObject({ status: 2 });
    expect(await runHere('replay', wrong, '--speed', '3')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/one of max, 1/),
    });
    const notOne = await runHere('replay', wrong);
    expect(notOne.status).toBe(1);
    expect(notOne.stderr).toContain(`${wrong}: not a capture of market-feed`);
  });
});
