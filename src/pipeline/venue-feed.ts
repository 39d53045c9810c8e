import {
  catchError,
  EMPTY,
  Observable,
  type SchedulerLike,
  Subject,
  type Subscriber,
  Subscription,
  timeout,
} from 'rxjs';
import type { Fault } from '../domain/fault.ts';
import { asFault } from '../domain/fault.ts';
import type { Channel, Instrument } from '../domain/instrument.ts';
import type { LineEvent, RawFrame } from '../domain/line.ts';
import type { DeadLetter, Environment } from '../domain/record.ts';
import { detectStale } from '../operators/detect-stale.ts';
import type { LineCommand } from '../venues/connect.ts';
import type { ListedInstrument, Venue } from '../venues/contract.ts';
import { type ConnectionPlan, planConnections } from '../venues/plan-connections.ts';
import { type Activity, answerWindowMs, staleCause } from './activity.ts';
import { CoinWatch } from './coin-watch.ts';
import type { VenueConfig } from './config.ts';
import { deadLetter } from './dead-letter.ts';
import { LineMerge, type MergedEvent } from './merge-lines.ts';
import type { StatusNote } from './status-log.ts';
import { type LineSignal, venueLine } from './venue-line.ts';

/** What one venue tells: its events merged from all its lines, how it is, and what happened to it. */
export type VenueSignal =
  | {
      readonly kind: 'events';
      readonly symbol: string;
      readonly receivedAt: number;
      readonly events: readonly MergedEvent[];
    }
  | { readonly kind: 'status'; readonly note: StatusNote }
  | { readonly kind: 'dead_letter'; readonly record: DeadLetter }
  /** The first line is up; or none is any more, or an attempt failed while none was. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly blocked: boolean }
  /** Venue-wide, and not for want of a market. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'serves'; readonly symbol: string; readonly serves: boolean };

export interface ConnectArguments {
  readonly url: string;
  readonly topics: () => readonly string[];
  readonly commands$: Observable<LineCommand>;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly onFrame: (frame: RawFrame) => void;
}

export interface VenueFeedOptions {
  readonly venue: Venue;
  readonly settings: VenueConfig;
  readonly environment: Environment;
  /** Empty with `all`. */
  readonly instruments: readonly Instrument[];
  /** Every instrument that the venue lists against this quote, instead of named ones. */
  readonly all: { readonly quote: string } | null;
  readonly channels: readonly Channel[];
  readonly staleAfterMs: number;
  readonly coinStaleAfterMs: number;
  readonly failBackAfterMs: number;
  readonly activity: Activity;
  readonly scheduler: SchedulerLike;
  /** One connection a subscription. */
  readonly connect: (args: ConnectArguments) => Observable<LineEvent>;
  /** The venue's instrument list, once. */
  readonly listed$: Observable<readonly ListedInstrument[]>;
  readonly onFrame?: (frame: RawFrame, line: number) => void;
}

/** What a venue feed counts; read, never reset. */
export interface VenueCounts {
  frames: number;
  events: number;
  malformed: number;
  readonly ignored: Map<string, number>;
  readonly warnings: Map<string, number>;
  reconnects: number;
}

/** How long connecting waits for the instrument list; without it unknown symbols are found out later. */
const LIST_TIMEOUT_MS = 2000;
/** How long trades wait behind a hole for the other line to fill it. */
const HOLD_MS = 1000;
const HOLD_CHECK_MS = 50;

interface Line {
  readonly number: number;
  readonly plan: ConnectionPlan;
  readonly topics: Set<string>;
  readonly commands$: Subject<LineCommand>;
  up: boolean;
  subscription: Subscription;
}

/** One venue, ready to be subscribed: connects all its lines while somebody is, closes them after. */
export class VenueFeed {
  readonly signals$: Observable<VenueSignal>;
  readonly counts: VenueCounts = {
    frames: 0,
    events: 0,
    malformed: 0,
    ignored: new Map(),
    warnings: new Map(),
    reconnects: 0,
  };
  readonly options: VenueFeedOptions;
  #run: VenueRun | undefined;

  constructor(options: VenueFeedOptions) {
    this.options = options;
    this.signals$ = new Observable((subscriber) => {
      const run = new VenueRun(options, this.counts, subscriber);
      this.#run = run;
      run.start();
      return () => {
        this.#run = undefined;
        run.stop();
      };
    });
  }

  get linesUp(): number {
    return this.#run?.linesUp ?? 0;
  }

  get lines(): number {
    return this.#run?.lines ?? 0;
  }

  /** Repeats dropped since the feed was subscribed. */
  get duplicates(): number {
    return this.#run?.merge.duplicates ?? 0;
  }

  /** Hands out what waits behind holes: nothing more will come. */
  flush(): void {
    this.#run?.flush();
  }

  add(instrument: Instrument): void {
    this.#run?.add(instrument);
  }

  remove(symbol: string): void {
    this.#run?.remove(symbol);
  }
}

class VenueRun {
  readonly merge: LineMerge;
  readonly #options: VenueFeedOptions;
  readonly #counts: VenueCounts;
  readonly #out: Subscriber<VenueSignal>;
  readonly #id: string;
  readonly #instruments = new Map<string, Instrument>();
  readonly #lines: Line[] = [];
  readonly #signals$ = new Subject<{ readonly line: Line; readonly signal: LineSignal }>();
  readonly #coins: CoinWatch;
  readonly #subscription = new Subscription();
  #lastDataAt: number;
  #lastAnswerAt = Number.NEGATIVE_INFINITY;
  #staleTold: string | undefined;
  #holdCheck: Subscription | undefined;
  #blockedTold = false;

  constructor(options: VenueFeedOptions, counts: VenueCounts, out: Subscriber<VenueSignal>) {
    this.#options = options;
    this.#counts = counts;
    this.#out = out;
    this.#id = options.venue.id;
    this.#lastDataAt = options.scheduler.now();
    this.merge = new LineMerge({ venue: options.venue.id, contiguousTradeIds: options.venue.contiguousTradeIds });
    this.#coins = new CoinWatch({
      venue: this.#id,
      coinStaleAfterMs: options.coinStaleAfterMs,
      resubscribeWithinMs: options.staleAfterMs,
      failBackAfterMs: options.failBackAfterMs,
      isQuiet: (coin, now) => options.activity.coinIsQuiet(this.#id, coin, now, options.coinStaleAfterMs),
      resubscribe: (symbol) => this.#command(symbol, 'resubscribe'),
      tell: (signal) => this.#out.next(signal),
    });
  }

  get linesUp(): number {
    return this.#lines.filter((line) => line.up).length;
  }

  get lines(): number {
    return this.#lines.length;
  }

  start(): void {
    const { scheduler, staleAfterMs, listed$, activity } = this.#options;
    activity.connected(this.#id, false);
    const watched$ = this.#signals$.pipe(
      detectStale({ staleAfterMs, isData: ({ signal }) => signal.kind === 'data', scheduler }),
    );
    this.#subscription.add(
      watched$.subscribe((item) => {
        if (item.kind === 'value') this.#onSignal(item.value.line, item.value.signal);
        else if (item.kind === 'stale') this.#onVenueStale();
        else this.#onVenueRecovered(item.staleForMs);
      }),
    );
    this.#subscription.add(
      scheduler.schedule(
        function sweep(this, run) {
          run?.sweepCoins();
          this.schedule(run, 1000);
        },
        1000,
        this as VenueRun,
      ),
    );
    this.#subscription.add(
      listed$.pipe(timeout({ first: LIST_TIMEOUT_MS, scheduler })).subscribe({
        next: (listed) => this.#begin(listed),
        error: (error: unknown) => this.#beginUnlisted(asFault(error)),
      }),
    );
  }

  stop(): void {
    this.#subscription.unsubscribe();
    this.#holdCheck?.unsubscribe();
    for (const line of this.#lines) line.subscription.unsubscribe();
  }

  flush(): void {
    this.#releaseHolds(0);
  }

  sweepCoins(): void {
    if (this.linesUp > 0) this.#coins.sweep(this.#options.scheduler.now());
  }

  add(instrument: Instrument): void {
    if (this.#instruments.has(instrument.venueSymbol)) return;
    this.#instruments.set(instrument.venueSymbol, instrument);
    this.#coins.add(instrument, this.#options.scheduler.now());
    const topics = this.#topicsOf(instrument);
    const { limits } = this.#options.venue;
    const group = this.#lines.find((line) => line.topics.size + topics.length <= limits.topicsPerConnection)?.plan
      .group;
    if (group === undefined) {
      this.#open([instrument]);
      return;
    }
    for (const line of this.#lines) {
      if (line.plan.group !== group) continue;
      for (const topic of topics) line.topics.add(topic);
      line.commands$.next({ kind: 'subscribe', topics });
    }
  }

  remove(symbol: string): void {
    const instrument = [...this.#instruments.values()].find((candidate) => candidate.symbol === symbol);
    if (instrument === undefined) return;
    this.#command(symbol, 'unsubscribe');
    for (const topic of this.#topicsOf(instrument)) for (const line of this.#lines) line.topics.delete(topic);
    this.#instruments.delete(instrument.venueSymbol);
    this.#coins.remove(symbol);
  }

  #begin(listed: readonly ListedInstrument[]): void {
    const { all, instruments } = this.#options;
    const trading = new Map(listed.filter((row) => row.trading).map((row) => [row.venueSymbol, row]));
    const wanted =
      all === null
        ? instruments
        : [...trading.values()]
            .filter((row) => row.quote === all.quote)
            .map((row) => ({ coin: row.base, symbol: row.base + row.quote, venueSymbol: row.venueSymbol }));
    const known = wanted.filter((instrument) => trading.has(instrument.venueSymbol));
    for (const instrument of wanted)
      if (!trading.has(instrument.venueSymbol))
        this.#leaveOut(instrument, 'not in the instrument list of the venue, or not trading');
    this.#openAll(known);
  }

  /** The list did not come in time: connect all the same, and check when it comes. */
  #beginUnlisted(fault: Fault): void {
    this.#note({
      state: 'connecting',
      reason: `instrument list not available (${fault.message}); symbols are not checked yet`,
    });
    this.#openAll(this.#options.instruments);
    const { listed$ } = this.#options;
    this.#subscription.add(
      listed$.pipe(catchError(() => EMPTY)).subscribe((listed) => {
        const trading = new Set(listed.filter((row) => row.trading).map((row) => row.venueSymbol));
        for (const instrument of [...this.#instruments.values()]) {
          if (trading.has(instrument.venueSymbol)) continue;
          this.remove(instrument.symbol);
          this.#leaveOut(instrument, 'not in the instrument list of the venue, or not trading');
        }
      }),
    );
  }

  #leaveOut(instrument: Instrument, reason: string): void {
    this.#note({
      state: 'subscription_rejected',
      reason,
      coin: instrument.coin,
      details: { symbol: instrument.symbol, venue_symbol: instrument.venueSymbol },
    });
    this.#out.next({ kind: 'serves', symbol: instrument.symbol, serves: false });
  }

  #openAll(instruments: readonly Instrument[]): void {
    for (const instrument of instruments) {
      this.#instruments.set(instrument.venueSymbol, instrument);
      this.#coins.add(instrument, this.#options.scheduler.now());
    }
    this.#open(instruments);
  }

  #open(instruments: readonly Instrument[]): void {
    const { venue, settings, channels, connect, onFrame, staleAfterMs, activity, scheduler } = this.#options;
    const groups = 1 + Math.max(-1, ...this.#lines.map((line) => line.plan.group));
    for (const plan of planConnections(venue, {
      instruments,
      channels,
      lines: settings.lines,
      websocketUrls: settings.websocketUrls,
    })) {
      const number = this.#lines.length + 1;
      const line: Line = {
        number,
        plan: { ...plan, group: groups + plan.group },
        topics: new Set(plan.topics),
        commands$: new Subject(),
        up: false,
        subscription: Subscription.EMPTY,
      };
      this.#lines.push(line);
      const connection$ = connect({
        url: plan.url,
        topics: () => [...line.topics],
        commands$: line.commands$,
        instruments: this.#instruments,
        onFrame: (frame) => {
          this.#counts.frames++;
          onFrame?.(frame, number);
        },
      });
      line.subscription = venueLine({
        connection$,
        reconnect: settings.reconnect,
        staleAfterMs,
        isQuiet: () =>
          this.#othersOfVenueSilent(line) && activity.venueIsQuiet(this.#id, scheduler.now(), staleAfterMs / 2),
        scheduler,
      }).subscribe((signal) => this.#signals$.next({ line, signal }));
    }
  }

  /** A line that falls silent while another of the venue delivers is mute, whatever other venues do. */
  #othersOfVenueSilent(line: Line): boolean {
    return (
      this.#options.scheduler.now() - this.#lastDataAt >= this.#options.staleAfterMs / 2 ||
      this.#lines.every((other) => other === line || !other.up)
    );
  }

  #onSignal(line: Line, signal: LineSignal): void {
    switch (signal.kind) {
      case 'data':
        this.#onData(line, signal);
        return;
      case 'answered':
        this.#lastAnswerAt = this.#options.scheduler.now();
        return;
      case 'connecting':
        this.#note({ state: 'connecting', reason: `line ${line.number} connects`, details: this.#lineDetails(line) });
        return;
      case 'opened':
        this.#onOpened(line);
        return;
      case 'lost':
        this.#onLost(line, signal);
        return;
      case 'subscribed':
        this.#note({
          state: 'subscribed',
          reason: `${signal.topics.length} topics`,
          details: { ...this.#lineDetails(line), topics: String(signal.topics.length) },
        });
        return;
      case 'refused':
        this.#onRefused(line, signal.topics, signal.fault);
        return;
      case 'malformed':
        this.#counts.malformed++;
        this.#out.next({
          kind: 'dead_letter',
          record: deadLetter({
            venue: this.#id,
            receivedAt: signal.frame.receivedAt,
            stage: 'decode',
            reason: signal.fault.message,
            payload: signal.frame.data,
            environment: this.#options.environment,
          }),
        });
        return;
      case 'ignored':
        this.#counts.ignored.set(signal.reason, (this.#counts.ignored.get(signal.reason) ?? 0) + 1);
        return;
      case 'rotate':
        this.#note({
          state: 'session_rotated',
          reason: `the venue announces that it will close the connection: ${signal.reason}`,
          details: { ...this.#lineDetails(line), reason: signal.reason },
        });
        return;
      case 'stale':
        this.#note({
          state: 'feed_stale',
          reason: `line ${line.number}: no data for ${Math.round(signal.ageMs)} ms`,
          details: { ...this.#lineDetails(line), cause: signal.cause, age_ms: String(Math.round(signal.ageMs)) },
        });
        return;
      case 'recovered':
        this.#note({
          state: 'feed_recovered',
          reason: `line ${line.number} delivers again`,
          details: { ...this.#lineDetails(line), stale_for_ms: String(Math.round(signal.staleForMs)) },
        });
        return;
    }
  }

  #onData(line: Line, signal: Extract<LineSignal, { kind: 'data' }>): void {
    const now = this.#options.scheduler.now();
    this.#lastDataAt = now;
    this.#lastAnswerAt = now;
    this.#options.activity.data(this.#id, now);
    if (signal.warning !== undefined)
      this.#counts.warnings.set(signal.warning, (this.#counts.warnings.get(signal.warning) ?? 0) + 1);
    const first = signal.events[0];
    if (first === undefined) return;
    this.#coins.seen(first.symbol, now);
    if (first.kind === 'trade') this.#options.activity.traded(this.#id, first.coin, now);
    const events = this.merge.data(line.number, signal.events, now);
    this.#counts.events += events.length;
    if (events.length > 0)
      this.#out.next({ kind: 'events', symbol: first.symbol, receivedAt: signal.receivedAt, events });
    if (this.merge.holds) this.#watchHolds();
  }

  /** Trades wait behind a hole while another line may fill it; without one they wait for nothing. */
  #watchHolds(): void {
    if (this.linesUp < 2) {
      this.#releaseHolds(0);
      return;
    }
    this.#holdCheck ??= this.#options.scheduler.schedule(() => {
      this.#holdCheck = undefined;
      this.#releaseHolds(this.linesUp < 2 ? 0 : HOLD_MS);
      if (this.merge.holds) this.#watchHolds();
    }, HOLD_CHECK_MS);
  }

  #releaseHolds(holdMs: number): void {
    this.#emitLoose(this.merge.release(this.#options.scheduler.now(), holdMs));
  }

  /** Events that come out without a frame of their own, possibly of several symbols. */
  #emitLoose(events: readonly MergedEvent[]): void {
    for (const event of events) {
      const receivedAt = event.kind === 'hole' ? event.hole.after.receivedAt : event.receivedAt;
      this.#out.next({ kind: 'events', symbol: event.symbol, receivedAt, events: [event] });
    }
  }

  #onOpened(line: Line): void {
    line.up = true;
    this.merge.lineJoined(line.number);
    this.#note({ state: 'connected', reason: `line ${line.number} is open`, details: this.#lineDetails(line) });
    this.#blockedTold = false;
    if (this.linesUp > 1) return;
    this.#options.activity.connected(this.#id, true);
    this.#out.next({ kind: 'connected' });
  }

  #onLost(line: Line, { fault, retryInMs, attempt, probing }: Extract<LineSignal, { kind: 'lost' }>): void {
    const wasUp = line.up;
    line.up = false;
    this.#counts.reconnects++;
    if (wasUp) this.#emitLoose(this.merge.lineLost(line.number));
    const details = {
      ...this.#lineDetails(line),
      fault: fault.kind,
      attempt: String(attempt),
      retry_in_ms: String(Math.round(retryInMs)),
      probing: String(probing),
      ...(fault.status === undefined ? {} : { status: String(fault.status) }),
    };
    this.#note({ state: 'disconnected', reason: fault.message, details });
    const blocked = fault.kind === 'region_blocked';
    if (blocked && !this.#blockedTold) {
      this.#blockedTold = true;
      this.#note({ state: 'region_blocked', reason: fault.message, details });
    }
    if (fault.kind === 'rate_limited') this.#note({ state: 'rate_limited', reason: fault.message, details });
    if (this.linesUp > 0) return;
    this.#options.activity.connected(this.#id, false);
    this.#out.next({ kind: 'disconnected', blocked });
  }

  #onRefused(line: Line, topics: readonly string[], fault: Fault): void {
    for (const topic of topics) {
      const instrument = [...this.#instruments.values()].find((candidate) => this.#topicsOf(candidate).includes(topic));
      line.topics.delete(topic);
      this.#note({
        state: 'subscription_rejected',
        reason: fault.message,
        ...(instrument === undefined ? {} : { coin: instrument.coin }),
        details: { ...this.#lineDetails(line), topic },
      });
      const rejected =
        instrument !== undefined &&
        this.#lines.every((other) => this.#topicsOf(instrument).every((own) => !other.topics.has(own)));
      if (rejected) this.#out.next({ kind: 'serves', symbol: instrument.symbol, serves: false });
    }
  }

  #onVenueStale(): void {
    const { scheduler, staleAfterMs, activity } = this.#options;
    const now = scheduler.now();
    const ageMs = now - this.#lastDataAt;
    const cause = staleCause({
      answerSince: now - answerWindowMs(staleAfterMs),
      lastAnswerAt: this.#lastAnswerAt,
      quiet: activity.venueIsQuiet(this.#id, now, staleAfterMs / 2),
    });
    if (cause !== this.#staleTold) {
      this.#note({
        state: 'feed_stale',
        reason: `no data from the venue for ${Math.round(ageMs)} ms`,
        details: { cause, age_ms: String(Math.round(ageMs)) },
      });
      if (cause !== 'quiet_market') this.#out.next({ kind: 'stale' });
    }
    this.#staleTold = cause;
    if (cause === 'quiet_market') {
      this.#subscription.add(
        scheduler.schedule(() => {
          if (this.#staleTold !== undefined) this.#onVenueStale();
        }, staleAfterMs / 5),
      );
    }
  }

  #onVenueRecovered(staleForMs: number): void {
    const quiet = this.#staleTold === 'quiet_market';
    this.#staleTold = undefined;
    this.#note({
      state: 'feed_recovered',
      reason: 'data again',
      details: { stale_for_ms: String(Math.round(staleForMs)) },
    });
    if (!quiet) this.#out.next({ kind: 'recovered' });
  }

  #command(symbol: string, kind: 'resubscribe' | 'unsubscribe'): void {
    const instrument = [...this.#instruments.values()].find((candidate) => candidate.symbol === symbol);
    if (instrument === undefined) return;
    const own = this.#topicsOf(instrument);
    for (const line of this.#lines) {
      const topics = own.filter((topic) => line.topics.has(topic));
      if (line.up && topics.length > 0) line.commands$.next({ kind, topics });
    }
  }

  #topicsOf(instrument: Instrument): readonly string[] {
    return this.#options.channels.flatMap((channel) => this.#options.venue.topics(instrument, channel));
  }

  #lineDetails(line: Line): Record<string, string> {
    return { line: String(line.number), url: line.plan.url };
  }

  #note(note: Omit<StatusNote, 'venue'>): void {
    this.#out.next({ kind: 'status', note: { ...note, venue: this.#id } });
  }
}
