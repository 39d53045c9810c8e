import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { captureHeader } from '../../src/capture/read-capture.ts';
import { dispatch } from '../../src/cli/arguments/dispatch.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { VENUE_IDS, type VenueId } from '../../src/domain/instrument.ts';
import { withCaptured } from '../../src/replay/captured-config.ts';
import { replay, replayConfig } from '../../src/replay/replay.ts';
import type { FaultRequest } from '../../src/simulator/faults/fault-command.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { writeConfiguration } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';
import { fakeIo } from '../cli/fake-io.ts';

const CHANNELS = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'];

const root = mkdtemp(join(tmpdir(), 'market-feed-live-check-'));
afterAll(async () => rm(await root, { recursive: true, force: true }));

interface Item {
  readonly name: string;
  readonly result: string;
  readonly detail: string;
}

interface Checked {
  readonly code: number;
  readonly result: {
    readonly passed: boolean;
    readonly capture: string;
    readonly report: string;
    readonly venues: readonly { readonly venue: string; readonly items: readonly Item[] }[];
  };
}

/** Starts a simulator of the three coins in which only one venue makes trades. */
const simulatorOf = (venue: VenueId): Promise<Simulator> =>
  startSimulator({ rate: { bybit: 0, binance: 0, binance_us: 0, binance_testnet: 0, [venue]: 12 }, symbols: 3 });

/** Runs `check --live --json` against a simulator. `during` runs when all lines are open and have data. */
async function checked(
  simulator: Simulator,
  venues: readonly VenueId[],
  seconds: number,
  during?: () => void,
): Promise<Checked> {
  const folder = await mkdtemp(join(await root, 'run-'));
  const values = simulatedValues(simulator, { feed: { venues: VENUE_IDS, channels: CHANNELS } });
  const config = await writeConfiguration(folder, values);
  const io = fakeIo();
  const given = ['--config', config, '--out', join(folder, 'out'), '--venue', ...venues];
  const ended = dispatch(['check', '--live', String(seconds), '--json', ...given], io);
  const started = (): boolean =>
    venues.every(
      (venue) => simulator.counts()[venue]?.lines === 2 && (simulator.counts()[venue]?.framesSent ?? 0) > 100,
    );
  if (during !== undefined) {
    await until(started);
    during();
  }
  const code = await ended;
  expect(io.err.text()).toBe('');
  return { code, result: JSON.parse(io.out.text()) };
}

const failuresOf = ({ result }: Checked): readonly string[] =>
  result.venues.flatMap(({ items }) => items.flatMap(({ name, result }) => (result === 'fail' ? [name] : [])));

describe('check --live', () => {
  it('passes all four venues, and writes a report and a capture that a replay plays', async () => {
    const simulator = await startSimulator({ rate: 20, symbols: 3 });
    const { code, result } = await checked(simulator, VENUE_IDS, 6);
    await simulator.close();
    const failures = result.venues.flatMap(({ venue, items }) =>
      items.filter((item) => item.result === 'fail').map(({ name, detail }) => `${venue} ${name}: ${detail}`),
    );
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(result.passed).toBe(true);
    const names = result.venues.find(({ venue }) => venue === 'binance')?.items.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['book and REST', 'book and book ticker', 'lines agree: book']));
    expect(await readFile(result.report, 'utf8')).toContain('| PASS | handshake |');

    const own = loadConfig({ values: { sinks: ['file'], file: { dir: join(await root, 'replay') } } });
    const { config } = await captureHeader(result.capture);
    const replayed = await replay(replayConfig(withCaptured(own, config), undefined), {
      file: result.capture,
      format: 'market-feed',
      speed: 'max',
      log: createLog({ level: 'silent', destination: { write: () => {} } }),
    });
    expect(replayed.records['replay.trades']).toBeGreaterThan(50);
    expect(replayed.records['replay.order-books']).toBeGreaterThan(0);
  });

  it('lists events that no decoder knows as information', async () => {
    const simulator = await simulatorOf('bybit');
    const run = await checked(simulator, ['bybit'], 6, () => {
      simulator.fault({ venue: 'bybit', fault: 'unknown_frame', line: 1, count: 3 });
    });
    await simulator.close();
    expect(failuresOf(run)).toEqual([]);
    const notes = run.result.venues[0]?.items.find(({ name }) => name === 'unknown or odd');
    expect(notes?.detail).toMatch(/^line 1: unknown_event 3 times, first \{"topic":"auction\.BTCUSDT"/);
  });
});

interface Case {
  readonly fault: FaultRequest & { readonly venue: VenueId };
  /** True: the fault begins when the lines have data. Otherwise it begins before the check. */
  readonly isLater?: boolean;
  readonly seconds?: number;
  readonly fails: readonly string[];
}

const EVERY_CHANNEL = CHANNELS.map((channel) => `data: ${channel}`);
const REST = ['REST: instruments', 'REST: 24-hour volumes'];

const CASES: readonly Case[] = [
  {
    fault: { venue: 'bybit', fault: 'refuse' },
    fails: ['handshake', ...REST, 'history: last trades', 'history: klines', 'clock offset'],
  },
  { fault: { venue: 'bybit', fault: 'reject_symbol', symbol: 'ETHUSDT' }, fails: ['acknowledgement'] },
  { fault: { venue: 'bybit', fault: 'close', line: 2 }, isLater: true, fails: ['connection held'] },
  {
    fault: { venue: 'bybit', fault: 'silence_without_pong' },
    fails: ['acknowledgement', 'heartbeats', ...EVERY_CHANNEL, 'frames decoded'],
  },
  { fault: { venue: 'bybit', fault: 'silence_with_pong' }, fails: EVERY_CHANNEL },
  { fault: { venue: 'binance', fault: 'mute_channel', channel: 'trade' }, fails: ['data: trade'] },
  { fault: { venue: 'bybit', fault: 'mute_channel', channel: 'ticker' }, fails: ['data: ticker'] },
  { fault: { venue: 'binance_us', fault: 'mute_channel', channel: 'kline' }, fails: ['data: kline_1m'] },
  { fault: { venue: 'binance', fault: 'mute_channel', channel: 'depth' }, fails: ['data: depth'] },
  {
    fault: { venue: 'binance', fault: 'mute_channel', channel: 'depth' },
    isLater: true,
    seconds: 8,
    fails: ['book and REST', 'book and book ticker'],
  },
  {
    fault: { venue: 'binance', fault: 'malformed', line: 1, count: 10 },
    isLater: true,
    fails: ['frames decoded'],
  },
  {
    fault: { venue: 'binance', fault: 'skip_trades', line: 1, symbol: 'BTCUSDT' },
    isLater: true,
    fails: ['trade ids', 'lines agree: trades'],
  },
  {
    fault: { venue: 'bybit', fault: 'skip_trades', line: 1, symbol: 'BTCUSDT' },
    isLater: true,
    fails: ['lines agree: trades'],
  },
  {
    fault: { venue: 'binance_testnet', fault: 'reorder_trades', line: 1, symbol: 'BTCUSDT' },
    isLater: true,
    fails: ['trade ids'],
  },
  {
    fault: { venue: 'bybit', fault: 'repeat_trades', line: 1, symbol: 'BTCUSDT' },
    isLater: true,
    fails: ['trade ids'],
  },
  { fault: { venue: 'bybit', fault: 'skip_book', line: 1, symbol: 'BTCUSDT' }, isLater: true, fails: ['book updates'] },
  {
    fault: { venue: 'binance', fault: 'refuse_rest', status: 503 },
    fails: ['book and REST', ...REST, 'history: trades', 'history: agg_trades', 'history: klines', 'clock offset'],
  },
  {
    fault: { venue: 'binance', fault: 'bad_rows', symbol: 'BTCUSDT', count: 100 },
    fails: ['history: trades', 'history: agg_trades', 'history: klines'],
  },
];

const TITLED = CASES.map((one) => {
  const { venue, fault, line = 'all' } = one.fault;
  return { ...one, title: `${fault} at ${venue}, line ${line}: ${one.fails.join(', ')}` };
});

describe.concurrent('check --live fails exactly the items of a fault', () => {
  it.each(TITLED)('$title', async ({ fault, isLater, seconds = isLater === true ? 6 : 5, fails }) => {
    const simulator = await simulatorOf(fault.venue);
    const begin = (): void => {
      simulator.fault(fault);
    };
    if (isLater !== true) begin();
    const run = await checked(simulator, [fault.venue], seconds, isLater === true ? begin : undefined);
    await simulator.close();
    expect(failuresOf(run), JSON.stringify(run.result.venues, null, 1)).toEqual(fails);
    expect(run.code).toBe(1);
  });
});
