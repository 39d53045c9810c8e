import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type FeedStatus,
  loadConfig,
  MarketFeed,
  type MarketFeedOptions,
  type PriceTick,
  type TradeEvent,
  type TradingDecision,
  type VenueFrame,
} from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { limitMs } from '../../testing/tools/limit-ms.ts';
import { root } from '../../testing/tools/tools.ts';
import { until } from '../../testing/tools/until.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ rate: { bybit: 400, binance: 100, binance_us: 20, binance_testnet: 20 } });
});
afterAll(() => simulator.close());

function marketFeed(
  coins: readonly string[],
  options: Omit<MarketFeedOptions, 'config'>,
  feed: object = {},
): MarketFeed {
  const made = new MarketFeed(coins, {
    ...options,
    config: loadConfig({ values: simulatedValues(simulator, { feed }) }),
  });
  onTestFinished(() => made.close());
  return made;
}

const last = <T>(stream$: Observable<T>): { value: T | undefined; completed: boolean } => {
  const seen: { value: T | undefined; completed: boolean } = { value: undefined, completed: false };
  stream$.subscribe({
    next: (value) => {
      seen.value = value;
    },
    complete: () => {
      seen.completed = true;
    },
  });
  return seen;
};

const rejected = (statuses: readonly FeedStatus[], coin: string) =>
  statuses.flatMap(({ state, venue, coin: of }) => (state === 'subscription_rejected' && of === coin ? [venue] : []));

describe('MarketFeed', () => {
  it('has streams of book tickers, aggregated trades, candles and books, if their channels are subscribed', async () => {
    const channels = ['agg_trade', 'book_ticker', 'kline_1m', 'depth'] as const;
    const feed = marketFeed(['BTC'], { venues: ['binance'], channels });
    const of = { venue: 'binance', symbol: 'BTCUSDT' };
    const seen = {
      book_ticker: last(feed.bookTickers$),
      agg_trade: last(feed.aggTrades$),
      kline: last(feed.klines$),
      order_book: last(feed.books$),
    };
    await feed.connect();
    await until(() => Object.values(seen).every(({ value }) => value !== undefined));
    for (const [kind, { value }] of Object.entries(seen)) expect(value).toMatchObject({ kind, ...of });
    expect(seen.book_ticker.value?.bidPrice).toMatch(/^\d/);
    expect(seen.agg_trade.value?.lastTradeId).toMatch(/^\d/);
    expect(seen.kline.value?.interval).toBe('1m');
    expect(seen.order_book.value?.bids[0]?.price).toMatch(/^\d/);
    await feed.close();
    expect(Object.values(seen).every(({ completed }) => completed)).toBe(true);
  });

  it('behaves as in its documented example, from connect to close', async () => {
    const feed = marketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit' });
    const frames: VenueFrame[] = [];
    const seen = { prices: [] as PriceTick[], trades: [] as TradeEvent[], status: [] as FeedStatus[] };
    const completed: string[] = [];
    const streams: Record<string, Observable<unknown>> = {
      prices$: feed.prices$,
      trades$: feed.trades$,
      status$: feed.status$,
      frames$: feed.frames$,
    };
    for (const [name, stream$] of Object.entries(streams)) stream$.subscribe({ complete: () => completed.push(name) });
    feed.frames$.subscribe((frame) => frames.push(frame));
    feed.subscribePrice((tick) => seen.prices.push(tick));
    const trades = feed.subscribeTrades((trade) => seen.trades.push(trade));
    feed.subscribeStatus((status) => seen.status.push(status));
    expect(feed.getPrice('BTC')).toBeUndefined();
    expect(feed.getAllPrices()).toEqual([]);
    expect(feed.getStatus().bybit).toEqual({ connected: false, lastMessageTime: null, messageCount: 0 });

    await feed.connect();
    await until(() => feed.getAllPrices().length === 3 && seen.trades.length > 50);
    // One message may bring several trades.
    await until(() => (feed.getStatus().bybit?.messageCount ?? 0) > 50);
    const tick = feed.getPrice('BTC');
    expect(tick).toMatchObject({
      kind: 'price',
      venue: 'bybit',
      coin: 'BTC',
      symbol: 'BTCUSDT',
      environment: 'simulated',
      epoch: 1,
    });
    expect(tick?.price).toMatch(/^\d+(\.\d*[1-9])?$/);
    expect(tick?.volume24h).toMatch(/^\d+(\.\d*[1-9])?$/);
    expect(feed.getPrice('btc')).toEqual(feed.getPrice('BTC'));
    expect(seen.prices.length).toBeGreaterThan(seen.trades.length);
    expect(seen.trades[0]).toMatchObject({
      isBuyerMaker: expect.any(Boolean),
      tradeId: expect.stringMatching(/^\d{19}$/),
    });
    expect(seen.status.map(({ state }) => state)).toContain('connected');
    const status = feed.getStatus();
    expect(Object.keys(status)).toEqual(['bybit', 'binance', 'binance_us', 'binance_testnet']);
    expect(status.bybit).toMatchObject({ connected: true, lastMessageTime: expect.any(Number) });
    expect(Math.abs(Date.now() - (status.bybit?.lastMessageTime ?? 0))).toBeLessThan(5000);
    expect(status.bybit?.lastMessageTime).toSatisfy(Number.isInteger);
    expect(status.bybit?.messageCount).toBeGreaterThan(50);
    const raw = frames.find(({ venue, data }) => venue === 'bybit' && Buffer.from(data).includes('publicTrade'));
    expect(JSON.parse(Buffer.from(raw?.data ?? []).toString())).toMatchObject({
      topic: expect.stringContaining('publicTrade.'),
    });
    expect(new Set(frames.map(({ venue, line }) => `${venue} ${line}`)).size).toBe(8);

    await feed.add('ADA');
    await until(() => feed.getPrice('ADA') !== undefined && seen.trades.some(({ coin }) => coin === 'ADA'));
    await feed.remove('SOL');
    expect(feed.getPrice('SOL')).toBeUndefined();
    const from = seen.trades.length;
    await until(() => seen.trades.length > from + 100);
    expect(new Set(seen.trades.slice(from).map(({ coin }) => coin))).toEqual(new Set(['BTC', 'ETH', 'ADA']));
    expect(
      feed
        .getAllPrices()
        .map(({ coin }) => coin)
        .sort(),
    ).toEqual(['ADA', 'BTC', 'ETH']);
    trades.unsubscribe();

    await feed.close();
    expect(completed.sort()).toEqual(['frames$', 'prices$', 'status$', 'trades$']);
    expect(seen.status.at(-1)?.state).toBe('stopped');
    await until(() => Object.values(simulator.counts()).every(({ connections }) => connections === 0));
    expect(
      seen.status.filter(({ state }) => ['failed_over', 'gap_detected', 'disconnected', 'feed_stale'].includes(state)),
    ).toEqual([]);
  });

  it('halts trading on simulated prices unless allowTestData is set, and after it is closed', async () => {
    const feed = marketFeed(['BTC', 'ETH'], { venue: 'bybit' });
    const emitted: Record<string, TradingDecision[]> = { careful: [], daring: [], all: [] };
    feed.trading$('BTC').subscribe((decision) => emitted.careful?.push(decision));
    feed.trading$('btc', { allowTestData: true }).subscribe((decision) => emitted.daring?.push(decision));
    feed.trading$(null, { allowTestData: true }).subscribe((decision) => emitted.all?.push(decision));
    expect(emitted.careful?.[0]).toMatchObject({ state: 'halted', causes: ['starting'] });
    await feed.connect();
    await until(() => emitted.daring?.at(-1)?.state === 'allowed' && emitted.all?.at(-1)?.state === 'allowed');
    expect(emitted.careful?.at(-1)).toMatchObject({ state: 'halted', causes: expect.arrayContaining(['test_data']) });
    await feed.close();
    for (const decisions of Object.values(emitted)) expect(decisions.at(-1)?.causes).toContain('ended');
  });

  it('connects to no other venue if one venue is configured', async () => {
    const opened = () =>
      Object.fromEntries(Object.entries(simulator.counts()).map(([venue, counts]) => [venue, counts.opened]));
    const before = opened();
    const feed = marketFeed(['BTC'], { venues: ['bybit'] });
    await feed.connect();
    await until(() => feed.getPrice('BTC') !== undefined);
    expect(Object.keys(feed.getStatus())).toEqual(['bybit']);
    // Two lines, and one connection for the venue's announcements.
    await until(() => opened().bybit === (before.bybit ?? 0) + 3);
    expect({ ...opened(), bybit: 0 }).toEqual({ ...before, bybit: 0 });
  });

  it('reports a coin that no venue lists, and serves the other coins', async () => {
    const statuses: FeedStatus[] = [];
    const feed = marketFeed(['BTC', 'NOSUCH'], { venues: ['bybit', 'binance'] });
    feed.subscribeStatus((status) => statuses.push(status));
    await feed.connect();
    await until(() => rejected(statuses, 'NOSUCH').length >= 2);
    expect(new Set(rejected(statuses, 'NOSUCH'))).toEqual(new Set(['bybit', 'binance']));
    await feed.add('NOTHING');
    await until(() => new Set(rejected(statuses, 'NOTHING')).size === 2);
    let trades = 0;
    feed.subscribeTrades(() => trades++);
    await until(() => trades > 20);
    expect(feed.getAllPrices().map(({ coin }) => coin)).toEqual(['BTC']);
  });

  it('adds and removes coins before it connects', async () => {
    const feed = marketFeed(['BTC', 'SOL'], { venues: ['bybit'] });
    const coins = new Set<string>();
    let trades = 0;
    feed.subscribeTrades(({ coin }) => {
      trades++;
      coins.add(coin);
    });
    await feed.add('ETH');
    await feed.remove('SOL');
    await feed.connect();
    await until(() => trades > 100);
    expect(coins).toEqual(new Set(['BTC', 'ETH']));
  });

  it('follows coins that are named by their symbols, each once', async () => {
    const feed = marketFeed(['BTCUSDT', 'btc', 'SOL'], { venues: ['bybit'] });
    const coins = new Set<string>();
    feed.subscribeTrades(({ coin }) => coins.add(coin));
    await feed.connect();
    await feed.add('ethusdt');
    await feed.add('BTCUSDT');
    await until(() => coins.size === 3);
    expect(coins).toEqual(new Set(['BTC', 'SOL', 'ETH']));
    await until(() => feed.getPrice('ETHUSDT') !== undefined);
    expect(feed.getPrice('ETHUSDT')).toBe(feed.getPrice('ETH'));
    await feed.remove('SOLUSDT');
    expect(
      feed
        .getAllPrices()
        .map(({ coin }) => coin)
        .sort(),
    ).toEqual(['BTC', 'ETH']);
  });

  it('prefers the venue that the option exchange names', async () => {
    const feed = marketFeed(['BTC'], { exchange: 'binance' });
    const served: string[] = [];
    feed.subscribeTrades(({ venue }) => served.push(venue));
    await feed.connect();
    await until(() => served.length > 10);
    expect(new Set(served)).toEqual(new Set(['binance']));
    expect(Object.keys(feed.getStatus())).toEqual(['binance', 'bybit', 'binance_us', 'binance_testnet']);
  });

  it('follows an added coin at the standby venue too', async () => {
    const feed = marketFeed(['BTC'], { venues: ['bybit', 'binance'] });
    const trades: TradeEvent[] = [];
    feed.subscribeTrades((trade) => trades.push(trade));
    await feed.connect();
    await feed.add('ETH');
    await until(() => trades.some(({ coin }) => coin === 'ETH'));
    simulator.fault({ venue: 'bybit', fault: 'refuse' });
    try {
      await until(() => new Set(trades.filter(({ venue }) => venue === 'binance').map(({ coin }) => coin)).size === 2);
    } finally {
      simulator.clearFaults();
    }
  });

  it('connects once if connect is called twice, and rejects connect if it is closed before any data', async () => {
    const feed = marketFeed(['BTC'], { venues: ['bybit'] });
    const before = simulator.counts().bybit?.opened ?? 0;
    await Promise.all([feed.connect(), feed.connect()]);
    // Two lines, and one connection for the venue's announcements. On a busy machine, a line may connect again.
    const opened = () => (simulator.counts().bybit?.opened ?? 0) - before;
    await until(() => opened() >= 3);
    expect(opened()).toBeLessThan(6);
    for (const mode of ['failover', 'all']) {
      const early = marketFeed(['BTC'], { venues: ['bybit'] }, { mode });
      const connecting = early.connect();
      await early.close();
      await expect(connecting).rejects.toThrow('closed before any data');
      await early.close();
    }
  });

  it('lets the process of a script exit by itself after close', async () => {
    const script = join(root, 'testing/processes/market-feed-script.ts');
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, simulator.url, simulator.httpUrl], {
      timeout: 20_000,
    });
    expect(stderr).toBe('');
    const { trades, ended_after_ms } = JSON.parse(stdout) as { trades: number; ended_after_ms: number };
    console.log(`the process ended ${ended_after_ms.toFixed(0)} ms after close()`);
    expect(trades).toBeGreaterThanOrEqual(20);
    expect(ended_after_ms).toBeLessThan(limitMs(1500));
  });
});
