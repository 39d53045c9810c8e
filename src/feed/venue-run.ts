import { type Subscriber, Subscription } from 'rxjs';
import type { Fault } from '../domain/fault.ts';
import type { Instrument } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { MarketFrame } from '../domain/venue-event.ts';
import { detectStale } from '../operators/detect-stale.ts';
import { holds, LineArbiter } from './arbitration/line-arbiter.ts';
import type { LineData } from './arbitration/merged-event.ts';
import type { Resumption } from './arbitration/resumption.ts';
import { VenueBooks } from './books/venue-books.ts';
import type { HoldBack } from './connection/hold-back.ts';
import type { HandedOver, LineChange, LineEvent, LineSignal } from './connection/line-event.ts';
import { noteOf } from './connection/line-note.ts';
import { VenueLines } from './connection/venue-lines.ts';
import { venueNotices } from './connection/venue-notices.ts';
import { tradeRepair } from './gaps/trade-repair.ts';
import { FollowedInstruments, type InstrumentChange } from './instruments/followed-instruments.ts';
import { instrumentNotes } from './instruments/instrument-notes.ts';
import { CoinWatch } from './liveness/coin-watch.ts';
import { type ExplainedSilence, explainStale } from './liveness/explain-stale.ts';
import { deadLetter } from './status/dead-letter.ts';
import type { StatusNote } from './status/status-log.ts';
import type { VenueCounts, VenueFeedOptions, VenueSignal } from './venue-signal.ts';
import { VenueSymbol } from './venue-symbol.ts';

const SWEEP_MS = 1000;

/** What the lines emit, and the silences of the venue as a whole. */
export type WatchedLine = LineEvent | ExplainedSilence;

type Signal<K extends LineSignal['kind']> = Extract<LineSignal, { kind: K }>;

/** One subscription of a venue feed: turns what its lines tell into what the venue tells. */
export class VenueRun {
  readonly arbiter: LineArbiter;
  readonly lines: VenueLines;
  readonly books: VenueBooks;
  readonly #options: VenueFeedOptions;
  readonly #counts: VenueCounts;
  readonly #out: Pick<Subscriber<VenueSignal>, 'next'>;
  readonly #held: HoldBack<WatchedLine> | undefined;
  readonly #id: string;
  readonly #coins: CoinWatch;
  readonly #instruments: FollowedInstruments;
  readonly #subscription = new Subscription();
  readonly #symbols = new Map<string, VenueSymbol>();
  /** When the last data frame came; before the first one, when the run began. */
  #activeAt: number;
  #hasData = false;
  #blockedTold = false;
  #connectedTold = false;

  /** What its lines bring is held back by `held`, where that is given. */
  constructor(
    options: VenueFeedOptions,
    counts: VenueCounts,
    out: Pick<Subscriber<VenueSignal>, 'next'>,
    held?: HoldBack<WatchedLine>,
  ) {
    const { venue, activity, scheduler, staleAfterMs } = options;
    this.#options = options;
    this.#counts = counts;
    this.#out = out;
    this.#held = held;
    this.#id = venue.id;
    this.#activeAt = scheduler.now();
    // A line that falls silent while another of the venue delivers is mute, whatever other venues do.
    this.lines = new VenueLines(options, counts, (connection) => {
      const now = scheduler.now();
      const othersSilent = now - this.#activeAt >= staleAfterMs / 2 || this.lines.isAlone(connection);
      return othersSilent && activity.venueIsQuiet(this.#id, now);
    });
    this.arbiter = new LineArbiter({
      contiguousTradeIds: venue.contiguousTradeIds,
      recentTrades: options.fetchRecent !== undefined,
      repair: tradeRepair({
        fetchMissing: options.fetchMissing,
        fetchRecent: options.fetchRecent,
        instrument: (symbol) => this.lines.bySymbol(symbol),
        linesUp: (symbol) => this.lines.connectionsOf(symbol),
      }),
      scheduler,
      out: (signal) => this.#out.next(signal),
    });
    this.books = new VenueBooks({
      fetchBook: options.fetchBook,
      resubscribe: (instrument) => this.lines.resubscribeBook(instrument),
      instrument: (symbol) => this.lines.bySymbol(symbol),
      venue: this.#id,
      environment: options.environment,
      count: (what) => count(this.#counts.warnings, what),
      scheduler,
      out: (signal) => this.#out.next(signal),
    });
    this.#coins = new CoinWatch({
      venue: this.#id,
      tradesWanted: this.lines.neededChannel !== undefined,
      coinStaleAfterMs: options.coinStaleAfterMs,
      resubscribeWithinMs: staleAfterMs,
      failBackAfterMs: options.failBackAfterMs,
      isQuiet: (coin, now) => activity.coinIsQuiet(this.#id, coin, now),
      resubscribeEveryMs: options.settings.reconnect.probeEveryMs,
      resubscribe: (symbol, what) => {
        const instrument = this.lines.bySymbol(symbol);
        if (instrument === undefined) return;
        this.lines.resubscribe(instrument, what === 'all' ? undefined : this.lines.neededOf(instrument));
        this.#onUnsubscribed(symbol);
      },
      tell: (signal) => this.#out.next(signal),
    });
    this.#instruments = new FollowedInstruments({
      ...options,
      followed: this.lines.instruments,
      onChange: (change) => this.#onInstruments(change),
    });
  }

  /** Of the last data frame, repeats included; null: none came. */
  get lastDataAt(): number | null {
    return this.#hasData ? this.#activeAt : null;
  }

  start(): void {
    const { scheduler, staleAfterMs, activity, timing } = this.#options;
    activity.connected(this.#id, false);
    const fresh$ = this.lines.news$.pipe(
      detectStale({ staleAfterMs, isData: ({ kind }) => kind === 'frame', scheduler }),
      explainStale({
        staleAfterMs,
        isAnswer: (item) => item.kind === 'change' && item.signal.kind === 'answered',
        isQuiet: (now) => activity.venueIsQuiet(this.#id, now),
        scheduler,
      }),
    );
    // Whether data comes is judged when it comes, not when it is handed on.
    const watched$ = this.#held?.through$(fresh$) ?? fresh$;
    this.#subscription.add(
      watched$.subscribe((item) => {
        if (item.kind === 'frame') this.#onData(item.connection, item.frame, this.#options.scheduler.now());
        else if (item.kind === 'change') this.#onNews(item);
        else if (item.kind === 'stale') this.#onVenueStale(item);
        else this.#onVenueRecovered(item);
      }),
    );
    this.#subscription.add(
      scheduler.schedule(
        function sweep(this, run) {
          run?.sweepCoins();
          this.schedule(run, SWEEP_MS);
        },
        SWEEP_MS,
        this as VenueRun,
      ),
    );
    this.#instruments.start();
    this.#subscription.add(
      timing?.clock$.subscribe((state) => {
        timing.latency.clock = state;
      }),
    );
  }

  /** Goes on where former runs ended, by symbol. To be called before any data. */
  resume(former: ReadonlyMap<string, Resumption>): void {
    for (const [symbol, ended] of former) this.arbiter.resume(symbol, ended);
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#instruments.close();
    this.arbiter.close();
    this.books.close();
    this.lines.close();
    this.#options.activity.connected(this.#id, false);
  }

  /** Hands out what waits behind holes. */
  flush(): void {
    this.arbiter.flush();
  }

  /** What a former run published of a symbol does not count: another venue has served it meanwhile. */
  forget(symbol: string): void {
    this.arbiter.forget(symbol);
  }

  get #holdsBack(): boolean {
    return this.#held?.isOpen === false;
  }

  sweepCoins(): void {
    if (this.#holdsBack) return;
    if (this.lines.up > 0) this.#coins.sweep(this.#options.scheduler.now());
  }

  add(instrument: Instrument): void {
    this.#instruments.add(instrument);
  }

  remove(symbol: string): void {
    this.#instruments.remove(symbol);
    this.#unfollow(symbol);
  }

  #onInstruments(change: InstrumentChange): void {
    const isLeft = change.kind === 'unlisted' || change.kind === 'delisted';
    if (isLeft) this.#unfollow(change.instrument.symbol);
    for (const note of instrumentNotes(change)) this.#note(note);
    switch (change.kind) {
      case 'opened':
        this.#open(change.instruments);
        return;
      case 'added':
        this.#follow(change.instrument);
        return;
      case 'listed':
        this.#out.next({ kind: 'instruments', instruments: change.instruments });
        for (const instrument of change.instruments) this.#follow(instrument);
        return;
      case 'unlisted':
      case 'delisted': {
        const { symbol } = change.instrument;
        this.#out.next({ kind: 'serves', symbol, serves: false });
        if (change.kind === 'delisted') this.#out.next({ kind: 'delisted', symbol });
        return;
      }
      case 'unavailable':
        count(this.#counts.ignored, 'instrument_list_unavailable');
        if (change.opens) this.#out.next({ kind: 'disconnected', blocked: change.fault.kind === 'region_blocked' });
        return;
      case 'doubtful':
        count(this.#counts.ignored, 'instrument_list_doubtful');
    }
  }

  #follow(instrument: Instrument): void {
    this.#coins.add(instrument, this.#options.scheduler.now());
    this.lines.add(instrument);
    this.#out.next({ kind: 'serves', symbol: instrument.symbol, serves: true });
  }

  #unfollow(symbol: string): void {
    const instrument = this.lines.bySymbol(symbol);
    if (instrument !== undefined) {
      this.lines.remove(instrument);
      this.#onUnsubscribed(symbol);
    }
    this.#coins.remove(symbol);
    this.books.remove(symbol);
    this.#counts.quality.remove(symbol);
  }

  #open(instruments: readonly Instrument[]): void {
    const now = this.#options.scheduler.now();
    for (const instrument of instruments) this.#coins.add(instrument, now);
    this.#out.next({ kind: 'instruments', instruments });
    this.lines.open(instruments);
    this.#followNotices();
  }

  /** A venue that announces maintenance gets new connections while it still takes them. */
  #followNotices(): void {
    const { notices$, settings, scheduler } = this.#options;
    if (notices$ === undefined) return;
    const onLost = (): void => count(this.#counts.ignored, 'notices_lost');
    this.#subscription.add(
      venueNotices({
        connection$: notices$,
        reconnect: settings.reconnect,
        scheduler,
        random: this.#options.random,
        onLost,
      }).subscribe((notice) => this.lines.rotate(notice)),
    );
  }

  #onNews(news: LineChange): void {
    const { connection, successor, signal } = news;
    const note = noteOf(news);
    if (signal.kind === 'connected') this.#onOpened(news);
    if (signal.kind === 'lost') this.#onLost(news, signal);
    if (signal.kind === 'subscribed') this.#onSubscribed(connection.id, signal.topics);
    if (signal.kind === 'handed_over') this.#onHandedOver(connection.id, signal);
    if (note !== undefined) this.#note(note);
    switch (signal.kind) {
      case 'connected':
        if (!this.#connectedTold) this.#out.next({ kind: 'connected' });
        this.#connectedTold = true;
        return;
      case 'lost':
        if (!successor) this.#afterLoss(signal, { line: news.line.number, details: note?.details ?? {} });
        return;
      case 'refused':
        for (const topic of signal.topics) this.#onRefused(news, topic, signal.fault);
        return;
      case 'malformed':
        this.#onMalformed(signal);
        return;
      case 'ignored':
        count(this.#counts.ignored, signal.reason);
    }
  }

  #of(symbol: string): VenueSymbol {
    let known = this.#symbols.get(symbol);
    if (known === undefined) {
      const kept = {
        coin: this.#coins.of(symbol),
        quality: this.#counts.quality.of(symbol),
        arbiter: this.arbiter.of(symbol),
      };
      known = new VenueSymbol(symbol, kept);
      this.#symbols.set(symbol, known);
    }
    return known;
  }

  #onData(connection: number, { key, at: receivedAt, value: received, warning }: MarketFrame, now: number): void {
    const { activity } = this.#options;
    const first = received[0];
    this.#activeAt = now;
    this.#hasData = true;
    activity.data(this.#id, now, first !== undefined);
    if (warning !== undefined) count(this.#counts.warnings, warning);
    const of = this.#of(key);
    this.#coins.seen(of.coin, now, first !== undefined && first.kind === this.lines.neededChannel);
    // That nothing changed is a sign of life, too, and no more.
    if (first === undefined) return;
    this.#counts.quality.valid(of.quality, receivedAt);
    if (first.kind === 'trade') {
      of.trades ??= activity.tradesOf(this.#id, first.coin);
      activity.traded(of.trades, now);
    }
    if (first.kind === 'book_ticker') this.#counts.quality.spread(of.quality, first);
    if (first.kind === 'book_update') {
      this.#counts.events += received.length;
      this.books.updated(connection, received as readonly BookUpdate[]);
      return;
    }
    const events = this.arbiter.data(of.arbiter, connection, received as readonly LineData[], receivedAt);
    this.#counts.events += events.length;
    const passed = events[0];
    if (passed?.kind === 'ticker' && this.lines.neededChannel !== undefined)
      this.#coins.priced(of.coin, passed.price, now);
    this.#options.timing?.latency.received(passed);
    // Held back, it is a sign of life all the same.
    if (events.length > 0 || holds(of.arbiter))
      this.#out.next({ kind: 'events', symbol: of.symbol, receivedAt, events, of });
  }

  #onOpened({ connection, successor }: LineChange): void {
    this.#blockedTold = false;
    if (this.lines.up === 1 && !successor) this.#coins.connected(this.#options.scheduler.now());
    this.arbiter.lineJoined(connection.id);
    this.books.lineJoined(connection.id);
    this.#options.activity.connected(this.#id, true);
  }

  #onLost({ connection, successor, wasUp }: LineChange, { fault }: Signal<'lost'>): void {
    if (!successor) {
      this.#counts.reconnects++;
      count(this.#counts.losses, fault.kind);
    }
    if (!wasUp) return;
    this.arbiter.lineLost(connection.id);
    this.books.lineLost(connection.id);
    for (const instrument of this.lines.lacking()) this.#coins.refuse(instrument.symbol, this.#options.scheduler.now());
  }

  /** From now on the connection misses no trade of these topics; what was missed before can be asked for. */
  #onSubscribed(connection: number, topics: readonly string[]): void {
    const { venue, scheduler } = this.#options;
    const about = new Set(topics.flatMap((topic) => this.lines.byTopic(topic) ?? []));
    const acknowledged = new Set(topics);
    const withTopic = (topicsOf: (instrument: Instrument) => readonly string[]): readonly Instrument[] =>
      [...about].filter((instrument) => topicsOf(instrument).some((topic) => acknowledged.has(topic)));
    this.books.subscribed(withTopic((instrument) => this.lines.bookTopicsOf(instrument)));
    for (const { symbol } of withTopic((instrument) => this.lines.neededOf(instrument)))
      this.#coins.acknowledged(symbol, scheduler.now());
    const symbols = withTopic((instrument) => venue.topics(instrument, 'trade')).map(({ symbol }) => symbol);
    this.arbiter.lineSubscribed(connection, symbols);
  }

  /** On all lines, or on one of their connections. */
  #onUnsubscribed(symbol: string, connection?: number): void {
    this.arbiter.unsubscribed(symbol, connection);
  }

  #onHandedOver(to: number, { from }: HandedOver): void {
    this.arbiter.lineReplaced(from, to);
    this.books.lineHandedOver(from, to);
  }

  #afterLoss({ fault }: Signal<'lost'>, about: Pick<StatusNote, 'line' | 'details'>): void {
    const blocked = fault.kind === 'region_blocked';
    if (blocked && !this.#blockedTold) {
      this.#blockedTold = true;
      this.#note({ state: 'region_blocked', reason: fault.message, ...about });
    }
    if (fault.kind === 'rate_limited') this.#note({ state: 'rate_limited', reason: fault.message, ...about });
    if (this.lines.up > 0) return;
    this.#connectedTold = false;
    this.#options.activity.connected(this.#id, false);
    this.#out.next({ kind: 'disconnected', blocked });
  }

  #onRefused({ line, connection, newlyRefused }: LineChange, topic: string, fault: Fault): void {
    const instrument = this.lines.byTopic(topic);
    if (newlyRefused.includes(topic))
      this.#note({
        state: 'subscription_rejected',
        reason: fault.message,
        symbol: instrument?.symbol ?? null,
        coin: instrument?.coin ?? null,
        line: line.number,
        details: { topic },
      });
    if (instrument === undefined) return;
    if (this.#options.venue.topics(instrument, 'trade').includes(topic))
      this.#onUnsubscribed(instrument.symbol, connection.id);
    if (this.lines.lacks(instrument)) this.#coins.refuse(instrument.symbol, this.#options.scheduler.now());
  }

  #onMalformed({ frame, fault, symbol }: Signal<'malformed'>): void {
    this.#counts.malformed++;
    this.#counts.quality.invalid(symbol);
    const record = deadLetter({
      venue: this.#id,
      receivedAt: frame.receivedAt,
      stage: 'decode',
      reason: fault.message,
      payload: frame.data,
      environment: this.#options.feedEnvironment,
    });
    this.#out.next({ kind: 'dead_letter', record });
  }

  #onVenueStale({ cause, ageMs }: Extract<ExplainedSilence, { kind: 'stale' }>): void {
    const age = Math.ceil(ageMs);
    const reason = `no data from the venue for ${age} ms`;
    this.#note({ state: 'feed_stale', reason, cause, details: { age_ms: String(age) } });
    if (cause !== 'quiet_market') this.#out.next({ kind: 'stale' });
  }

  #onVenueRecovered({ cause, staleForMs }: Extract<ExplainedSilence, { kind: 'recovered' }>): void {
    const details = { stale_for_ms: String(Math.round(staleForMs)) };
    this.#note({ state: 'feed_recovered', reason: 'data again', details });
    if (cause !== 'quiet_market') this.#out.next({ kind: 'recovered' });
  }

  #note(note: Omit<StatusNote, 'venue'>): void {
    this.#out.next({ kind: 'status', note: { ...note, venue: this.#id } });
  }
}

function count<K extends string>(counts: Map<K, number>, name: K): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
