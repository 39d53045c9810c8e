import { map, Observable, Subject, share, takeUntil, timer } from 'rxjs';
import type { TopicRecords } from '../codec/topics.ts';
import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { FeedRecord } from '../domain/record.ts';
import type { ClientDeps } from './client-options.ts';
import type { GuardOptions, TradingDecision } from './guard/trading-decision.ts';
import { type TradingWatch, TradingWatches, watchTrading } from './guard/watch-trading.ts';
import type { OwnTopics } from './memory/own-topics.ts';
import { BufferedReading, type Reading } from './reader/reading.ts';
import type { TopicLag } from './reader/topic-lag.ts';
import type { TopicReader } from './reader/topic-reader.ts';
import type { Overflow } from './reader/waiting-records.ts';
import type { ClientWarning } from './source/source.ts';
import { recordsOf, symbolNamed, type TopicName } from './topic-name.ts';
import type { Warnings } from './warnings.ts';

export interface ReadOptions<T> {
  /** A coin, BTC, or a symbol, BTCUSDT; default all. */
  readonly coin?: string;
  /** Default `{ kind: 'pause', max: 1000 }`. */
  readonly overflow?: Overflow<T>;
}

/** By the short names of the topics that are read. */
export type ClientLag = { readonly [N in TopicName]?: TopicLag };

export interface MarketParts extends ClientDeps {
  /** A reader for subscribers. */
  readonly newReader: (name: TopicName) => TopicReader;
  /** True: the client's own readers give what subscribers ask for. */
  readonly sharesOwn: (name: TopicName) => boolean;
  readonly own: OwnTopics;
  readonly warnings: Warnings;
  readonly quote: string;
  readonly guard: GuardOptions;
}

const LAG_EVERY_MS = 250;

/**
 * The topics of a feed as typed hot Observables. A topic is read while somebody subscribes, once for all that do, and
 * each record once. An Observable hands a record over by calling `next`: the reader goes on when that returns, so what
 * works in `next` is never behind its buffer, for there is none. Who works asynchronously uses `read`.
 */
export class Market {
  /** Everything that the feed tells of itself. */
  readonly status$: Observable<TopicRecords['feed-status']>;
  /** Every 250 ms: `lag()`. */
  readonly lag$: Observable<ClientLag>;
  /** What was lost or passed over, and what fails. */
  readonly warnings$: Observable<ClientWarning>;
  /** `coin`: BTC or BTCUSDT; all without it. The same of the others. */
  readonly trades$ = (coin?: string) => this.records$('trades', coin);
  readonly aggTrades$ = (coin?: string) => this.records$('agg-trades', coin);
  readonly prices$ = (coin?: string) => this.records$('prices', coin);
  readonly bookTickers$ = (coin?: string) => this.records$('book-tickers', coin);
  readonly klines$ = (coin?: string) => this.records$('klines', coin);
  readonly orderBooks$ = (coin?: string) => this.records$('order-books', coin);
  readonly bookDeltas$ = (coin?: string) => this.records$('book-deltas', coin);
  readonly tradeStats$ = (coin?: string) => this.records$('trade-stats', coin);
  readonly largeTrades$ = (coin?: string) => this.records$('large-trades', coin);
  readonly gaps$ = (coin?: string) => this.records$('gaps', coin);
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
    this.#watches = new TradingWatches((limits) => this.#watch(limits));
    // It watches from now on, so that it has an opinion when it is asked.
    this.guard();
  }

  /** The records of a topic by its short name, `trades`. Errors with a Fault where it cannot be read; completes with `close`. */
  records$<N extends TopicName>(name: N, coin?: string): Observable<TopicRecords[N]> {
    return new Observable((subscriber) => {
      const isWanted = recordsOf(name, this.#symbol(coin));
      return this.#reader(name).listen({
        give: (record) => {
          if (isWanted(record)) subscriber.next(record);
        },
        fail: (fault) => subscriber.error(fault),
        end: () => subscriber.complete(),
      });
    });
  }

  /** The records of a topic for one who takes them at their own pace, from now on: `for await (const trade of market.read('trades'))`. */
  read<N extends TopicName>(name: N, options: ReadOptions<TopicRecords[N]> = {}): Reading<TopicRecords[N]> {
    const { coin, overflow = { kind: 'pause' } } = options;
    const reading = new BufferedReading<TopicRecords[N] & FeedRecord>(recordsOf(name, this.#symbol(coin)), overflow);
    return reading.enter(this.#reader(name, reading.buffered.pauses).listen(reading));
  }

  /** Resolves when it is settled where each topic is read from that somebody subscribed to: what is published from then on comes. */
  async ready(): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader.ready()));
  }

  /** The last price of a coin or symbol; undefined where it never had one. */
  latest(coin: string): TopicRecords['prices'] | undefined {
    return this.#parts.own.last.get(symbolNamed(coin, this.#parts.quote));
  }

  /** How far this client is behind in each topic that it reads. */
  lag(): ClientLag {
    const lags: { [N in TopicName]?: TopicLag } = {};
    for (const [name, reader] of [...this.#parts.own.byName, ...this.#readers]) {
      if (!reader.isRead) continue;
      const lag = reader.lag();
      if (lag.ms >= (lags[name]?.ms ?? 0)) lags[name] = lag;
    }
    return lags;
  }

  /** Whether a coin (or without one, anything) may be traded on what this client gets, and why not: now, and whenever that changes. */
  trading$(coin?: string, options: Partial<GuardOptions> = {}): Observable<TradingDecision> {
    return this.guard(options)(coin);
  }

  /** The same to be asked at any moment, `guard().isAllowed('BTC')`; one for each set of options, which watches until `close`. Throws a Fault where a limit is unusable. */
  guard(options: Partial<GuardOptions> = {}): TradingWatch {
    return this.#watches.of(this.#parts.guard, options);
  }

  /** Completes every Observable, remembers with the group what is done, and disconnects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed$.next();
    this.#watches.close();
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
    await this.#parts.own.close();
    this.#parts.warnings.close();
  }

  #watch(limits: GuardOptions): TradingWatch {
    const { own, quote, scheduler, wallClockMs } = this.#parts;
    const input = {
      past: { status: own.memory.status(), prices: [...own.last.values()], gaps: own.memory.gaps() },
      status$: own.status$,
      prices$: own.prices$,
      gaps$: own.gaps$,
      lagMs$: this.lag$.pipe(map((lag) => Math.max(0, ...Object.values(lag).map(({ ms }) => ms)))),
    };
    return watchTrading(input, limits, { scheduler, wallClockMs, symbolOf: (name) => symbolNamed(name, quote) });
  }

  /** What may pause never pauses the client's own readers: others must not be judged by its pace. */
  #reader(name: TopicName, mayPause = false): TopicReader {
    if (this.#closing !== undefined) throw new Fault('internal', 'the client is closed', { retry: { kind: 'never' } });
    const { own, newReader, sharesOwn } = this.#parts;
    const ownReader = own.byName.get(name);
    if (ownReader !== undefined && !mayPause && sharesOwn(name)) return ownReader;
    return getOrCreate(this.#readers, name, newReader);
  }

  #symbol(coin: string | undefined): string | undefined {
    return coin === undefined ? undefined : symbolNamed(coin, this.#parts.quote);
  }
}
