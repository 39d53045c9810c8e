import { join } from 'node:path';
import { EMPTY, Subject } from 'rxjs';
import type { Audit, FeedRecord } from '../../src/domain/record.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { monotonicScheduler } from '../../src/net/monotonic-scheduler.ts';
import { GATEWAY_SETTINGS } from '../feeds/gateway-settings.ts';
import { kline } from '../judges/events.ts';
import { heartbeat, orderBook, price, status, trade, tradeStats, venueAge } from '../records/gateway-records.ts';
import { sampleAudit } from '../records/sample-records.ts';
import { root } from '../tools/tools.ts';

/** Milliseconds between two batches of records. */
const EVERY_MS = 20;
const PRICES = ['104998.60', '0.00001234', '64598.72', '1.0842', '3120.11', '0.4512'];
const VENUES = ['binance', 'bybit', 'binance_us'];

const minuteOf = (at: number): number => Math.floor(at / 60_000) * 60_000;

interface BusyOptions {
  readonly coins: number;
  readonly tradesPerSecond: number;
}

/** A gateway in this process whose feed trades many coins, with prices and venue names of all lengths. */
export class BusyGateway {
  readonly url: string;
  readonly #gateway: Gateway;
  readonly #records$: Subject<readonly FeedRecord[]>;
  readonly #coins: readonly string[];
  readonly #timers: readonly NodeJS.Timeout[];
  #halted: string | undefined;
  #trades = 0;

  private constructor(gateway: Gateway, url: string, records$: Subject<readonly FeedRecord[]>, options: BusyOptions) {
    this.#gateway = gateway;
    this.url = `${url}/`;
    this.#records$ = records$;
    this.#coins = ['BTC', 'PEPE', 'LINK', ...Array.from({ length: options.coins - 3 }, (_, at) => `C${at}`)];
    const reason = 'HTTP 451: Service unavailable from a restricted location';
    const timestamp = Date.now() - 90_000;
    this.#publish(
      status('connected', { venue: 'binance', timestamp, activeVenue: 'binance' }),
      status('connected', { venue: 'bybit', timestamp, activeVenue: 'binance' }),
      status('region_blocked', { venue: 'binance_us', timestamp, activeVenue: 'binance', reason }),
    );
    this.#publishState();
    for (const coin of this.#coins) this.#publish(this.#tick(coin, 0));
    this.#publishFigures();
    const began = performance.now();
    const due = () => ((performance.now() - began) * options.tradesPerSecond) / 1000 - this.#trades;
    this.#timers = [
      setInterval(() => this.#publishTrades(Math.floor(due())), EVERY_MS),
      setInterval(() => {
        this.#publishState();
        this.#publishCandle(0);
      }, 1000),
    ];
  }

  static async start(options: BusyOptions): Promise<BusyGateway> {
    const records$ = new Subject<readonly FeedRecord[]>();
    const gateway = await createGateway({
      settings: GATEWAY_SETTINGS,
      source: { records$, statusSnapshots$: EMPTY, metricsSnapshots$: EMPTY, behind: undefined },
      dashboardDir: join(root, 'dist/dashboard'),
      historyTrades: 100,
      mode: 'failover',
      largeTradeThreshold: 10,
      longestWindowMs: 60_000,
      scheduler: monotonicScheduler,
      wallClockMs: Date.now,
      fetchPastKlines: async () => [],
      fetchBest: async () => [],
      log: (_level, message) => console.error(message),
    });
    const { url } = await gateway.listen();
    return new BusyGateway(gateway, url, records$, options);
  }

  /** Number of trades published so far. */
  get trades(): number {
    return this.#trades;
  }

  /** The reason of a halt of the whole feed; undefined ends it. */
  halt(reason: string | undefined): void {
    this.#halted = reason;
    this.#publishState();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#gateway.close();
  }

  #publish(...records: readonly FeedRecord[]): void {
    this.#records$.next(records);
  }

  #publishState(): void {
    const beat = {
      symbols: this.#coins.map((coin) => `${coin}USDT`),
      venueAges: VENUES.map((venue) => venueAge(venue, 10)),
      ...(this.#halted === undefined ? {} : { trading: 'halted', tradingReason: this.#halted }),
    };
    this.#publish(heartbeat(beat, { timestamp: Date.now(), activeVenue: 'binance' }));
  }

  #publishTrades(count: number): void {
    const records: FeedRecord[] = [];
    for (let made = 0; made < count; made++) {
      const number = ++this.#trades;
      const coin = this.#coins[number % this.#coins.length] ?? 'BTC';
      const at = this.#coins.indexOf(coin);
      const fields = { price: this.#priceOf(at), timestamp: Date.now(), isBuyerMaker: number % 3 === 0 };
      records.push(trade(number, { ...this.#of(coin, at), ...fields }));
      records.push(this.#tick(coin, number % 7));
    }
    if (this.#trades % 500 < count) this.#publishBook();
    // After a long pause these are more records than a function can have arguments.
    this.#records$.next(records);
  }

  /** Book, candles and a minute of the first coin. */
  #publishFigures(): void {
    const of = this.#of('BTC', 0);
    for (let before = 200; before >= 0; before--) this.#publishCandle(before);
    this.#publish(tradeStats(minuteOf(Date.now()) - 60_000, of), ...this.#audits());
    this.#publishBook();
  }

  /** The first coin's last 120 minutes, with every verdict. */
  #audits(): readonly FeedRecord[] {
    const audit = (before: number, changes: Partial<Audit> = {}) =>
      sampleAudit({ ...this.#of('BTC', 0), minute: minuteOf(Date.now()) - (before + 1) * 60_000, ...changes });
    const gap = { verdict: 'gap', reason: 'trades are missing: see gaps' } as const;
    return Array.from({ length: 120 }, (_, before) => {
      if (before > 115) return [];
      if (before === 115) return audit(before, { verdict: 'unchecked', reason: 'the epoch begins inside the minute' });
      if (before > 80) return audit(before, { verdict: 'agrees' });
      if (before > 70) return [audit(before, gap), audit(before, { revision: 1, backfilled: 21 })];
      if (before > 60) return audit(before, gap);
      if (before > 57) return audit(before, { verdict: 'unexplained', reason: '41 trades, the candle has 42' });
      return audit(before);
    }).flat();
  }

  /** The first coin's candle of this many minutes ago. */
  #publishCandle(before: number): void {
    const openTime = minuteOf(Date.now()) - before * 60_000;
    this.#publish(kline(openTime, openTime + 1000, this.#of('BTC', 0)));
  }

  #publishBook(): void {
    const levels = (from: number, step: number) =>
      Array.from({ length: 20 }, (_, at) => ({ price: (from + step * at).toFixed(2), quantity: '1.2345' }));
    const updateId = String(this.#trades + 1);
    const book = { bids: levels(104_998.5, -0.5), asks: levels(104_999, 0.5), updateId };
    this.#publish(orderBook({ ...this.#of('BTC', 0), ...book }));
  }

  #tick(coin: string, move: number): FeedRecord {
    const at = this.#coins.indexOf(coin);
    return price(this.#priceOf(at, move), {
      ...this.#of(coin, at),
      timestamp: Date.now(),
      change24h: String(at % 9 === 0 ? -12.345 : 1.2 + move / 10),
    });
  }

  #priceOf(at: number, move = 0): string {
    const [whole = '', fraction = ''] = (PRICES[at % PRICES.length] ?? '1.0').split('.');
    return `${whole}.${fraction.slice(0, -1)}${(Number(fraction.at(-1)) + move) % 10}`;
  }

  #of(coin: string, at: number) {
    return {
      coin,
      symbol: `${coin}USDT`,
      venueSymbol: `${coin}USDT`,
      venue: at === 0 ? 'binance' : at % 2 === 0 ? 'bybit' : 'binance_us',
      environment: 'simulated' as const,
      epoch: 1,
      receivedAt: Date.now() * 1000,
    };
  }
}
