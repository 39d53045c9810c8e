import {
  defer,
  EMPTY,
  firstValueFrom,
  interval,
  merge,
  Observable,
  of,
  race,
  Subject,
  type Subscriber,
  Subscription,
  timer,
} from 'rxjs';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { BookTicker } from '../domain/record.ts';
import type { VenuePrice } from '../domain/status-snapshot.ts';
import type { MarketFrame } from '../domain/venue-event.ts';
import { type ArbiterSymbol, holds, LineArbiter } from './arbitration/line-arbiter.ts';
import type { BookStepped, LineData, PossibleGapEvent, Resumption } from './arbitration/merged-event.ts';
import { passChange } from './books/pass-change.ts';
import { VenueBooks } from './books/venue-books.ts';
import { VenueConnectionPool } from './connection/connection-pool.ts';
import { linesSettled } from './connection/lines-settled.ts';
import { isOfBook, type VenueInput, VenueWarmUp, type WarmUpSettings } from './connection/venue-warm-up.ts';
import { tradeRepair } from './gaps/trade-repair.ts';
import { FollowedInstruments, type InstrumentChange } from './instruments/followed-instruments.ts';
import { InstrumentReport } from './instruments/instrument-report.ts';
import { SWEEP_MS } from './liveness/channel-life.ts';
import type { EventLag } from './liveness/event-lag.ts';
import { explainStale } from './liveness/explain-stale.ts';
import type { WatchedSymbol } from './liveness/frame-watch.ts';
import { VenueLiveness } from './liveness/venue-liveness.ts';
import { SubscribedSymbols } from './subscribed-symbols.ts';
import { increment, VenueCounts } from './venue-counts.ts';
import type { VenueFeedEvent, VenueFeedOptions } from './venue-feed-options.ts';
import { VenueReport } from './venue-report.ts';

/** How `VenueFeed.warm` buffers events. */
export interface WarmUp extends WarmUpSettings {
  readonly withinMs?: number;
}

/** The state of one symbol, in one object so that a frame needs one lookup. */
interface VenueSymbol {
  readonly watch: WatchedSymbol;
  readonly arbiter: ArbiterSymbol;
}

/**
 * The feed of one venue: merges its lines into one stream. Subscribe once. When the subscription ends, the lines close.
 */
export class VenueFeed {
  readonly events$: Observable<VenueFeedEvent>;
  readonly counts: VenueCounts;
  readonly options: VenueFeedOptions;
  readonly #lines: VenueConnectionPool;
  readonly #arbiter: LineArbiter;
  readonly #books: VenueBooks;
  readonly #liveness: VenueLiveness;
  readonly #subscribed: SubscribedSymbols;
  readonly #report: VenueReport;
  readonly #instrumentReport: InstrumentReport;
  readonly #instruments: FollowedInstruments;
  readonly #symbols = new Map<string, VenueSymbol>();
  readonly #subscription = new Subscription();
  #out: Pick<Subscriber<VenueFeedEvent>, 'next'> | undefined;
  /** Set after `warm`, until the buffered events were emitted to a subscriber. */
  #warmUp: VenueWarmUp | undefined;
  /** Emits when the buffered events were emitted. */
  readonly #caughtUp$ = new Subject<void>();
  #startedAt = 0;
  /** True after `warm` or a subscription, until `close`. */
  running = false;

  constructor(options: VenueFeedOptions) {
    const { venue, activity, scheduler, staleAfterMs } = options;
    const out = this.#emit;
    this.options = options;
    const counts = new VenueCounts(venue.id);
    this.counts = counts;
    // If another line of the venue delivers, the market is not idle, and this connection has failed.
    const lines: VenueConnectionPool = new VenueConnectionPool(options, counts, (connection) => {
      const now = scheduler.now();
      const withoutDataMs = now - (this.#liveness.frames.lastDataAt ?? this.#startedAt);
      return (withoutDataMs >= staleAfterMs / 2 || lines.isAlone(connection)) && activity.venueIsIdle(venue.id, now);
    });
    const caughtUp$ = defer(() => (this.#warmUp === undefined ? of(true) : this.#caughtUp$));
    const arbiter = new LineArbiter({
      contiguousTradeIds: venue.contiguousTradeIds,
      recentTrades: options.fetchRecent !== undefined,
      repair: tradeRepair(options, lines, caughtUp$),
      scheduler,
      out,
    });
    const books = new VenueBooks({ ...options, lines, count: (what) => increment(counts.warnings, what), out });
    const checkList = (): void => this.#instruments.check();
    this.#liveness = new VenueLiveness({ options, lines, arbiter, books, counts, checkList, out });
    const { symbols, channels } = this.#liveness;
    this.#subscribed = new SubscribedSymbols({ venue, lines, arbiter, books, symbols, channels, counts, scheduler });
    this.#report = new VenueReport({ ...options, lines, counts, out });
    this.#instrumentReport = new InstrumentReport({ ...options, counts, out });
    const onChange = this.#onInstruments;
    this.#instruments = new FollowedInstruments({ ...options, followed: lines.instruments, onChange });
    this.#lines = lines;
    this.#arbiter = arbiter;
    this.#books = books;
    this.events$ = new Observable((subscriber) => {
      this.#out = subscriber;
      // Buffered events are emitted in a later task, when `subscribe` has returned.
      if (this.running) subscriber.add(scheduler.schedule(() => this.#release()));
      else this.#start();
      return () => this.close();
    });
  }

  /** Connects and buffers events. Resolves when each line has its subscriptions or failed once, or after `withinMs`. */
  async warm({ withinMs = 0, ...settings }: WarmUp = {}): Promise<void> {
    if (this.running) return;
    this.#warmUp = new VenueWarmUp({ ...this.options, ...settings, books: this.#books, lines: this.#lines });
    const ready = firstValueFrom(race(linesSettled(this.#lines), timer(withinMs, this.options.scheduler)));
    this.#start();
    await ready;
  }

  /** Sets each symbol's resume point. Call it before subscribing. */
  resumeAt(previous: ReadonlyMap<string, Resumption>): void {
    for (const [symbol, ended] of previous) this.#arbiter.resume(symbol, ended);
  }

  close(): void {
    if (!this.running) return;
    this.running = false;
    this.#warmUp?.close();
    this.#subscription.unsubscribe();
    this.#instruments.close();
    this.#arbiter.close();
    this.#books.close();
    this.#lines.close();
    this.options.activity.connected(this.options.venue.id, false);
  }

  /** The newest price of a symbol at this venue, which may be a standby; null before the first. */
  price(symbol: string): VenuePrice | null {
    return this.#liveness.crossed.of(symbol).price;
  }

  /** The symbol's last book ticker; undefined if it must not be compared with the present prices of other venues. */
  freshBookTicker(symbol: string): BookTicker | undefined {
    return this.running ? this.#liveness.freshBookTicker(symbol, this.options.scheduler.now()) : undefined;
  }

  /** Number of frames that wait until the feed may publish. */
  get framesWaiting(): number {
    return this.#warmUp?.waiting ?? 0;
  }

  get instruments(): readonly Instrument[] {
    return this.#instruments.named;
  }

  /** When the last data frame came, the scheduler's milliseconds. Null if none has come, or the feed does not run. */
  get lastDataAt(): number | null {
    return this.running ? this.#liveness.frames.lastDataAt : null;
  }

  get lines(): Pick<VenueConnectionPool, 'count' | 'up' | 'subscribedSince'> {
    return this.#lines;
  }

  get duplicates(): number {
    return this.#arbiter.duplicates;
  }

  get lag(): EventLag {
    return this.#liveness.lag;
  }

  /** Returns a symbol's current book; undefined if the book lacks updates. */
  book(symbol: string): BookStepped | undefined {
    return this.#books.current(symbol);
  }

  /** Returns where trades of a symbol are or may be missing now. */
  possibleGaps(symbol: string): readonly PossibleGapEvent[] {
    return this.#arbiter.possibleGaps(symbol);
  }

  /** Emits all buffered events and the trades after pending gaps, because no more data will come. */
  flush(): void {
    this.#warmUp?.finish();
    this.#arbiter.flush();
  }

  /** Drops a symbol's resume point, because another venue has served the symbol meanwhile. */
  forget(symbol: string): void {
    this.#arbiter.forget(symbol);
  }

  add(instrument: Instrument): void {
    this.#instruments.add(instrument);
  }

  remove(symbol: string): void {
    this.#instruments.remove(symbol);
    this.#subscribed.remove(symbol);
  }

  #start(): void {
    const { scheduler, staleAfterMs, activity, timing, restEvents$ } = this.options;
    this.running = true;
    this.#startedAt = scheduler.now();
    activity.connected(this.options.venue.id, false);
    const watched$ = this.#lines.events$.pipe(
      explainStale({
        staleAfterMs,
        isData: ({ kind }) => kind === 'frame',
        isAnswer: (item) => item.kind === 'change' && item.event.kind === 'answered',
        isIdle: (now) => activity.venueIsIdle(this.options.venue.id, now),
        scheduler,
      }),
    );
    this.#subscription.add(merge(watched$, restEvents$ ?? EMPTY).subscribe((item) => this.#next(item)));
    this.#subscription.add(
      interval(SWEEP_MS, scheduler).subscribe(() => {
        if (this.#warmUp === undefined && this.#lines.up > 0) this.#liveness.sweep(scheduler.now());
      }),
    );
    this.#instruments.start();
    this.#subscription.add(timing?.clock$.subscribe((clock) => Object.assign(timing.latency, { clock })));
  }

  #next(item: VenueInput): void {
    if (item.kind === 'change') passChange(item, this.#books, this.#lines);
    if (this.#warmUp === undefined) this.#handle(item);
    else this.#warmUp.push(item);
  }

  #release(): void {
    const done = (): void => {
      this.#warmUp = undefined;
      this.#liveness.caughtUp(this.options.scheduler.now());
      this.#caughtUp$.next();
    };
    this.#warmUp?.empty((item) => this.#handle(item), done);
  }

  #handle(item: VenueInput): void {
    if (item.kind === 'frame') this.#onFrame(item.connection, item.frame);
    else if (item.kind === 'change') {
      this.#subscribed.change(item);
      this.#report.change(item);
    } else if (item.kind === 'stale') this.#report.stale(item);
    else if (item.kind === 'recovered') {
      this.#report.recovered(item);
      this.#liveness.lag.restart();
    } else if (item.kind === 'malformed' || item.kind === 'rest_hosts') this.#report.rest(item);
    else {
      this.#instrumentReport.change(item);
      this.#liveness.instruments(item, this.options.scheduler.now());
    }
  }

  readonly #onInstruments = (change: InstrumentChange): void => {
    if (change.kind === 'unlisted' || change.kind === 'delisted') this.#subscribed.remove(change.instrument.symbol);
    this.#next(change);
    if (change.kind === 'opened') this.#subscribed.open(change.instruments);
    if (change.kind === 'added') this.#subscribed.add(change.instrument);
    if (change.kind === 'listed') for (const instrument of change.instruments) this.#subscribed.add(instrument);
  };

  #onFrame(connection: number, frame: MarketFrame): void {
    const now = this.options.scheduler.now();
    const of = getOrCreate(this.#symbols, frame.key, this.#newSymbol);
    this.#liveness.frames.received(of.watch, connection, frame, now);
    const { key, at, value } = frame;
    const isBook = isOfBook(frame);
    if (isBook) this.#books.updated(connection, frame.value);
    if (isBook || value.length === 0) return;
    const events = this.#arbiter.data(of.arbiter, connection, value as readonly LineData[], at); // not of a book
    this.#liveness.frames.passed(of.watch, events, now);
    // Trades that wait for missing ones also prove that the venue delivers.
    if (events.length > 0 || holds(of.arbiter)) this.#emit({ kind: 'value', key, at, value: events });
  }

  /** Emits an event. Late data does not prove that the venue delivers. */
  readonly #emit = (event: VenueFeedEvent): void =>
    this.#out?.next(event.kind === 'value' && this.#liveness.lag.isLate ? { ...event, late: true } : event);

  readonly #newSymbol = (symbol: string): VenueSymbol => ({
    watch: this.#liveness.frames.of(symbol),
    arbiter: this.#arbiter.of(symbol),
  });
}
