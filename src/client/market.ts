import { defer, filter, finalize, from, map, merge, Observable, Subject, share, takeUntil, tap, timer } from 'rxjs';
import type { TopicRecords } from '../codec/topics.ts';
import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { type OptionRules, TEXT } from '../domain/options/check-options.ts';
import { shown } from '../domain/options/shown.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { BestPrices } from '../market/book/best-prices.ts';
import { bestPrices } from './best-prices.ts';
import type { ClientDeps } from './client-options.ts';
import {
  type CoinOrAll,
  coinAskedFor,
  type GuardOptions,
  type TradingDecision,
  type TradingQuestion,
} from './guard/trading-decision.ts';
import { TradingWatches } from './guard/trading-watches.ts';
import { type TradingWatch, watchTrading } from './guard/watch-trading.ts';
import type { AlwaysReadTopics } from './memory/always-read-topics.ts';
import { pastRange, pastTrades, type TradesWithLateOptions } from './past-trades.ts';
import { BufferedReading, type Reading } from './reader/reading.ts';
import type { TopicLag } from './reader/topic-lag.ts';
import type { TopicReader } from './reader/topic-reader.ts';
import { OVERFLOW_RULES, type Overflow } from './reader/waiting-records.ts';
import { refusedOption, requireUsable } from './refused-option.ts';
import type { ReadPast } from './source/read-past.ts';
import type { ClientWarning } from './source/source.ts';
import { recordsOf, symbolNamed, TOPIC_NAMES, type TopicName } from './topic-name.ts';
import type { Warnings } from './warnings.ts';

/** Options of `market.read`. */
export interface ReadOptions<T> {
  /** A coin (`BTC`) or a symbol (`BTCUSDT`); default all. */
  readonly coin?: string;
  /** What happens if the subscriber is slow. Default `{ kind: 'pause', max: 1000 }`. */
  readonly overflow?: Overflow<T>;
}

const READ_RULES: OptionRules<ReadOptions<unknown>> = {
  coin: TEXT,
  overflow: [(value) => typeof value === 'object' && value !== null, 'an object with a kind', OVERFLOW_RULES],
};

/** A coin (`BTC`) or symbol (`BTCUSDT`), or no argument for all. An undefined coin is a mistake, and refused. */
export type CoinAsked = readonly [] | readonly [coin: string];

/** How far a client is behind, by the short names of the topics it reads. */
export type ClientLag = { readonly [N in TopicName]?: TopicLag };

export interface MarketParts extends ClientDeps {
  /** Makes a reader for subscribers. */
  readonly newReader: (name: TopicName) => TopicReader;
  /** Called at each subscription. */
  readonly onUse: () => void;
  /** True if subscribers may share the reader that the client always has for the topic. */
  readonly canReuseAlwaysRead: (name: TopicName) => boolean;
  readonly alwaysRead: AlwaysReadTopics;
  /** Makes a reader of what was published until now. */
  readonly pastReader: () => ReadPast<TopicName>;
  readonly warnings: Warnings;
  readonly quote: string;
  readonly guard: GuardOptions;
}

const LAG_EVERY_MS = 250;

/**
 * The topics of a feed as typed hot Observables. Each topic is read once, while it has subscribers, and each record is
 * emitted once. There is no buffer: the reader waits until `next` returns. For asynchronous work use `read`. `P`: the
 * fields that records have besides those of their schema, see the option `withPosition`.
 */
export class Market<P = unknown> implements AsyncDisposable {
  /** The feed's status records. */
  readonly status$: Observable<TopicRecords['feed-status'] & P>;
  /** Emits `lag()` every 250 ms. */
  readonly lag$: Observable<ClientLag>;
  /** Lost or skipped records, and failures of reading. */
  readonly warnings$: Observable<ClientWarning>;
  /** The trades of a coin (`BTC`) or symbol (`BTCUSDT`); default all. The methods below take the same argument. */
  readonly trades$ = (...coin: CoinAsked) => this.records$('trades', ...coin);
  readonly aggTrades$ = (...coin: CoinAsked) => this.records$('agg-trades', ...coin);
  readonly prices$ = (...coin: CoinAsked) => this.records$('prices', ...coin);
  readonly bookTickers$ = (...coin: CoinAsked) => this.records$('book-tickers', ...coin);
  readonly klines$ = (...coin: CoinAsked) => this.records$('klines', ...coin);
  readonly orderBooks$ = (...coin: CoinAsked) => this.records$('order-books', ...coin);
  readonly bookDeltas$ = (...coin: CoinAsked) => this.records$('book-deltas', ...coin);
  readonly tradeStats$ = (...coin: CoinAsked) => this.records$('trade-stats', ...coin);
  readonly largeTrades$ = (...coin: CoinAsked) => this.records$('large-trades', ...coin);
  readonly gaps$ = (...coin: CoinAsked) => this.records$('gaps', ...coin);
  /** The last instrument record of each venue and symbol. */
  readonly #instruments = new Map<string, TopicRecords['instruments'] & P>();
  readonly #parts: MarketParts;
  readonly #closed$ = new Subject<void>();
  readonly #readers = new Map<TopicName, TopicReader>();
  readonly #watches: TradingWatches;
  #closing: Promise<void> | undefined;

  constructor(parts: MarketParts) {
    this.#parts = parts;
    this.warnings$ = parts.warnings.warnings$;
    this.status$ = this.records$('feed-status');
    this.lag$ = timer(0, LAG_EVERY_MS, parts.scheduler).pipe(
      map(() => this.lag()),
      takeUntil(this.#closed$),
      share(),
    );
    this.#watches = new TradingWatches((limits) => this.#watch(limits), parts.wallClockMs);
    // The default guard watches from the start, so that it can decide when it is first asked.
    this.guard();
  }

  /**
   * The records of a topic by its short name. Errors with a Fault if it cannot be read; completes with `close`.
   * @throws Fault with retry `never` if the coin is undefined.
   */
  records$<N extends TopicName>(name: N, ...coin: CoinAsked): Observable<TopicRecords[N] & P> {
    const isWanted = recordsOf<N, P>(name, this.#symbol(coin));
    return new Observable((subscriber) => {
      return this.#reader(name).listen({
        give: (record) => {
          if (isWanted(record)) subscriber.next(record);
        },
        fail: (fault) => subscriber.error(fault),
        end: () => subscriber.complete(),
      });
    });
  }

  /** The instrument records of a coin (default: of all coins): each venue's last known record, then all new ones. */
  instrument$(...coin: CoinAsked): Observable<TopicRecords['instruments'] & P> {
    const symbol = this.#symbol(coin);
    const remember = (record: TopicRecords['instruments'] & P): void => {
      this.#instruments.set(`${record.venue}:${record.symbol}`, record);
    };
    return defer(() =>
      merge([...this.#instruments.values()], this.records$('instruments').pipe(tap(remember))).pipe(
        filter((record) => symbol === undefined || record.symbol === symbol),
      ),
    );
  }

  /**
   * The best bid and ask of a coin (default: of all coins) over the healthy venues whose book tickers are published, at
   * each change. In `mode: failover` of the feed, that is the active venue alone.
   */
  best$(...coin: CoinAsked): Observable<BestPrices> {
    const bookTickers$ = this.records$('book-tickers', ...coin);
    return defer(() => {
      const { alwaysRead } = this.#parts;
      return bestPrices({ past: alwaysRead.memory.status(), status$: alwaysRead.status$, bookTickers$ }, this.#parts);
    });
  }

  /**
   * A past range of a coin's trades, merged with the trades of healed gaps (`late-trades`) into one series in the order of
   * epochs and ids. A cold Observable: each subscription reads the topics anew, without a group, and completes at the end
   * of the range. It waits until `next` returns. Errors with a Fault if reading fails, or if the trades of several venues
   * are mixed. Trades in gaps that are not healed are missing: `gaps` names these gaps.
   * @throws Fault with retry `never` if the coin or an option is unusable
   */
  tradesWithLate$(coin: string, options: TradesWithLateOptions): Observable<TopicRecords['trades'] & P> {
    const symbol = this.#symbolOf(coin);
    const range = pastRange(options);
    return defer(() => {
      this.#requireOpen();
      const stop = new AbortController();
      const trades = pastTrades<P>({ read: this.#parts.pastReader(), symbol, range, signal: stop.signal });
      return from(trades).pipe(finalize(() => stop.abort()));
    }).pipe(takeUntil(this.#closed$));
  }

  /**
   * Reads a topic's records at the caller's pace: `for await (const trade of market.read('trades'))`. The topic's first
   * subscriber starts where the option `from` says, a later one with the next record.
   * @throws Fault with retry `never` if an option is unknown or unusable.
   */
  read<N extends TopicName>(name: N, options: ReadOptions<TopicRecords[N] & P> = {}): Reading<TopicRecords[N] & P> {
    requireUsable('read', options, READ_RULES);
    const { coin, overflow = { kind: 'pause' } } = options;
    const reading = new BufferedReading<TopicRecords[N] & FeedRecord & P>(
      recordsOf(name, this.#symbol(coin === undefined ? [] : [coin])),
      overflow,
    );
    return reading.enter(this.#reader(name, reading.buffered.pauses).listen(reading));
  }

  /** Resolves when every subscribed topic is being read: records published from then on are emitted. */
  async ready(): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader.ready()));
  }

  /**
   * The last price of a coin or symbol, by the rule of the guard; undefined if none is known.
   * @throws Fault with retry `never` if the coin is not a text.
   */
  latest(coin: string): TopicRecords['prices'] | undefined {
    return this.#parts.alwaysRead.last.get(this.#symbolOf(coin));
  }

  /** The time, milliseconds since 1970: by the wall clock, or in a backtest by the records. */
  now(): number {
    return this.#parts.wallClockMs();
  }

  /** How far this client is behind in each topic that it reads. */
  lag(): ClientLag {
    const lags: { [N in TopicName]?: TopicLag } = {};
    for (const name of TOPIC_NAMES) {
      for (const reader of [this.#alwaysReader(name), this.#readers.get(name)]) {
        if (reader?.isRead !== true) continue;
        const lag = reader.lag();
        if (lag.ms >= (lags[name]?.ms ?? 0)) lags[name] = lag;
      }
    }
    return lags;
  }

  /**
   * Emits whether a coin (null or no argument: any coin) may be traded, and why not: now and at each change.
   * @throws Fault with retry `never` if the coin is undefined, or a limit is unusable.
   */
  trading$(...asked: TradingQuestion): Observable<TradingDecision> {
    const [, options = {}] = asked;
    return this.#watches.trading$(coinAskedFor(asked), this.#parts.guard, options);
  }

  /**
   * Returns a guard with the decisions of `trading$` on demand: `guard().isAllowed('BTC')`. Guards with the same limits
   * share their work, until the client's `close`. A guard's own `close` ends that guard alone.
   * @throws Fault with retry `never` if a limit is unusable.
   */
  guard(options: Partial<GuardOptions> = {}): TradingWatch {
    return this.#watches.guard(this.#parts.guard, options);
  }

  /** Completes every Observable, commits the group's offsets, and disconnects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closed$.next();
    this.#watches.close();
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
    await this.#parts.alwaysRead.close();
    this.#parts.warnings.close();
  }

  #watch(limits: GuardOptions): TradingWatch {
    const { alwaysRead, quote, scheduler, wallClockMs, onUse } = this.#parts;
    const { memory, last, status$, prices$, gaps$ } = alwaysRead;
    const past = { status: memory.status(), prices: [...last.values()], gaps: memory.gaps() };
    const lagMs$ = this.lag$.pipe(map((lag) => Math.max(0, ...Object.values(lag).map(({ ms }) => ms))));
    const input = { past, status$, prices$, gaps$, lagMs$ };
    const symbolOf = (name: string) => symbolNamed(name, quote);
    const watch = watchTrading(input, limits, { scheduler, wallClockMs, symbolOf });
    const decisions = (...coin: CoinOrAll) => watch(...coin).pipe(tap({ subscribe: onUse }));
    return Object.assign(decisions, watch);
  }

  /** A reading that may pause never uses an always-read topic's reader: its pauses would count as the guard's lag. */
  #reader(name: TopicName, mayPause = false): TopicReader {
    this.#requireOpen();
    const { newReader, canReuseAlwaysRead, onUse } = this.#parts;
    onUse();
    const alwaysReader = this.#alwaysReader(name);
    if (alwaysReader !== undefined && !mayPause && canReuseAlwaysRead(name)) return alwaysReader;
    return getOrCreate(this.#readers, name, newReader);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new Fault('internal', 'the client is closed', { retry: { kind: 'never' } });
  }

  #alwaysReader(name: TopicName): TopicReader | undefined {
    const readers: { readonly [N in TopicName]?: TopicReader } = this.#parts.alwaysRead.readers;
    return readers[name];
  }

  /** The symbol of the coin that was asked for; undefined: all. */
  #symbol(asked: CoinAsked): string | undefined {
    return asked.length === 0 ? undefined : this.#symbolOf(asked[0]);
  }

  #symbolOf(coin: unknown): string {
    if (typeof coin === 'string' && coin !== '') return symbolNamed(coin, this.#parts.quote);
    throw refusedOption('coin', `found ${shown(coin)}, allowed: a coin or symbol such as BTC`);
  }
}
