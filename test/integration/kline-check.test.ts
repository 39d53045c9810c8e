import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { CandleAgreement } from '../../src/domain/status-snapshot.ts';
import { KlineCheck } from '../../src/feed/analytics/kline-check.ts';
import { replay, replayConfig } from '../../src/replay/replay.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { temporaryFolder } from '../../testing/processes/market-feed-process.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 4 });

const COINS = 3;
const NO_CAUSES = { late_trade: 0, block_trade: 0, gap: 0, aggregated_backfill: 0, unexplained: 0 };
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 } };

interface Started {
  readonly venues?: readonly VenueId[];
  readonly channels: readonly string[];
  readonly feed?: object;
}

async function started({ venues = ['binance'], channels, feed = {} }: Started): Promise<SimulatedFeed> {
  const rates = Object.fromEntries(venues.map((venue) => [venue, 300]));
  return SimulatedFeed.start({ rates, feed: { venues, channels, ...feed }, venue: BRISK });
}

function agreements({ feed }: SimulatedFeed, interval = '1s'): readonly CandleAgreement[] {
  return (feed.klineCheck?.counts ?? []).filter((one) => one.interval === interval);
}

/** Waits until `more` additional candles of each symbol are known to be equal. */
async function moreEqual(simulated: SimulatedFeed, more: number): Promise<void> {
  const before = new Map(agreements(simulated).map((one) => [one.symbol, one.equal]));
  const enough = ({ symbol, equal }: CandleAgreement) => equal >= (before.get(symbol) ?? 0) + more;
  await until(() => agreements(simulated).filter(enough).length === COINS, {
    timeoutMs: 60_000,
    message: () => JSON.stringify(agreements(simulated)),
  });
}

/** Expects that at most `most` candles of a symbol differ, and each only because of a known gap. */
function expectNoneButGaps(all: readonly CandleAgreement[], most: number): void {
  expect(all).toHaveLength(COINS);
  for (const { compared, equal, causes } of all) {
    expect(causes).toEqual({ ...NO_CAUSES, gap: compared - equal });
    expect(compared - equal).toBeLessThanOrEqual(most);
  }
}

describe.concurrent('candles of the venue and candles built from its trades', () => {
  it('are equal except for gaps at the beginning of the epoch', async () => {
    await using simulated = await started({ channels: ['trade', 'kline_1s', 'kline_1m', 'kline_1d'] });
    await moreEqual(simulated, 6);
    expectNoneButGaps(agreements(simulated), 2);
    expect(agreements(simulated, '1d').map(({ compared }) => compared)).toEqual([0, 0, 0]);
  });

  it('are equal for aggregated trades', async () => {
    await using simulated = await started({ channels: ['agg_trade', 'kline_1s'] });
    await moreEqual(simulated, 4);
    expectNoneButGaps(agreements(simulated), 2);
  });

  it('are equal after gaps were repaired', async () => {
    await using simulated = await started({ channels: ['trade', 'kline_1s'] });
    await moreEqual(simulated, 1);
    const before = agreements(simulated);
    for (let round = 1; round <= 3; round++) {
      simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 7 });
      await until(() => simulated.of('gap').length === round);
    }
    await moreEqual(simulated, 4);
    expect(simulated.of('gap').map(({ outcome, missing }) => [outcome, missing])).toEqual(
      Array.from({ length: 3 }, () => ['repaired', 7]),
    );
    expect(agreements(simulated).map(({ causes }) => causes)).toEqual(before.map(({ causes }) => causes));
  });

  it('differ only with the cause gap if missing trades are never fetched', async () => {
    await using simulated = await started({ channels: ['trade', 'kline_1s'], feed: { backfill: false } });
    await moreEqual(simulated, 2);
    const before = agreements(simulated);
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: 'BTCUSDT', count: 7 });
    await until(() => simulated.of('gap').length === 1);
    await moreEqual(simulated, 4);
    expectNoneButGaps(agreements(simulated), 4);
    const gaps = (all: readonly CandleAgreement[]) =>
      Object.fromEntries(all.map((one) => [one.symbol, one.causes.gap]));
    const { BTCUSDT = 0, ...others } = gaps(before);
    expect(gaps(agreements(simulated))).toMatchObject(others);
    expect(gaps(agreements(simulated)).BTCUSDT).toBeGreaterThan(BTCUSDT);
  });

  it('are compared again in each epoch', async () => {
    await using simulated = await started({
      venues: ['binance', 'bybit'],
      channels: ['trade', 'kline_1s'],
      feed: { fail_back_after_ms: 1000 },
    });
    await moreEqual(simulated, 2);
    simulated.simulator.fault({ venue: 'binance', fault: 'refuse', status: 451, seconds: 2 });
    await simulated.untilStatus({ state: 'failed_over' });
    await simulated.untilStatus({ state: 'failed_back' }, { timeoutMs: 60_000 });
    await moreEqual(simulated, 3);
    expectNoneButGaps(agreements(simulated), 4);
    expect(new Set(simulated.of('kline').map(({ epoch }) => epoch))).toEqual(new Set([1, 3]));
  });
});

const MINUTE = 60_000;
/** 2026-11-21T00:00:00Z */
const START = 1_795_219_200_000;

/** A minute of Bybit: its trades, and what the candle of the venue has in addition. */
interface Minute {
  readonly trades: readonly { readonly second: number; readonly volume: number; readonly block?: boolean }[];
  /** Quantity that was traded in the minute and received in the next one. */
  readonly late?: number;
}

describe('KlineCheck on a replayed session of Bybit', () => {
  it('attributes different candles to block trades and late trades', async () => {
    const plain: Minute = {
      trades: [
        { second: 5, volume: 2 },
        { second: 50, volume: 3 },
      ],
    };
    const frames = framesOf([
      plain,
      plain,
      { trades: [...plain.trades, { second: 55, volume: 100, block: true }] },
      { ...plain, late: 7 },
      { trades: [...plain.trades, { second: 55, volume: 100, block: true }], late: 7 },
      plain,
      plain,
      plain,
    ]);
    const folder = await temporaryFolder();
    const file = join(folder, 'session.ndjson');
    await writeFile(file, `${frames.join('\n')}\n`);
    const check = new KlineCheck({
      trades: 'trade',
      intervals: ['1m'],
      allowedLatenessMs: 2000,
      contiguousVenues: new Set(),
    });
    const config = loadConfig({
      values: {
        coins: ['BTC'],
        feed: { venues: ['bybit'], channels: ['trade', 'kline_1m'], stale_after_ms: 600_000 },
        sinks: ['file'],
        file: { dir: join(folder, 'data') },
      },
    });
    await replay(replayConfig(config, 'bybit'), {
      ...{ file, format: 'ndjson', venue: 'bybit', speed: 'max' },
      log: createLog({ level: 'error' }),
      onOutput: ({ records }) => check.published(records),
    });
    check.flush();
    expect(check.counts).toMatchObject([
      {
        ...{ venue: 'bybit', symbol: 'BTCUSDT', interval: '1m', compared: 7, equal: 4 },
        causes: { ...NO_CAUSES, block_trade: 2, late_trade: 2 },
        fields: { volume: 3, quoteVolume: 3 },
      },
    ]);
  });
});

function framesOf(minutes: readonly Minute[]): string[] {
  let id = 2_290_000_000_000_000_000n;
  const trade = (time: number, at: number, volume: number, block = false) => {
    id += 3n;
    const data = `{"T":${time},"s":"BTCUSDT","S":"Buy","v":"${volume}","p":"100","i":"${id}","BT":${block},"RPI":false}`;
    return `{"topic":"publicTrade.BTCUSDT","ts":${at},"type":"snapshot","data":[${data}]}`;
  };
  return minutes.flatMap(({ trades, late = 0 }, index) => {
    const start = START + index * MINUTE;
    const before = minutes[index - 1]?.late;
    const volume = trades.reduce((sum, one) => sum + one.volume, late);
    return [
      ...trades.map(({ second, block, volume: of }) => trade(start + second * 1000, start + second * 1000, of, block)),
      ...(before === undefined ? [] : [trade(start - 20_000, start + 50_000, before)]),
      `{"topic":"kline.1.BTCUSDT","ts":${start + MINUTE},"type":"snapshot","data":[{"start":${start},"end":${start + MINUTE - 1},"interval":"1","open":"100","close":"100","high":"100","low":"100","volume":"${volume}","turnover":"${volume * 100}","confirm":true,"timestamp":${start + 55_000}}]}`,
    ];
  });
}
