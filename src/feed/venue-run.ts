import { interval, type Subscriber, Subscription } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import type { BookUpdate } from '../domain/market-event.ts';
import type { MarketFrame } from '../domain/venue-event.ts';
import { detectStale } from '../operators/detect-stale.ts';
import { holds, LineArbiter } from './arbitration/line-arbiter.ts';
import type { LineData } from './arbitration/merged-event.ts';
import { VenueBooks } from './books/venue-books.ts';
import { CarriedSymbols } from './carried-symbols.ts';
import type { HoldBack } from './connection/hold-back.ts';
import type { LineEvent } from './connection/line-event.ts';
import { VenueLines } from './connection/venue-lines.ts';
import { venueNotices } from './connection/venue-notices.ts';
import { tradeRepair } from './gaps/trade-repair.ts';
import { FollowedInstruments, type InstrumentChange } from './instruments/followed-instruments.ts';
import { CoinWatch } from './liveness/coin-watch.ts';
import { type ExplainedSilence, explainStale } from './liveness/explain-stale.ts';
import { FrameWatch } from './liveness/frame-watch.ts';
import { increment, type VenueCounts } from './venue-counts.ts';
import { VenueReport } from './venue-report.ts';
import type { VenueFeedOptions, VenueSignal } from './venue-signal.ts';
import type { VenueSymbol } from './venue-symbol.ts';

const SWEEP_MS = 1000;

/** What the lines emit, and the silences of the venue as a whole. */
export type WatchedLine = LineEvent | ExplainedSilence;

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
  readonly #watch: FrameWatch;
  readonly #carried: CarriedSymbols;
  readonly #report: VenueReport;
  readonly #instruments: FollowedInstruments;
  readonly #subscription = new Subscription();
  readonly #symbols = new Map<string, VenueSymbol>();
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
    const startedAt = scheduler.now();
    // A line that falls silent while another of the venue delivers is mute, whatever other venues do.
    this.lines = new VenueLines(options, counts, (connection) => {
      const now = scheduler.now();
      const othersSilent = now - (this.lastDataAt ?? startedAt) >= staleAfterMs / 2 || this.lines.isAlone(connection);
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
      count: (what) => increment(this.#counts.warnings, what),
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
        this.arbiter.unsubscribed(symbol);
      },
      tell: (signal) => this.#out.next(signal),
    });
    this.#watch = new FrameWatch({
      venue: this.#id,
      activity,
      latency: options.timing?.latency,
      coins: this.#coins,
      counts,
      neededChannel: this.lines.neededChannel,
    });
    const { lines, arbiter, books } = this;
    const { quality } = counts;
    this.#carried = new CarriedSymbols({ venue, lines, arbiter, books, coins: this.#coins, quality, scheduler });
    this.#report = new VenueReport({ ...options, lines, counts, out: (signal) => this.#out.next(signal) });
    this.#instruments = new FollowedInstruments({
      ...options,
      followed: this.lines.instruments,
      onChange: (change) => this.#onInstruments(change),
    });
  }

  /** Of the last data frame, repeats included; null: none came. */
  get lastDataAt(): number | null {
    return this.#watch.lastDataAt;
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
        if (item.kind === 'frame') this.#onFrame(item.connection, item.frame);
        else if (item.kind === 'change') {
          this.#carried.change(item);
          this.#report.change(item);
        } else if (item.kind === 'stale') this.#report.stale(item);
        else this.#report.recovered(item);
      }),
    );
    this.#subscription.add(
      interval(SWEEP_MS, scheduler).subscribe(() => {
        if (this.#held?.isOpen !== false && this.lines.up > 0) this.#coins.sweep(scheduler.now());
      }),
    );
    this.#instruments.start();
    this.#subscription.add(
      timing?.clock$.subscribe((state) => {
        timing.latency.clock = state;
      }),
    );
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#instruments.close();
    this.arbiter.close();
    this.books.close();
    this.lines.close();
    this.#options.activity.connected(this.#id, false);
  }

  add(instrument: Instrument): void {
    this.#instruments.add(instrument);
  }

  remove(symbol: string): void {
    this.#instruments.remove(symbol);
    this.#carried.leave(symbol);
  }

  #onInstruments(change: InstrumentChange): void {
    if (change.kind === 'unlisted' || change.kind === 'delisted') this.#carried.leave(change.instrument.symbol);
    this.#report.instruments(change);
    if (change.kind === 'opened') {
      this.#carried.open(change.instruments);
      this.#followNotices();
    }
    if (change.kind === 'added') this.#carried.follow(change.instrument);
    if (change.kind === 'listed') for (const instrument of change.instruments) this.#carried.follow(instrument);
  }

  /** A venue that announces maintenance gets new connections while it still takes them. */
  #followNotices(): void {
    const { notices$, settings, scheduler } = this.#options;
    if (notices$ === undefined) return;
    const onLost = (): void => increment(this.#counts.ignored, 'notices_lost');
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

  #onFrame(connection: number, frame: MarketFrame): void {
    const now = this.#options.scheduler.now();
    const of = this.#of(frame.key);
    this.#watch.received(of.watch, frame, now);
    const { key, at, value } = frame;
    const kind = value[0]?.kind;
    if (kind === undefined) return;
    if (kind === 'book_update') {
      this.books.updated(connection, value as readonly BookUpdate[]); // all events of a frame are of one kind
      return;
    }
    const events = this.arbiter.data(of.arbiter, connection, value as readonly LineData[], at); // as above
    this.#watch.passed(of.watch, events, now);
    // Held back, it is a sign of life all the same.
    if (events.length > 0 || holds(of.arbiter)) this.#out.next({ kind: 'value', key, at, value: events });
  }

  #of(symbol: string): VenueSymbol {
    let known = this.#symbols.get(symbol);
    if (known === undefined) {
      known = { watch: this.#watch.of(symbol), arbiter: this.arbiter.of(symbol) };
      this.#symbols.set(symbol, known);
    }
    return known;
  }
}
