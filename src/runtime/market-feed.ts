import { randomUUID } from 'node:crypto';
import {
  filter,
  firstValueFrom,
  map,
  merge,
  NEVER,
  type Observable,
  race,
  Subject,
  type Subscription,
  switchMap,
  throwError,
  throwIfEmpty,
  timer,
} from 'rxjs';
import { coinAskedFor, type TradingDecision, type TradingQuestion } from '../client/guard/trading-decision.ts';
import { TradingWatches } from '../client/guard/trading-watches.ts';
import { watchTrading } from '../client/guard/watch-trading.ts';
import { symbolNamed } from '../client/topic-name.ts';
import { coinNamed } from '../config/coin-list.ts';
import { type Config, feedVenues, instrumentsFor } from '../config/config.ts';
import { Fault } from '../domain/fault.ts';
import type { Instrument, VenueId } from '../domain/instrument.ts';
import { type OptionRules, requireOptions, WAIT_MS } from '../domain/options/check-options.ts';
import type {
  AggTrade,
  BookTicker,
  FeedRecord,
  FeedStatus,
  Kline,
  OrderBookSnapshot,
  PriceTick,
  TradeEvent,
} from '../domain/record.ts';
import type { RawFrame } from '../domain/venue-event.ts';
import { aborted$ } from '../net/aborted.ts';
import { monotonicScheduler } from '../net/monotonic-scheduler.ts';
import { buildFeed } from './build-feed.ts';
import { coinOf, configOf, type MarketFeedOptions, wrongArgument } from './market-feed-options.ts';
import type { RunningFeed } from './running-feed.ts';

/* The class `MarketFeed` of the library: prices, trades and status without Kafka. */

/** Options of `connect`. */
export interface ConnectOptions {
  /** Longest wait for the first data, milliseconds; default: no limit. */
  readonly timeoutMs?: number;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal;
}

/** The current state of a venue. */
export interface VenueStatus {
  readonly connected: boolean;
  /** When its last message was received, whole milliseconds since 1970; null: none yet. */
  readonly lastMessageTime: number | null;
  readonly messageCount: number;
}

/** One raw message with its venue and line. */
export interface VenueFrame extends RawFrame {
  readonly venue: VenueId;
  readonly line: number;
}

/**
 * Live prices and trades of some coins in your own process, without Kafka. It connects, fails over and reconnects by
 * itself, and reports that in `status$`. All Observables are hot and complete with `close()`.
 *
 * @example
 * const feed = new MarketFeed(['BTC', 'ETH', 'SOL'], { venue: 'bybit' });
 * feed.subscribePrice((tick) => console.log(tick.symbol, tick.price));
 * await feed.connect();
 */
export class MarketFeed implements AsyncDisposable {
  readonly #records$ = new Subject<FeedRecord>();
  readonly #frames$ = new Subject<VenueFrame>();
  /** Emits one price for every trade and every ticker. */
  readonly prices$: Observable<PriceTick> = this.#records$.pipe(filter((record) => record.kind === 'price'));
  readonly trades$: Observable<TradeEvent> = this.#records$.pipe(filter((record) => record.kind === 'trade'));
  readonly aggTrades$: Observable<AggTrade> = this.#records$.pipe(filter((record) => record.kind === 'agg_trade'));
  readonly bookTickers$: Observable<BookTicker> = this.#records$.pipe(
    filter((record) => record.kind === 'book_ticker'),
  );
  readonly klines$: Observable<Kline> = this.#records$.pipe(filter((record) => record.kind === 'kline'));
  /** The best levels of each book, every second; at once when a book begins, becomes stale or is correct again. */
  readonly books$: Observable<OrderBookSnapshot> = this.#records$.pipe(
    filter((record) => record.kind === 'order_book'),
  );
  readonly status$: Observable<FeedStatus> = this.#records$.pipe(filter((record) => record.kind === 'status'));
  /** Every frame of every line, for your own handlers. */
  readonly frames$: Observable<VenueFrame> = this.#frames$.asObservable();
  /** Every record of the feed, of all channels. */
  readonly records$: Observable<FeedRecord> = this.#records$.asObservable();
  readonly #config: Config;
  readonly #feed: RunningFeed;
  readonly #coins = new Set<string>();
  readonly #watches: TradingWatches;
  #started = false;
  #closed = false;

  /**
   * Creates a feed of `coins`, each a coin (`BTC`) or its symbol against the quote (`BTCUSDT`). `add`, `remove` and
   * `getPrice` take the same names.
   *
   * @throws TypeError that names a coin, venue or option that cannot be used
   */
  constructor(coins: readonly string[], options: MarketFeedOptions = {}) {
    this.#config = configOf(coins, options);
    for (const coin of coins) this.#coins.add(coinOf(coin, this.#config.quote));
    this.#feed = buildFeed(this.#config, {
      scheduler: monotonicScheduler,
      wallClockMs: Date.now,
      instance: randomUUID(),
      onFrame: (venue, line, frame) => {
        // The frame's data is a view into the socket's buffer, which is reused.
        if (this.#frames$.observed) this.#frames$.next({ ...frame, data: new Uint8Array(frame.data), venue, line });
      },
    });
    this.#watches = new TradingWatches((limits) => {
      const gaps$ = this.#records$.pipe(filter((record) => record.kind === 'gap'));
      const input = { status$: this.status$, prices$: this.prices$, gaps$, lagMs$: NEVER };
      const symbolOf = (name: string) => symbolNamed(name, this.#config.quote);
      return watchTrading(input, limits, { scheduler: monotonicScheduler, wallClockMs: Date.now, symbolOf });
    }, Date.now);
    this.#feed.output$.subscribe(({ records }) => {
      for (const record of records) this.#records$.next(record);
    });
  }

  /**
   * Connects, and resolves with the first data. Rejects with a Fault of kind `connect_timeout` after `timeoutMs`, or
   * with the reason of the `signal`. The feed then still keeps trying until `close`. Also rejects with a Fault if the
   * feed is closed.
   */
  async connect(options: ConnectOptions = {}): Promise<void> {
    requireOptions('connect', options, CONNECT_RULES);
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw closedFault('the feed is closed');
    // Status and checkpoints do not count: the feed publishes them even if no data comes.
    const data$ = this.#records$.pipe(
      filter(({ kind }) => kind !== 'status' && kind !== 'position'),
      throwIfEmpty(() => closedFault('the feed was closed before any data came')),
    );
    const late$ = timeoutMs === undefined ? NEVER : timer(timeoutMs, monotonicScheduler);
    const failure$ = merge(
      late$.pipe(map(() => this.#lateFault(timeoutMs))),
      signal === undefined ? NEVER : aborted$(signal).pipe(map((): unknown => signal.reason)),
    );
    const first = firstValueFrom(race(data$, failure$.pipe(switchMap((failure) => throwError(() => failure)))));
    if (!this.#started) this.#feed.start();
    this.#started = true;
    await first;
  }

  /** Ends every connection and completes every Observable. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#feed.stop('closed');
    this.#watches.close();
    this.#frames$.complete();
    this.#records$.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Adds a coin while the feed runs, at every venue. A venue that does not list it reports `subscription_rejected`. */
  async add(coin: string): Promise<void> {
    const name = coinOf(coin, this.#config.quote);
    if (this.#coins.has(name)) return;
    this.#coins.add(name);
    for (const venue of feedVenues(this.#config)) this.#feed.add(venue, this.#instrument(name, venue));
  }

  /** Stops following a coin. */
  async remove(coin: string): Promise<void> {
    const name = coinOf(coin, this.#config.quote);
    if (this.#coins.delete(name)) this.#feed.remove(name + this.#config.quote);
  }

  /** Returns the last price of a coin; undefined before its first price. @throws TypeError if `coin` is not a text. */
  getPrice(coin: string): PriceTick | undefined {
    if (typeof coin !== 'string') throw wrongArgument(coin, "a coin, such as 'BTC'");
    const name = coinNamed(coin, this.#config.quote);
    if (name === undefined) return undefined;
    const symbol = name + this.#config.quote;
    return this.#feed.watches.map(({ view }) => view.tick(symbol)).find((tick) => tick !== undefined);
  }

  /** The last price of every coin that has one. */
  getAllPrices(): readonly PriceTick[] {
    return this.#feed.watches.flatMap(({ view }) => view.ticks());
  }

  getStatus(): Readonly<Record<string, VenueStatus>> {
    return Object.fromEntries(
      this.#feed.watches.flatMap(({ venues, states }) =>
        venues.map(({ options, counts }) => {
          const { id } = options.venue;
          const status: VenueStatus = {
            connected: states.get(id)?.connected ?? false,
            lastMessageTime: counts.lastReceivedAt === null ? null : Math.floor(counts.lastReceivedAt / 1000),
            messageCount: counts.frames,
          };
          return [id, status];
        }),
      ),
    );
  }

  /**
   * Emits whether trading of a coin is allowed, or of the whole feed if the coin is null or left out. This is the guard
   * of `market-feed/client`, applied to this feed. The current decision comes at once. It uses only what has happened
   * since the first call with these limits.
   * @throws Fault with retry `never` if the coin is undefined, or a limit is unusable.
   */
  trading$(...asked: TradingQuestion): Observable<TradingDecision> {
    const [, options = {}] = asked;
    return this.#watches.trading$(coinAskedFor(asked), options);
  }

  subscribePrice(next: (tick: PriceTick) => void): Subscription {
    return this.prices$.subscribe(next);
  }

  subscribeTrades(next: (trade: TradeEvent) => void): Subscription {
    return this.trades$.subscribe(next);
  }

  subscribeStatus(next: (status: FeedStatus) => void): Subscription {
    return this.status$.subscribe(next);
  }

  #lateFault(timeoutMs: number | undefined): Fault {
    const states = this.#feed.watches.flatMap((watch) => [...watch.states]);
    const reasons = states.map(([venue, { reason }]) => `${venue}: ${reason === '' ? 'no data' : reason}`);
    return new Fault('connect_timeout', `MarketFeed: no data within ${timeoutMs} ms (${reasons.join('; ')})`);
  }

  #instrument(coin: string, venue: VenueId): Instrument {
    const known = instrumentsFor(this.#config, venue).find((instrument) => instrument.coin === coin);
    const symbol = coin + this.#config.quote;
    return known ?? { coin, symbol, venueSymbol: symbol };
  }
}

const closedFault = (message: string): Fault =>
  new Fault('internal', `MarketFeed: ${message}`, { retry: { kind: 'never' } });

const CONNECT_RULES: OptionRules<ConnectOptions> = {
  timeoutMs: WAIT_MS,
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
};
