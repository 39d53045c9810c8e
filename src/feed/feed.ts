import { filter, map, merge, Observable, type SchedulerLike, Subject, type Subscriber, Subscription } from 'rxjs';
import type { BooksWanted, Config } from '../config/config.ts';
import type { Instrument, VenueId } from '../domain/instrument.ts';
import type {
  AggTrade,
  BookTicker,
  Environment,
  FeedRecord,
  Gap,
  Heartbeat,
  Kline,
  TradeEvent,
  VenueAge,
} from '../domain/record.ts';
import type { FailoverEvent, SourceEvent } from '../operators/failover/failover-events.ts';
import { failover } from '../operators/failover.ts';
import { haltText } from '../tradability/halt.ts';
import { activeVenueHalt } from '../tradability/rules.ts';
import { AwaitedAnalytics } from './analytics/awaited-analytics.ts';
import { KlineCheck, subscribedKlines } from './analytics/kline-check.ts';
import type { FormerTrades, TradeAnalytics, TradeAnalyticsOptions } from './analytics/trade-analytics.ts';
import type { Doubt, HoleNotice, HoleOpened, IdsRestarted, MergedEvent } from './arbitration/merged-event.ts';
import { BookPublisher } from './books/book-publisher.ts';
import { ListedAt, type Serving } from './instruments/listed-at.ts';
import { Trading } from './liveness/trading.ts';
import { NEW_HEALTH, nextVenueHealth, type VenueHealth } from './liveness/venue-health.ts';
import { PriceTicks } from './price-ticks.ts';
import { EpochLedger } from './resume/epoch-ledger.ts';
import { type FormerEpoch, venueToStartWith } from './resume/former-runs.ts';
import type { ServedKey } from './served-key.ts';
import { FeedView } from './status/feed-view.ts';
import { StatusLog, type StatusNote } from './status/status-log.ts';
import { switchNote } from './status/switch-note.ts';
import type { VenueFeed } from './venue-feed.ts';
import type { VenueSignal } from './venue-signal.ts';

/** Records ready to be published, in order. */
export interface FeedOutput {
  readonly records: readonly FeedRecord[];
  /** Nothing may be written before these are acknowledged. */
  readonly barrier: boolean;
}

export interface FeedOptions {
  readonly config: Pick<Config, 'feed' | 'environment'> & { readonly connectTimeoutMs: number };
  /** How much of the books is published; none of them by default. */
  readonly books?: BooksWanted;
  /** How trades are summed up; they are not by default. */
  readonly stats?: TradeAnalyticsOptions;
  /** What former runs published lately of what they left to go on with, by what is served apart. */
  readonly recent?: Promise<ReadonlyMap<string, FormerTrades>>;
  readonly venues: readonly VenueFeed[];
  /** How former runs ended, as the sinks tell. */
  readonly former: readonly FormerEpoch[];
  readonly instance: string;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly environmentOf: (venue: VenueId) => Environment;
}

interface Batch {
  readonly venue: string;
  readonly events: readonly MergedEvent[];
  readonly kept: ServedKey;
}

const HEARTBEAT_MS = 1000;
const CHECKPOINT_EVERY_BEATS = 10;
/** How late a window may close for want of trades. */
const WINDOWS_CHECK_MS = 100;
/** Stands for the trade behind a hole where none is known. */
const DOUBT = 'doubt';
/** More of the standby's past than this is never needed: a switch for silence comes after `stale_after_ms`. */
const RING_EXTRA_MS = 5000;

type Publishable = TradeEvent | AggTrade | BookTicker | Kline;

/** All venues as one feed: who serves, in which epoch, what is published of it, and what happened. */
export class Feed {
  readonly output$: Observable<FeedOutput>;
  readonly view = new FeedView();
  readonly trading: Trading;
  readonly venues: readonly VenueFeed[];
  readonly states = new Map<string, VenueHealth>();
  /** When the last frame with events came, by venue: microseconds since 1970. */
  readonly lastReceivedAt = new Map<string, number>();
  readonly startedAt: number;
  /** Where trades and candles are subscribed. */
  readonly klineCheck: KlineCheck | undefined;
  activeVenue: string | null = null;
  /** Symbols with too many invalid messages at the last heartbeat, as VENUE:SYMBOL. */
  poorQuality: readonly string[] = [];
  readonly #options: FeedOptions;
  readonly #all: boolean;
  /** Which events positions and gaps count by: trades where they are subscribed. */
  readonly #ledgerKind: 'trade' | 'agg_trade';
  readonly #ledger: EpochLedger;
  readonly #log: StatusLog;
  readonly #books: BookPublisher | undefined;
  readonly #analytics: AwaitedAnalytics | undefined;
  readonly #out$ = new Subject<FeedOutput>();
  readonly #subscription = new Subscription();
  /** Who lists what, where all that is listed is followed. */
  readonly #listedAt = new ListedAt();
  readonly #keys = new Map<string, ServedKey>();
  readonly #sources = new Map<string, Subscriber<SourceEvent<Batch>>>();
  /** Symbols that a venue does not have now, by venue. */
  readonly #lacking = new Map<string, Set<string>>();
  /** Holes that were told and have no outcome yet, by what is served apart: the first id behind each. */
  readonly #openHoles = new Map<string, Set<string>>();
  /** Symbols that a former run left at a venue, until somebody serves them. */
  readonly #former: Map<string, string>;
  /** Of what something counted has come since it is followed, in mode all. */
  readonly #begun = new Set<string>();
  #beats = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#all = options.config.feed.mode === 'all';
    this.#ledgerKind = options.config.feed.channels.includes('trade') ? 'trade' : 'agg_trade';
    this.venues = options.venues;
    this.startedAt = options.wallClockMs();
    this.#former = new Map(
      options.former.flatMap(({ symbol, venue, takeUp }) => (takeUp === undefined ? [] : [[symbol, venue]])),
    );
    this.#ledger = new EpochLedger(options.former, options.config.environment);
    this.#log = new StatusLog(options.instance, options.config.environment, options.wallClockMs);
    const { books, stats, recent, wallClockMs } = options;
    if (books !== undefined) this.#books = new BookPublisher({ books, wallClockMicros: () => wallClockMs() * 1000 });
    if (stats !== undefined) this.#analytics = new AwaitedAnalytics(stats);
    if (recent === undefined) this.#analytics?.begin(new Map(), this.#now);
    else void recent.then((former) => this.#beginAnalytics(former));
    this.output$ = this.#out$;
    this.klineCheck = this.#checkKlines();
    for (const { options: venue } of options.venues) {
      this.states.set(venue.venue.id, NEW_HEALTH);
      for (const instrument of venue.instruments) this.#show(venue.venue.id, instrument);
    }
    this.trading = new Trading({ scheduler: options.scheduler, tell: (note) => this.status(note) });
  }

  start(): void {
    const routed$ = this.#all ? this.#everyVenue() : this.#failover();
    if (this.#all)
      for (const { options } of this.venues) {
        const { id } = options.venue;
        const symbols = options.instruments.map(({ symbol }) => symbol);
        const followed = symbols.filter((symbol) => this.view.symbols.has(this.#key(id, symbol)));
        this.#announce(followed, id);
      }
    this.#subscription.add(routed$.subscribe((event) => this.#onRouted(event)));
    this.#every(HEARTBEAT_MS, () => this.heartbeat());
    this.#every(WINDOWS_CHECK_MS, () => this.publish(this.#analytics?.idle(this.#now) ?? []));
    const { books } = this.#options;
    if (books !== undefined) this.#every(books.intervalMs, () => this.publish(this.#books?.sampled() ?? []));
  }

  #every(ms: number, work: () => void): void {
    this.#subscription.add(
      this.#options.scheduler.schedule(function again(this) {
        work();
        this.schedule(undefined, ms);
      }, ms),
    );
  }

  #checkKlines(): KlineCheck | undefined {
    const { config, stats, venues } = this.#options;
    const subscribed = subscribedKlines(config.feed.channels);
    if (subscribed === undefined) return undefined;
    const contiguous = venues
      .map(({ options }) => options.venue)
      .filter(({ contiguousTradeIds }) => contiguousTradeIds);
    const check = new KlineCheck({
      ...subscribed,
      allowedLatenessMs: stats?.allowedLatenessMs ?? 0,
      contiguousVenues: new Set(contiguous.map(({ id }) => id)),
    });
    this.#out$.subscribe({ next: ({ records }) => check.published(records), complete: () => check.flush() });
    return check;
  }

  /** Ends all connections; says so last. What was received is out when it returns. */
  stop(reason: string): void {
    for (const venue of this.venues) venue.flush();
    this.#subscription.unsubscribe();
    this.trading.close();
    this.#checkpoint('all');
    this.status({ state: 'stopped', reason });
    this.#out$.complete();
  }

  add(venue: VenueId, instrument: Instrument): void {
    this.#serve(venue, [instrument]);
    this.venues.find((feed) => feed.options.venue.id === venue)?.add(instrument);
  }

  remove(symbol: string): void {
    for (const venue of this.venues) {
      venue.remove(symbol);
      this.#forget(venue.options.venue.id, symbol);
    }
  }

  #forget(venue: VenueId, symbol: string): void {
    const key = this.#key(venue, symbol);
    this.view.remove(key);
    this.trading.forget(symbol);
    this.#books?.ended(key);
    this.#begun.delete(key);
    this.publish(this.#analytics?.ended(key) ?? []);
  }

  /** Trades that no window counts: blocks, and those that came after a window of theirs had closed. */
  get uncounted(): TradeAnalytics['counts'] {
    return this.#analytics?.counts ?? { blocks: 0, late: 0 };
  }

  get #now(): number {
    return this.#options.scheduler.now();
  }

  /** Since the last data frame of a venue, milliseconds; null: none yet. */
  ageMs({ lastDataAt }: VenueFeed): number | null {
    return lastDataAt === null ? null : this.#options.scheduler.now() - lastDataAt;
  }

  /** A sink dropped changes of books: who follows those needs whole books to go on. */
  deltasLost(): void {
    this.#books?.lost();
  }

  /** Publishes what happened; anyone may tell. */
  status(note: StatusNote): void {
    this.#out$.next({ records: [this.#log.record(note, this.activeVenue)], barrier: false });
  }

  /** Publishes records that come from nowhere in the stream: dead letters of a sink. */
  publish(records: readonly FeedRecord[]): void {
    if (records.length > 0) this.#out$.next({ records, barrier: false });
  }

  heartbeat(): void {
    this.view.second();
    const { state, reason } = this.trading.state;
    this.poorQuality = this.#ofPoorQuality();
    const heartbeat: Heartbeat = {
      trading: state,
      tradingReason: reason,
      halted: [...this.trading.haltedSymbols].sort(),
      symbols: [...new Set([...this.view.symbols.values()].map(({ symbol }) => symbol))],
      staleBooks: this.#books?.stale ?? [],
      venueAges: this.venues.flatMap((venue) => this.#ageOf(venue)),
    };
    this.status({ state: 'heartbeat', reason: state === 'allowed' ? 'the feed is in order' : reason, heartbeat });
    this.#checkpoint(++this.#beats % CHECKPOINT_EVERY_BEATS === 0 ? 'all' : 'fresh');
  }

  #ageOf(venue: VenueFeed): readonly VenueAge[] {
    const ageMs = this.ageMs(venue);
    if (ageMs === null) return [];
    const offsetMs = venue.options.timing?.latency.clock.estimate?.offsetMs;
    const clockOffsetMs = offsetMs === undefined ? null : Math.round(offsetMs);
    return [{ venue: venue.options.venue.id, ageMs: Math.round(ageMs), clockOffsetMs, eventLagMs: null }];
  }

  /** What too many invalid messages came of, as VENUE:SYMBOL. */
  #ofPoorQuality(): string[] {
    return this.venues.flatMap(({ counts, running, options }) => {
      counts.quality.second();
      return running ? counts.quality.poor().map((symbol) => `${options.venue.id}:${symbol ?? ''}`) : [];
    });
  }

  #checkpoint(which: 'all' | 'fresh'): void {
    const records = this.#ledger.checkpoint(which);
    this.publish(records);
  }

  /** What is served apart: the symbol, or in mode all each venue's. */
  #key(venue: string, symbol: string): string {
    return this.#all ? `${venue}:${symbol}` : symbol;
  }

  #kept(key: string): ServedKey {
    let known = this.#keys.get(key);
    if (known === undefined) {
      known = {
        key,
        epoch: this.#ledger.of(key),
        ticks: new PriceTicks(),
        turn: this.#analytics?.of(key),
        view: this.view.of(key),
      };
      this.#keys.set(key, known);
    }
    return known;
  }

  /** Looked for once a symbol of a venue's run. */
  #keptOf(venue: VenueId, { symbol, of }: Extract<VenueSignal, { kind: 'events' }>): ServedKey {
    if (of?.served !== undefined) return of.served;
    const kept = this.#kept(this.#key(venue, symbol));
    if (of !== undefined) of.served = kept;
    return kept;
  }

  #serve(venue: VenueId, instruments: readonly Instrument[]): void {
    const symbols = instruments.filter((instrument) => this.#show(venue, instrument)).map(({ symbol }) => symbol);
    if (this.#all) this.#announce(symbols, venue);
  }

  /** False: it is there already. */
  #show(venue: VenueId, { coin, symbol }: Instrument): boolean {
    const key = this.#key(venue, symbol);
    if (this.view.symbols.has(key)) return false;
    this.view.add(key, coin, symbol);
    // It was followed before, and goes on in its epoch.
    const served = this.#ledger.venueOf(key);
    if (!this.#all && served !== undefined) {
      this.#beginWindows(key, served, this.#options.wallClockMs());
      this.#judgeServed(symbol, served);
    }
    return true;
  }

  #failover(): Observable<FailoverEvent<Batch>> {
    const { config, former, scheduler } = this.#options;
    const { feed } = config;
    const startWith = venueToStartWith(
      former,
      this.venues.map((venue) => venue.options.venue.id),
    );
    return failover(
      this.venues.map((venue) => ({ id: venue.options.venue.id, events$: this.#sourceEvents(venue) })),
      {
        graceMs: feed.failoverGraceMs,
        failBackAfterMs: feed.failBackAfterMs,
        connectTimeoutMs: config.connectTimeoutMs,
        ringSpan: (feed.staleAfterMs + RING_EXTRA_MS) * 1000,
        keepInRing: ({ events }) => isOfTrades(events[0]),
        nextEpoch: (symbol, venue) => this.#ledger.epochOf(symbol, venue),
        goesOn: (symbol, venue) => this.#ledger.goesOn(symbol, venue),
        onLapsed: (symbol) => this.#ledger.lapse(symbol),
        ...(startWith === undefined ? {} : { startWith }),
        scheduler,
      },
    );
  }

  #everyVenue(): Observable<FailoverEvent<Batch>> {
    return merge(
      ...this.venues.map((venue) => {
        const source = venue.options.venue.id;
        return this.#sourceEvents(venue).pipe(
          filter((event) => event.kind === 'value'),
          map(
            (event): FailoverEvent<Batch> => ({
              kind: 'value',
              source,
              key: event.value.kept.key,
              epoch: 0,
              value: event.value,
              held: false,
            }),
          ),
        );
      }),
    );
  }

  /** The venue's signals as a source of failover; what is not routed is published at once, in its place. */
  #sourceEvents(venue: VenueFeed): Observable<SourceEvent<Batch>> {
    const id = venue.options.venue.id;
    return new Observable((subscriber) => {
      this.#sources.set(id, subscriber);
      if (!this.#all)
        for (const symbol of this.#unlisted(venue)) this.#tellServing([{ venue: id, symbol, serves: false }]);
      const signals = venue.signals$.subscribe({
        next: (signal) => {
          const event = this.#onSignal(id, signal);
          if (event !== undefined) subscriber.next(event);
        },
        error: (error: unknown) => subscriber.error(error),
      });
      return () => {
        signals.unsubscribe();
        this.states.set(id, NEW_HEALTH);
        this.#sources.delete(id);
        this.#tellServing(this.#listedAt.forget(id));
        this.#lacking.delete(id);
      };
    });
  }

  /** What others are configured to have, and this one is not. */
  #unlisted({ options: { instruments } }: VenueFeed): ReadonlySet<string> {
    const own = new Set(instruments.map(({ symbol }) => symbol));
    const all = this.venues.flatMap(({ options }) => options.instruments.map(({ symbol }) => symbol));
    return new Set(all.filter((symbol) => !own.has(symbol)));
  }

  #onSignal(venue: VenueId, signal: VenueSignal): SourceEvent<Batch> | undefined {
    if (signal.kind !== 'status') this.#follow(venue, signal);
    switch (signal.kind) {
      case 'events': {
        if (signal.late !== true) this.lastReceivedAt.set(venue, signal.receivedAt);
        const { symbol, events } = signal;
        const kept = this.#keptOf(venue, signal);
        const first = events[0];
        if (first?.kind === 'ticker') kept.ticks.learn(first);
        const event = { kind: 'value', key: symbol, at: signal.receivedAt, value: { venue, events, kept } } as const;
        return signal.late === true ? { ...event, late: true } : event;
      }
      case 'status':
        this.trading.coin(venue, signal.note);
        this.status(signal.note);
        this.#follow(venue, signal);
        return undefined;
      case 'instruments':
        this.#serve(venue, signal.instruments);
        if (this.#followsLists(venue)) {
          const symbols = signal.instruments.map(({ symbol }) => symbol);
          this.#tellServing(this.#listedAt.listed(venue, symbols));
        }
        return undefined;
      case 'delisted':
        if (this.#listedAt.delisted(venue, signal.symbol) || this.#all) this.#forget(venue, signal.symbol);
        return undefined;
      case 'dead_letter':
        this.publish([signal.record]);
        return undefined;
      case 'serves':
        this.#noteServes(venue, signal.symbol, signal.serves);
        if (!signal.serves) this.#endBook(venue, signal.symbol);
        return { kind: 'serves', key: signal.symbol, serves: signal.serves };
      case 'connected':
      case 'disconnected':
      case 'stale':
      case 'recovered':
        return signal;
    }
  }

  #follow(venue: VenueId, signal: VenueSignal): void {
    const before = this.states.get(venue) ?? NEW_HEALTH;
    const state = nextVenueHealth(before, signal);
    if (state === before) return;
    this.states.set(venue, state);
    this.#judgeTrading();
  }

  #followsLists(venue: VenueId): boolean {
    return this.venues.some(({ options }) => options.venue.id === venue && options.all !== null);
  }

  /** What a venue does not list and another does is that one's to serve. */
  #tellServing(servings: readonly Serving[]): void {
    for (const { venue, symbol, serves } of servings) {
      this.#noteServes(venue, symbol, serves);
      this.#sources.get(venue)?.next({ kind: 'serves', key: symbol, serves });
    }
  }

  #noteServes(venue: string, symbol: string, serves: boolean): void {
    const lacking = this.#lacking.get(venue) ?? new Set<string>();
    this.#lacking.set(venue, lacking);
    if (serves) lacking.delete(symbol);
    else lacking.add(symbol);
  }

  #onRouted(event: FailoverEvent<Batch>): void {
    switch (event.kind) {
      case 'value':
        this.#publish(event.value.kept, event.value.events, event.held);
        return;
      case 'switched':
        this.#onSwitched(event);
        return;
      case 'epoch':
        this.#openHoles.delete(event.key);
        this.#judgeServed(event.key, event.source);
        if (!this.#ledger.hasBegun(event.key, event.epoch)) this.#announce([event.key], event.source as VenueId);
    }
  }

  #judgeServed(symbol: string, venue: string): void {
    const isTestnet = this.#options.environmentOf(venue as VenueId) === 'testnet';
    this.trading.served(symbol, { venue, isTestnet });
  }

  /** Nobody keeps the book of a symbol up that its venue serves no longer. */
  #endBook(venue: string, symbol: string): void {
    const key = this.#key(venue, symbol);
    if (this.#ledger.venueOf(key) === venue) this.#books?.ended(key);
  }

  /** The book of the venue that serves a symbol from now on, as that one has it: its next change may be long in coming. */
  #showBook(symbol: string, venue: string): void {
    const key = this.#key(venue, symbol);
    this.#books?.ended(key);
    const book = this.venues.find((feed) => feed.options.venue.id === venue)?.book(symbol);
    if (book !== undefined) this.#publish(this.#kept(key), [book], false);
  }

  /** Begins epochs at a venue, or in mode all its series of epoch 0: their positions are acknowledged before the first record that bears them. */
  #announce(symbols: readonly string[], venue: VenueId): void {
    const at = this.#options.wallClockMs();
    const records = symbols.flatMap((symbol) => this.#begin(symbol, { venue, at }));
    const served = this.venues.find((feed) => feed.options.venue.id === venue);
    if (!this.#all)
      for (const symbol of symbols) {
        this.#beginWindows(symbol, venue, at);
        for (const doubt of served?.doubts(symbol) ?? []) this.#onDoubt(symbol, doubt);
      }
    if (records.length > 0) this.#out$.next({ records, barrier: true });
    for (const symbol of symbols) this.#showBook(symbol, venue);
  }

  #begin(symbol: string, beginning: { readonly venue: VenueId; readonly at: number }): readonly FeedRecord[] {
    const { venue } = beginning;
    if (this.#all) return this.#ledger.follow(this.#key(venue, symbol), symbol, beginning);
    this.#leaveElsewhere(symbol, venue);
    return this.#ledger.begin(symbol, beginning);
  }

  /**
   * The first trade of a series in mode all, or the hole before it. Nobody takes a turn there at a moment that is known, and
   * the venue may be long in coming: windows that were held open since the start would be held no more by then.
   */
  #beginSeries(key: string, venue: string): void {
    this.#begun.add(key);
    this.#beginWindows(key, venue, this.#options.wallClockMs());
  }

  #beginAnalytics(former: ReadonlyMap<string, FormerTrades>): void {
    if (!this.#subscription.closed) this.publish(this.#analytics?.begin(former, this.#now) ?? []);
  }

  /** What is open of the epoch before closes, before the first record of the new one. */
  #beginWindows(key: string, venue: string, at: number): void {
    this.publish(this.#analytics?.began(key, { venue, epoch: this.#ledger.of(key).number, at }, this.#now) ?? []);
  }

  /** Where another venue than the one of the former run takes a symbol over, that one has nothing to go on with any more. */
  #leaveElsewhere(symbol: string, venue: VenueId): void {
    const former = this.#former.get(symbol);
    if (former === undefined || former === venue) return;
    this.#former.delete(symbol);
    this.venues.find((feed) => feed.options.venue.id === former)?.forget(symbol);
  }

  #onSwitched(event: Extract<FailoverEvent<Batch>, { kind: 'switched' }>): void {
    const symbols = [...this.view.symbols.keys()];
    const lasts = (event.key === null ? symbols : [event.key]).map((symbol) => ({
      symbol,
      last: this.#ledger.last(symbol),
    }));
    if (event.key === null) {
      this.activeVenue = event.to;
      // All at once: one by one, each with its first record, they would cost a round to the sink each. Symbols that the
      // venue serves already, because the former one lacked them, stay in their epoch.
      const lacking = this.#lacking.get(event.to);
      const moving = symbols.filter(
        (symbol) => lacking?.has(symbol) !== true && this.#ledger.venueOf(symbol) !== event.to,
      );
      this.#announce(moving, event.to as VenueId);
    }
    if (event.key !== null) this.#books?.ended(event.key);
    this.#judgeTrading();
    const from = event.from ?? this.venues[0]?.options.venue.id ?? null;
    if (from === event.to) return;
    const coin = event.key === null ? undefined : this.view.symbols.get(event.key)?.coin;
    // What the new venue held for this moment follows at once; then the seams are known from both sides.
    queueMicrotask(() => {
      const turns = lasts.map(({ symbol, last }) => ({ symbol, last, first: this.#ledger.first(symbol, event.to) }));
      this.status(switchNote({ ...event, from, symbol: event.key, coin }, turns));
    });
  }

  #publish(kept: ServedKey, events: readonly MergedEvent[], held: boolean): void {
    const { key } = kept;
    const now = this.#options.scheduler.now();
    let epoch = kept.epoch.number;
    let records: FeedRecord[] = [];
    for (const event of events) {
      if (event.kind === 'hole' || event.kind === 'hole_opened' || event.kind === 'ids_restarted') {
        const { after } = event.kind === 'ids_restarted' ? event : event.hole;
        if (this.#all && after.kind === this.#ledgerKind && !this.#begun.has(key)) this.#beginSeries(key, after.venue);
        if (records.length > 0) this.#out$.next({ records, barrier: false });
        records = [];
        if (event.kind === 'hole') this.#onHole(key, event);
        else if (event.kind === 'hole_opened') this.#onHoleOpened(key, event);
        else this.#onIdsRestarted(key, event);
        epoch = kept.epoch.number;
        continue;
      }
      if (event.kind === 'doubt') {
        this.#onDoubt(key, event);
        continue;
      }
      if (event.kind === 'book') {
        records.push(...(this.#books?.stepped(key, event, epoch, now) ?? []));
        continue;
      }
      if (event.kind !== 'ticker') {
        stamp(event, epoch, held);
        records.push(event);
        if (event.kind === this.#ledgerKind) {
          if (this.#all && !this.#begun.has(key)) this.#beginSeries(key, event.venue);
          const trade = event as TradeEvent | AggTrade;
          kept.epoch.published(trade);
          if (kept.turn !== undefined) records.push(...(this.#analytics?.trade(kept.turn, trade, now) ?? []));
        }
      }
      const tick = event.kind === 'trade' || event.kind === 'ticker' ? kept.ticks.tick(event, epoch) : undefined;
      if (tick !== undefined) records.push(tick);
      const published = event.kind === 'ticker' ? tick : event;
      if (published !== undefined) this.view.published(kept.view, published, tick, now);
    }
    if (records.length > 0) this.#out$.next({ records, barrier: false });
  }

  /** What may be missing would belong into windows that are open: they wait for it. */
  #onDoubt(key: string, { of, before, waits }: Doubt): void {
    if (of !== this.#ledgerKind) return;
    if (before === null) this.#analytics?.release(key, DOUBT);
    else this.#analytics?.hold(key, { toId: DOUBT, fromTime: before.timestamp, endsBySilence: !waits }, this.#now);
  }

  /** Told as soon as the repair begins, which may take seconds. */
  #onHoleOpened(key: string, notice: HoleOpened): void {
    const gap = this.#ledger.gap(key, notice);
    if (gap === undefined) return;
    const open = this.#openHoles.get(key) ?? new Set<string>();
    this.#openHoles.set(key, open);
    const { kind, tradeId: toId } = notice.hole.after;
    open.add(toId);
    if (kind === this.#ledgerKind) this.#analytics?.hold(key, { toId, fromTime: gap.fromTime }, this.#now);
    this.#gapDetected(notice.coin, gap, kind);
  }

  #onHole(key: string, notice: HoleNotice): void {
    const gap = this.#ledger.gap(key, notice);
    const { kind, tradeId: toId } = notice.hole.after;
    const wasTold = this.#openHoles.get(key)?.delete(toId) === true;
    if (kind === this.#ledgerKind) {
      if (gap !== undefined) this.#analytics?.gap(key, gap);
      this.#analytics?.release(key, toId);
    }
    if (gap === undefined) return;
    if (!wasTold) this.#gapDetected(notice.coin, gap, kind);
    this.#out$.next({ records: [gap], barrier: true });
    const { channel, symbol, venue, details } = gapFacts(gap, kind);
    const about = { venue, symbol, coin: notice.coin, channel, details: { ...details, filled: String(gap.filled) } };
    const between = `trades of ${notice.symbol} between ${gap.fromId} and ${gap.toId}`;
    if (gap.outcome === 'repaired') this.status({ state: 'gap_repaired', reason: `${between} were fetched`, ...about });
    else this.status({ state: 'gap_unrepaired', reason: `${between} could not be had`, ...about });
  }

  #gapDetected(coin: string, gap: Gap, channel: GapFacts['channel']): void {
    const reason = `trades of ${gap.symbol} are missing`;
    this.status({ state: 'gap_detected', reason, coin, ...gapFacts(gap, channel) });
  }

  /** Nothing tells whether trades lie between the two counts: the epoch of the first one ends with a gap that nothing follows. */
  #onIdsRestarted(key: string, { symbol, coin, after }: IdsRestarted): void {
    this.#openHoles.delete(key);
    if (after.kind !== this.#ledgerKind) return;
    const at = this.#options.wallClockMs();
    const records = this.#ledger.restart(key, after, at);
    this.#beginWindows(key, after.venue, at);
    if (records.length > 0) this.#out$.next({ records, barrier: true });
    this.#showBook(symbol, after.venue);
    const gap = records.find((record) => record.kind === 'gap');
    if (gap === undefined) return;
    const facts = gapFacts(gap, after.kind);
    this.status({
      state: 'gap_detected',
      reason: `${gap.venue} counts the trades of ${symbol} anew, from ${after.tradeId}, after ${gap.fromId}`,
      coin,
      cause: 'ids_restarted',
      ...facts,
      details: { ...facts.details, first_id: after.tradeId },
    });
  }

  #judgeTrading(): void {
    const active = this.activeVenue;
    if (this.#all) {
      const healthy = [...this.states.values()].some(
        (state) => state.connected && state.hasData && state.silence !== 'stale',
      );
      this.trading.judge(healthy, 'no venue delivers');
      return;
    }
    const venue = this.venues.find(({ options }) => options.venue.id === active)?.options.venue.id;
    const halt = activeVenueHalt(
      venue && {
        venue,
        isTestnet: this.#options.environmentOf(venue) === 'testnet',
        ...(this.states.get(venue) ?? NEW_HEALTH),
      },
    );
    this.trading.judge(halt === undefined, halt === undefined ? '' : haltText(halt));
  }
}

/** What a standby keeps for the moment when it takes over: trades, and what lies between them. */
function isOfTrades(event: MergedEvent | undefined): boolean {
  const kind = event?.kind;
  return kind === 'trade' || kind === 'agg_trade' || kind === 'hole' || kind === 'ids_restarted';
}

type GapFacts = Required<Pick<StatusNote, 'venue' | 'symbol' | 'channel' | 'details'>>;

function gapFacts({ venue, symbol, epoch, fromId, toId, missing }: Gap, channel: GapFacts['channel']): GapFacts {
  const details = {
    epoch: String(epoch),
    from_id: fromId ?? '',
    to_id: toId ?? '',
    missing: missing === null ? 'unknown' : String(missing),
  };
  return { venue, symbol, channel, details };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The one place where an event is written to after decoding: it belongs to the feed until it is published, and a copy of each would be the dearest step of its way. */
function stamp(event: Publishable, epoch: number, held: boolean): void {
  const open = event as Mutable<Publishable>;
  open.epoch = epoch;
  if (held && (open.kind === 'trade' || open.kind === 'agg_trade')) open.source = 'backfill';
}
