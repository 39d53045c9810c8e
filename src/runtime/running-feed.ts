import { interval, merge, type Observable, type SchedulerLike, Subject, Subscription, timer } from 'rxjs';
import type { Instrument, VenueId } from '../domain/instrument.ts';
import type { Environment, FeedRecord } from '../domain/record.ts';
import type { KlineCheck } from '../feed/analytics/kline-check.ts';
import type { FeedCommand, FeedOutput } from '../feed/feed-event.ts';
import type { FeedOptions } from '../feed/feed-options.ts';
import { Tradability } from '../feed/liveness/tradability.ts';
import { FeedWatch } from '../feed/status/feed-watch.ts';
import { type StatusNote, StatusNumbering } from '../feed/status/status-numbering.ts';
import type { VenueFeed } from '../feed/venue-feed.ts';
import { Broadcast } from '../operators/broadcast.ts';
import { FeedInstances } from '../tradability/feed-instances.ts';
import type { Moment } from '../tradability/moment.ts';

const HEARTBEAT_MS = 1000;
/** When the first heartbeat comes. In a cluster, it shows others that a shard has a new owner. */
const FIRST_HEARTBEAT_MS = 100;

export type FeedHost = Pick<FeedOptions, 'commands$' | 'stop$' | 'numbering' | 'watch'>;

export interface RunningFeedOptions {
  /** The venues of each feed: with failover, one feed has all venues; otherwise, each feed has one venue. */
  readonly venues: readonly (readonly VenueFeed[])[];
  readonly feed: (venues: readonly VenueFeed[], host: FeedHost) => Observable<FeedOutput>;
  readonly instance: string;
  readonly environment: Environment;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly klineCheck: KlineCheck | undefined;
}

interface Part {
  readonly watch: FeedWatch;
  readonly commands$: Subject<FeedCommand>;
  readonly output$: Observable<FeedOutput>;
}

/** Runs the feeds of one process as one feed, with one heartbeat and one numbering of status records. */
export class RunningFeed {
  readonly output$: Observable<FeedOutput>;
  readonly venues: readonly VenueFeed[];
  readonly watches: readonly FeedWatch[];
  readonly tradability: Tradability;
  readonly startedAt: number;
  readonly klineCheck: KlineCheck | undefined;
  /** The state that its own status records report, as every consumer sees it. */
  readonly reported = new FeedInstances();
  /** Symbols with too many invalid messages at the last heartbeat, as VENUE:SYMBOL. */
  poorQuality: readonly string[] = [];
  readonly #parts: readonly Part[];
  readonly #numbering: StatusNumbering;
  readonly #scheduler: SchedulerLike;
  readonly #wallClockMs: () => number;
  readonly #output = new Broadcast<FeedOutput>();
  readonly #stop$ = new Subject<void>();
  readonly #subscription = new Subscription();

  constructor({ venues, feed, instance, environment, scheduler, wallClockMs, klineCheck }: RunningFeedOptions) {
    this.output$ = this.#output.values$;
    this.venues = venues.flat();
    this.startedAt = wallClockMs();
    this.klineCheck = klineCheck;
    this.#scheduler = scheduler;
    this.#wallClockMs = wallClockMs;
    this.#numbering = new StatusNumbering(
      instance,
      environment,
      wallClockMs,
      () => this.activeVenue,
      (record) => this.reported.add(record, this.now),
    );
    this.tradability = new Tradability(scheduler, (note) => this.status(note));
    this.#parts = venues.map((own): Part => {
      const watch = new FeedWatch(own, this.tradability, () => scheduler.now());
      const commands$ = new Subject<FeedCommand>();
      return {
        watch,
        commands$,
        output$: feed(own, { watch, commands$, stop$: this.#stop$, numbering: this.#numbering }),
      };
    });
    this.watches = this.#parts.map(({ watch }) => watch);
    if (klineCheck !== undefined)
      this.output$.subscribe({
        next: ({ records }) => klineCheck.published(records),
        complete: () => klineCheck.flush(),
      });
  }

  /** The active venue. Null: none yet, or each venue has its own feed. */
  get activeVenue(): string | null {
    const [first, ...others] = this.watches;
    return first === undefined || others.length > 0 ? null : first.activeVenue;
  }

  get now(): Moment {
    return { wall: this.#wallClockMs(), monotonic: this.#scheduler.now() };
  }

  get trades(): number {
    return this.watches.reduce((sum, { view }) => sum + view.trades, 0);
  }

  /** Published trades that were not fetched. */
  get liveTrades(): number {
    return this.watches.reduce((sum, { view }) => sum + view.liveTrades, 0);
  }

  /** Trades that no window counts: block trades, and trades after their window closed. */
  get uncounted(): { readonly blocks: number; readonly late: number } {
    const all = this.watches.map(({ uncounted }) => uncounted());
    return {
      blocks: all.reduce((sum, { blocks }) => sum + blocks, 0),
      late: all.reduce((sum, { late }) => sum + late, 0),
    };
  }

  start(): void {
    for (const { output$, watch } of this.#parts)
      this.#subscription.add(
        output$.subscribe((output) => {
          watch.published(output);
          this.#output.next(output);
        }),
      );
    const heartbeats$ = merge(timer(FIRST_HEARTBEAT_MS, this.#scheduler), interval(HEARTBEAT_MS, this.#scheduler));
    this.#subscription.add(heartbeats$.subscribe(() => this.heartbeat()));
  }

  /** Ends all connections, and reports `stopped` last. When it returns, everything that was received is published. */
  stop(reason: string): void {
    for (const venue of this.venues) venue.flush();
    this.#stop$.next();
    this.#subscription.unsubscribe();
    for (const watch of this.watches) watch.reset();
    this.tradability.close();
    this.status({ state: 'stopped', reason });
    this.#output.complete();
  }

  add(venue: VenueId, instrument: Instrument): void {
    const { symbol, coin } = instrument;
    const part = this.#parts.find(({ watch }) => watch.venues.some(({ options }) => options.venue.id === venue));
    part?.commands$.next({ kind: 'followed', symbol, coin });
    part?.watch.venues.find(({ options }) => options.venue.id === venue)?.add(instrument);
  }

  remove(symbol: string): void {
    for (const venue of this.venues) venue.remove(symbol);
    for (const { commands$ } of this.#parts) commands$.next({ kind: 'unfollowed', symbol });
  }

  /** Requests whole books. Call it when a sink has dropped book changes: its consumers need whole books then. */
  deltasLost(): void {
    for (const { commands$ } of this.#parts) commands$.next({ kind: 'deltas_lost' });
  }

  /** Passes the records of the healer on to the audits, which continue its revisions. */
  healed(records: readonly FeedRecord[]): void {
    for (const { commands$ } of this.#parts) commands$.next({ kind: 'healed', records });
  }

  status(note: StatusNote): void {
    this.publish([this.#numbering.record(note)]);
  }

  /** Publishes records from outside the stream: a sink's dead letters. */
  publish(records: readonly FeedRecord[]): void {
    this.#output.next({ records, barrier: false });
  }

  heartbeat(): void {
    for (const { view } of this.watches) view.sampleRates();
    this.poorQuality = this.#ofPoorQuality();
    const { state, reason } = this.tradability.state;
    const symbols = this.watches.flatMap(({ view }) => [...view.symbols.keys()]);
    this.status({
      state: 'heartbeat',
      reason: state === 'allowed' ? 'the feed is healthy' : reason,
      heartbeat: {
        trading: state,
        tradingReason: reason,
        halted: this.haltedSymbols,
        symbols: [...new Set(symbols)],
        staleBooks: [...new Set(this.watches.flatMap(({ staleBooks }) => staleBooks()))],
        haltedInstruments: this.#haltedSymbols(({ symbols }) => symbols.haltedInstruments),
        disputedPrices: this.#haltedSymbols(({ symbols }) => symbols.disputedPrices),
        venueAges: this.watches.flatMap((watch) => watch.ages()),
      },
    });
  }

  /** Symbols that are stale, do not trade or have a disputed price. */
  get haltedSymbols(): readonly string[] {
    return this.#haltedSymbols(({ symbols }) => symbols.halted);
  }

  /** Returns the symbols that are halted in every feed that follows them. */
  #haltedSymbols(haltedOf: (watch: FeedWatch) => ReadonlySet<string>): readonly string[] {
    const all = this.watches.map((watch) => ({ followed: watch.view.symbols, halted: haltedOf(watch) }));
    const isInOrder = (symbol: string) =>
      all.some(({ followed, halted }) => followed.has(symbol) && !halted.has(symbol));
    return [...new Set(all.flatMap(({ halted }) => [...halted]))].filter((symbol) => !isInOrder(symbol)).sort();
  }

  /** Symbols with too many invalid messages, as VENUE:SYMBOL. */
  #ofPoorQuality(): string[] {
    return this.venues.flatMap(({ counts, running, options }) => {
      counts.quality.sampleRates();
      return running ? counts.quality.poor().map((symbol) => `${options.venue.id}:${symbol ?? ''}`) : [];
    });
  }
}
