import { describe, expect, it, vi } from 'vitest';
import type { TradeStats } from '../../src/domain/record.ts';
import { SimulatedFeed, type SimulatedFeedOptions } from '../../testing/feeds/simulated-feed.ts';
import { epochProblems } from '../../testing/judges/epoch-rules.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { largeTradeProblems } from '../../testing/judges/judge-large-trades.ts';
import { nameOf, unpublishedWindows, windowProblems, windowsOf } from '../../testing/judges/judge-windows.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 12 });

const COINS = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC POL UNI ATOM NEAR APT ARB OP FIL TRX'.split(' ');
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 300 } };
const WINDOW_MS = 1000;
const LATENESS_MS = 500;
/** The threshold of large trades, in mean quantities. It is low, so that a short run has many of them. */
const LARGE = 3;
const BTC = 'BTCUSDT';
const SYMBOLS = [BTC, 'ETHUSDT', 'SOLUSDT'];

async function started(options: SimulatedFeedOptions): Promise<SimulatedFeed> {
  const simulated = await SimulatedFeed.start({
    venue: BRISK,
    ...options,
    feed: { channels: ['trade'], ...options.feed },
    stats: {
      windows_ms: [WINDOW_MS],
      allowed_lateness_ms: LATENESS_MS,
      large_trade_threshold: LARGE,
      ...options.stats,
    },
  });
  await until(() => simulated.feed.venues.every(({ lines }) => lines.up === 2));
  return simulated;
}

function windowsIn(simulated: SimulatedFeed, symbol = BTC): TradeStats[] {
  return simulated.of('trade_stats').filter((window) => window.symbol === symbol);
}

/** Waits for `count` more windows of a symbol. */
async function moreWindows(simulated: SimulatedFeed, count: number, symbol = BTC): Promise<void> {
  const from = windowsIn(simulated, symbol).length;
  await until(() => windowsIn(simulated, symbol).length >= from + count, {
    timeoutMs: 60_000,
    message: () => `${count} more windows of ${symbol}; the story was\n${simulated.story().join('\n')}`,
  });
}

/** Ends the feed. Its records must agree with the journal, and no window that has ended may be missing. */
async function expectRight(simulated: SimulatedFeed): Promise<void> {
  const journal = await simulated.end();
  const { records } = simulated;
  expect(epochProblems(simulated.published)).toEqual([]);
  expect(compareTrades(records, journal).problems).toEqual([]);
  expect(windowProblems(records, journal)).toEqual([]);
  expect(largeTradeProblems(records, LARGE)).toEqual([]);
  expect(simulated.feed.uncounted).toEqual({ blocks: 0, late: 0 });
  expect(unpublishedWindows(records, WINDOW_MS, LATENESS_MS)).toEqual([]);
}

/** The indexes of the incomplete windows in the list of a symbol's windows, which is in the order of time. */
function incomplete(simulated: SimulatedFeed, symbol = BTC): number[] {
  return windowsIn(simulated, symbol).flatMap(({ complete }, number) => (complete ? [] : [number]));
}

it.concurrent.each(['binance', 'bybit'] as const)(
  "the first windows have a volatility, from %s's past candles",
  async (venue) => {
    const rates = { [venue]: 300 };
    await using simulated = await started({ rates, coins: ['BTC', 'ETH'], feed: { venues: [venue] } });
    for (const symbol of [BTC, 'ETHUSDT']) {
      await moreWindows(simulated, 2, symbol);
      expect(windowsIn(simulated, symbol).at(-1)?.volatility).toBeGreaterThan(0);
    }
    await expectRight(simulated);
  },
);

describe.concurrent('windows of trades', () => {
  it("match the venue's trades for 20 coins, and only the first window of each coin is incomplete", async () => {
    await using simulated = await started({ rates: { binance: 600 }, coins: COINS, feed: { venues: ['binance'] } });
    for (const coin of COINS)
      await moreWindows(simulated, 5 - windowsIn(simulated, `${coin}USDT`).length, `${coin}USDT`);
    await expectRight(simulated);
    for (const coin of COINS) expect(incomplete(simulated, `${coin}USDT`)).toEqual([0]);
    expect(simulated.of('large_trade').length).toBeGreaterThan(20);
    console.log(`20 coins: ${simulated.of('trade').length} trades, ${simulated.of('trade_stats').length} windows`);
  });

  it.each([
    ['an idle market', ['binance', 'bybit'], true],
    // The feed opens new lines. Trades that only the previous lines would have delivered may be missing, so windows are
    // incomplete.
    ['a single venue that stops sending', ['binance'], false],
  ])('close by the clock after the last trade: %s', async (_, venues, isWhole) => {
    const staleMs = 3000;
    await using simulated = await started({
      rates: { binance: 150, bybit: 150 },
      feed: { venues, stale_after_ms: staleMs },
    });
    await moreWindows(simulated, 2);
    simulated.simulator.fault({ venue: 'all', fault: 'quiet' });
    const published = () => new Set(simulated.of('trade_stats').map(nameOf));
    await until(() => [...windowsOf(simulated.records, WINDOW_MS)].every((name) => published().has(name)));
    const [tradedAt, closedAt] = (['trade', 'trade_stats'] as const).map(
      (kind) => simulated.published.findLast(({ record }) => record.kind === kind)?.at ?? 0,
    ) as [number, number];
    expect(closedAt - tradedAt).toBeGreaterThanOrEqual(LATENESS_MS + staleMs - 1);
    expect(closedAt - tradedAt).toBeLessThan(LATENESS_MS + staleMs + limitMs(WINDOW_MS));
    await expectRight(simulated);
    // The clock closes the windows that event time has not closed. A symbol may have no such window.
    const eventTime = Math.max(...simulated.of('trade').map(({ timestamp }) => timestamp));
    for (const symbol of SYMBOLS) {
      const byTheClock = windowsIn(simulated, symbol).flatMap(({ windowEnd }, number) =>
        number > 0 && windowEnd + LATENESS_MS > eventTime ? [number] : [],
      );
      expect(incomplete(simulated, symbol)).toEqual(isWhole ? [0] : [0, ...byTheClock]);
    }
  });
});

describe.concurrent('windows around a gap', () => {
  it('wait for the repair of the gap, and are complete', async () => {
    await using simulated = await started({ rates: { binance: 150 }, feed: { venues: ['binance'] } });
    await moreWindows(simulated, 2);
    simulated.simulator.fault({ venue: 'binance', fault: 'refuse_rest', status: 503, seconds: 3 });
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: BTC, count: 5 });
    await simulated.untilStatus({ state: 'gap_repaired', coin: 'BTC' });
    await moreWindows(simulated, 2);
    await expectRight(simulated);
    for (const symbol of SYMBOLS) expect(incomplete(simulated, symbol)).toEqual([0]);
    // Only the windows of the symbol with the gap waited.
    const repairedAt = simulated.statuses({ state: 'gap_repaired' })[0]?.at ?? 0;
    const detectedAt = simulated.statuses({ state: 'gap_detected' })[0]?.at ?? 0;
    const meanwhile = simulated.published.flatMap(({ at, record }) =>
      at > detectedAt + WINDOW_MS && at < repairedAt && record.kind === 'trade_stats' ? [record.symbol] : [],
    );
    expect(meanwhile).toContain('ETHUSDT');
    expect(meanwhile).not.toContain(BTC);
  });

  it('are published as incomplete if the gap is not repaired', async () => {
    await using simulated = await started({ rates: { binance: 150 }, feed: { venues: ['binance'] } });
    await moreWindows(simulated, 2);
    simulated.simulator.fault({ venue: 'binance', fault: 'refuse_rest', status: 503 });
    simulated.simulator.fault({ venue: 'binance', fault: 'skip_trades', symbol: BTC, count: 5 });
    await simulated.untilStatus({ state: 'gap_unrepaired', coin: 'BTC' }, { timeoutMs: 60_000 });
    await moreWindows(simulated, 3);
    await expectRight(simulated);
    const [gap] = simulated.of('gap');
    const touched = windowsIn(simulated).flatMap(({ windowStart, windowEnd }, number) =>
      number === 0 || (windowStart <= (gap?.toTime ?? 0) && windowEnd > (gap?.fromTime ?? 0)) ? [number] : [],
    );
    expect(incomplete(simulated)).toEqual(touched);
    expect(incomplete(simulated, 'ETHUSDT')).toEqual([0]);
  });
});

describe.concurrent.each(['binance', 'bybit'] as const)('windows while all lines of %s are down', (venue) => {
  it('wait for the trades that are fetched later, and are complete', async () => {
    const feed = { venues: [venue] };
    await using simulated = await started({ rates: { [venue]: 45 }, feed });
    await moreWindows(simulated, 2);
    simulated.simulator.fault({ venue, fault: 'close' });
    simulated.simulator.fault({ venue, fault: 'refuse', status: 503, seconds: 2.2 });
    await until(() => simulated.of('gap').length >= 3, { message: () => simulated.story().join('\n') });
    await moreWindows(simulated, 2);
    await expectRight(simulated);
    expect(new Set(simulated.of('gap').map(({ outcome }) => outcome))).toEqual(new Set(['repaired']));
    for (const symbol of SYMBOLS) expect(incomplete(simulated, symbol)).toEqual([0]);
  });
});

describe.concurrent('windows at a failover', () => {
  it('close before the new epoch, whose windows contain the recent trades that the standby venue kept', async () => {
    const feed = { venues: ['bybit', 'binance'], stale_after_ms: 2000, fail_back_after_ms: 1500 };
    await using simulated = await started({ rates: { bybit: 150, binance: 150 }, feed });
    await moreWindows(simulated, 2);
    await until(() => simulated.feed.watches[0]?.states.get('binance')?.hasData);
    simulated.simulator.fault({ venue: 'bybit', fault: 'silence_with_pong' });
    await simulated.untilStatus({ state: 'failed_over', venue: 'binance' });
    await moreWindows(simulated, 4);
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'failed_back', venue: 'bybit' });
    await moreWindows(simulated, 4);
    await expectRight(simulated);
    const { records } = simulated;
    const ofOld = simulated.of('trade').filter(({ epoch }) => epoch === 1);
    const eventTime = Math.max(...ofOld.map(({ timestamp }) => timestamp));
    for (const symbol of SYMBOLS) {
      const turns = [1, 2, 3].map((epoch) => windowsIn(simulated, symbol).filter((window) => window.epoch === epoch));
      expect(turns.map((windows) => windows[0]?.venue)).toEqual(['bybit', 'binance', 'bybit']);
      const first = records.findIndex(
        (record) =>
          'symbol' in record &&
          record.symbol === symbol &&
          'receivedAt' in record &&
          'epoch' in record &&
          record.epoch === 2,
      );
      const lastOfOld = records.findLastIndex(
        (record) => record.kind === 'trade_stats' && record.symbol === symbol && record.epoch === 1,
      );
      expect(lastOfOld).toBeLessThan(first);
      // The switch ends windows that event time has not closed. A symbol without such a window has only complete
      // windows.
      const last = turns[0]?.at(-1);
      expect(last?.complete).toBe(last !== undefined && last.windowEnd + LATENESS_MS <= eventTime);
      const inWindows = (epoch: number) =>
        windowsIn(simulated, symbol)
          .filter((window) => window.epoch === epoch)
          .reduce((sum, { trades }) => sum + trades, 0);
      const published = (epoch: number) =>
        simulated.of('trade').filter((trade) => trade.symbol === symbol && trade.epoch === epoch).length;
      expect([inWindows(1), inWindows(2)]).toEqual([published(1), published(2)]);
    }
    expect(simulated.of('trade').some(({ epoch, source }) => epoch === 2 && source === 'backfill')).toBe(true);
  });
});
