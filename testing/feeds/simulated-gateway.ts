import { concat, defer, EMPTY, from, map, of } from 'rxjs';
import type { StatusSnapshot } from '../../src/domain/status-snapshot.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { until } from '../tools/until.ts';
import { GATEWAY_SETTINGS } from './gateway-settings.ts';
import { SimulatedFeed } from './simulated-feed.ts';

const LATENCY = { count: 10, p50: 1.5, p99: 3, p999: 4.25, max: 5 };

/** A complete status snapshot of a pipeline. */
const snapshot = (at: number): StatusSnapshot => ({
  at,
  startedAt: at - 1000,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'binance',
  serving: { venue: 'binance', since: at - 1000, insteadOf: null, why: '' },
  trading: { state: 'allowed', reason: '' },
  halted: [],
  venues: [
    {
      venue: 'binance',
      state: 'connected',
      environment: 'simulated',
      active: true,
      linesUp: 2,
      lines: 2,
      ageMs: 12.5,
      frames: 1000,
      reconnects: 0,
      eventLagMs: 12.5,
      lineLags: [{ line: 1, eventLagMs: 12.5 }],
      clock: { estimate: { offsetMs: -3.5, uncertaintyMs: 1 }, failures: 0 },
      latencyMs: { venueToSocket: LATENCY, socketToEmitted: LATENCY },
      reason: '',
    },
    {
      venue: 'bybit',
      state: 'disconnected',
      environment: 'simulated',
      active: false,
      linesUp: 0,
      lines: 2,
      ageMs: null,
      frames: 0,
      reconnects: 3,
      eventLagMs: null,
      lineLags: [],
      clock: { estimate: null, failures: 2 },
      latencyMs: { venueToSocket: null, socketToEmitted: null },
      reason: 'refused',
    },
  ],
  coins: [
    {
      coin: 'XRP',
      symbol: 'XRPUSDT',
      venue: null,
      epoch: 0,
      price: null,
      change24h: null,
      tradesPerSecond: 0,
      ageMs: null,
      stale: true,
      haltReason: null,
    },
  ],
  quality: [
    {
      venue: 'binance',
      symbol: 'BTCUSDT',
      total: 10,
      valid: 9,
      invalid: 1,
      lastUpdateAt: at * 1000,
      averageSpreadPct: 0.01,
      price: { price: '64250.5', receivedAt: at * 1000 },
      eventLagMs: 12.5,
      invertedSpreads: 0,
      messagesPerSecond: 2.5,
      warnings: ['invalid'],
    },
  ],
  klines: [
    {
      venue: 'binance',
      symbol: 'BTCUSDT',
      interval: '1m',
      compared: 3,
      equal: 2,
      fields: { volume: 1 },
      causes: { gap: 1 },
    },
  ],
  sinks: [
    {
      name: 'file',
      state: 'up',
      reason: '',
      queued: 3,
      lagMs: null,
      delivered: 100,
      dropped: 0,
      latencyMs: { emittedToAcknowledged: LATENCY },
    },
  ],
  healing: [],
  shards: [],
  counts: { trades: 10, malformed: 0 },
});

export interface SimulatedGatewayOptions {
  /** False: no status snapshots, as in a gateway that reads topics. */
  readonly withSnapshots: boolean;
  readonly historyTrades?: number;
}

/** A gateway of a simulated Binance feed that publishes trades, tickers, windows, books and candles. */
export class SimulatedGateway implements AsyncDisposable {
  readonly feed: SimulatedFeed;
  readonly gateway: Gateway;
  readonly url: string;

  private constructor(feed: SimulatedFeed, gateway: Gateway, url: string) {
    this.feed = feed;
    this.gateway = gateway;
    this.url = url;
  }

  static async start({ withSnapshots, historyTrades = 1000 }: SimulatedGatewayOptions): Promise<SimulatedGateway> {
    const feed = await SimulatedFeed.start({
      rates: { binance: 600 },
      feed: { channels: ['trade', 'ticker', 'depth', 'kline_1m'], venues: ['binance'] },
      stats: { windows_ms: [1000, 2000], allowed_lateness_ms: 100 },
    });
    const gateway = await createGateway({
      settings: GATEWAY_SETTINGS,
      source: {
        // With the records from before the gateway, so that tests can compare its figures with all records.
        records$: defer(() => concat(of(feed.records), feed.feed.output$.pipe(map(({ records }) => records)))),
        statusSnapshots$: from(withSnapshots ? [snapshot(Date.now())] : []),
        metricsSnapshots$: EMPTY,
        behind: undefined,
      },
      historyTrades,
      mode: 'failover',
      largeTradeThreshold: 3,
      longestWindowMs: 2000,
      scheduler: monotonicScheduler,
      wallClockMs: Date.now,
      fetchPastKlines: async () => [],
      fetchBest: async () => [],
      log: (level, message) => console.error(level, message),
    });
    const { url } = await gateway.listen();
    const simulated = new SimulatedGateway(feed, gateway, url);
    const asset = `${url}/api/assets/crypto/BTC`;
    for (const path of ['orderbook', 'klines', 'trade-stats', 'volume-profile'])
      await until(async () => (await fetch(`${asset}/${path}`)).status === 200, { message: path, timeoutMs: 60_000 });
    return simulated;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close();
    await this.feed[Symbol.asyncDispose]();
  }
}
