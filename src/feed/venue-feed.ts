import { filter, firstValueFrom, Observable, race, type Subscriber, timer } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import type { BookStepped, Doubt } from './arbitration/merged-event.ts';
import type { Resumption } from './arbitration/resumption.ts';
import { HoldBack } from './connection/hold-back.ts';
import { DataQuality } from './liveness/data-quality.ts';
import type { VenueCounts } from './venue-counts.ts';
import { VenueRun, type WatchedLine } from './venue-run.ts';
import type { VenueFeedOptions, VenueSignal } from './venue-signal.ts';

/** Portions that a run holds back at most, frames mostly: many seconds of a shard. */
const MOST_HELD = 20_000;

/** One venue, ready to be subscribed: connects all its lines while somebody is, closes them after. */
export class VenueFeed {
  readonly signals$: Observable<VenueSignal>;
  readonly counts: VenueCounts;
  readonly options: VenueFeedOptions;
  /** What is followed whenever it runs, by the venue's symbol. */
  readonly #instruments: Map<string, Instrument>;
  /** Where former runs ended, until a run goes on there, or another venue has served the symbol. */
  #resume = new Map<string, Resumption>();
  #run: VenueRun | undefined;
  /** The run that holds back. */
  #warm:
    | { readonly run: VenueRun; readonly signals: HoldBack<VenueSignal>; readonly news: HoldBack<WatchedLine> }
    | undefined;

  constructor(options: VenueFeedOptions) {
    this.options = options;
    this.counts = {
      frames: 0,
      events: 0,
      lastReceivedAt: null,
      malformed: 0,
      quality: new DataQuality(options.venue.id),
      ignored: new Map(),
      warnings: new Map(),
      reconnects: 0,
      losses: new Map(),
    };
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.venueSymbol, instrument]));
    this.signals$ = new Observable((subscriber) => {
      const warm = this.#warm;
      this.#warm = undefined;
      const run = warm?.run ?? this.#newRun(subscriber);
      for (const [symbol, ended] of this.#resume) run.arbiter.resume(symbol, ended);
      this.#resume = new Map();
      if (warm === undefined) {
        this.#run = run;
        run.start();
      } else {
        // Whoever subscribes is ready for what comes after it has.
        subscriber.add(
          options.scheduler.schedule(() => {
            warm.signals.open((signal) => subscriber.next(signal));
            warm.news.open();
          }),
        );
      }
      return () => {
        if (this.#run === run) this.#run = undefined;
        run.stop();
      };
    });
  }

  /**
   * Connects before anyone subscribes, and holds what comes back for who does: so what another still publishes is there
   * from the moment on at which it is to go on with it. Resolves when each line has all its subscriptions, or its first
   * attempt has failed, or after `withinMs`. Of what may be held `portion` is its own.
   */
  warm({ withinMs = 0, portion = 1 }: { readonly withinMs?: number; readonly portion?: number } = {}): Promise<void> {
    if (this.#run !== undefined) return Promise.resolve();
    const signals = new HoldBack<VenueSignal>();
    const news = new HoldBack<WatchedLine>(Math.ceil(MOST_HELD * portion), ({ kind }) => kind === 'frame');
    this.#run = this.#newRun(signals, news);
    this.#warm = { run: this.#run, signals, news };
    const { lines } = this.#run;
    const settled = new Set<unknown>();
    const ready$ = lines.news$.pipe(
      filter((event) => {
        if (event.kind === 'frame') return false;
        const { line, connection, signal } = event;
        if (signal.kind === 'lost' || (signal.kind === 'subscribed' && connection.hasAll(line.topics)))
          settled.add(line);
        return settled.size >= lines.count;
      }),
    );
    const ready = firstValueFrom(race(ready$, timer(withinMs, this.options.scheduler)));
    this.#run.start();
    return ready.then(() => {});
  }

  /** Where former runs ended, by symbol: the next run goes on there. */
  resumeAt(former: ReadonlyMap<string, Resumption>): void {
    this.#resume = new Map(former);
  }

  /** Closes its lines, for whom nobody came. */
  close(): void {
    this.#run?.stop();
    this.#run = undefined;
    this.#warm = undefined;
  }

  #newRun(out: Pick<Subscriber<VenueSignal>, 'next'>, held?: HoldBack<WatchedLine>): VenueRun {
    return new VenueRun({ ...this.options, instruments: [...this.#instruments.values()] }, this.counts, out, held);
  }

  /** What is followed. */
  get instruments(): readonly Instrument[] {
    return [...this.#instruments.values()];
  }

  /** False before it is subscribed and after it ended. */
  get running(): boolean {
    return this.#run !== undefined;
  }

  /** When the last data frame came, the scheduler's milliseconds; null: none yet. */
  get lastDataAt(): number | null {
    return this.#run?.lastDataAt ?? null;
  }

  get linesUp(): number {
    return this.#run?.lines.up ?? 0;
  }

  get lines(): number {
    return this.#run?.lines.count ?? 0;
  }

  /** Repeats dropped since the feed was subscribed. */
  get duplicates(): number {
    return this.#run?.arbiter.duplicates ?? 0;
  }

  /** A symbol's book as it is, where that is in step. */
  book(symbol: string): BookStepped | undefined {
    return this.#run?.books.current(symbol);
  }

  /** Where trades of a symbol may be missing now. */
  doubts(symbol: string): readonly Doubt[] {
    return this.#run?.arbiter.doubts(symbol) ?? [];
  }

  /** Hands out what waits behind holes: nothing more will come. */
  flush(): void {
    this.#run?.arbiter.flush();
  }

  /** The symbol, another venue's meanwhile, does not go on where a former run ended. */
  forget(symbol: string): void {
    this.#resume.delete(symbol);
    this.#run?.arbiter.forget(symbol);
  }

  add(instrument: Instrument): void {
    this.#instruments.set(instrument.venueSymbol, instrument);
    this.#run?.add(instrument);
  }

  remove(symbol: string): void {
    for (const instrument of this.#instruments.values())
      if (instrument.symbol === symbol) this.#instruments.delete(instrument.venueSymbol);
    this.#run?.remove(symbol);
  }
}
