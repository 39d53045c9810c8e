import { Observable } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import { DataQuality } from './data-quality.ts';
import type { Resumption } from './merge-lines.ts';
import type { BookStepped, Doubt } from './merged-event.ts';
import { VenueRun } from './venue-run.ts';
import type { VenueCounts, VenueFeedOptions, VenueSignal } from './venue-signal.ts';

/** One venue, ready to be subscribed: connects all its lines while somebody is, closes them after. */
export class VenueFeed {
  readonly signals$: Observable<VenueSignal>;
  readonly counts: VenueCounts;
  readonly options: VenueFeedOptions;
  /** What is followed whenever it runs, by the venue's symbol. */
  readonly #instruments: Map<string, Instrument>;
  /** Where former runs ended, until a run goes on there, or another venue has served the symbol. */
  #resume: Map<string, Resumption>;
  #run: VenueRun | undefined;

  constructor(options: VenueFeedOptions) {
    this.options = options;
    this.counts = {
      frames: 0,
      events: 0,
      malformed: 0,
      quality: new DataQuality(options.venue.id),
      ignored: new Map(),
      warnings: new Map(),
      reconnects: 0,
    };
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.venueSymbol, instrument]));
    this.#resume = new Map(options.resume);
    this.signals$ = new Observable((subscriber) => {
      const instruments = [...this.#instruments.values()];
      const run = new VenueRun({ ...options, instruments, resume: this.#resume }, this.counts, subscriber);
      this.#resume = new Map();
      this.#run = run;
      run.start();
      return () => {
        this.#run = undefined;
        run.stop();
      };
    });
  }

  /** False for a cold standby that is not needed. */
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
    return this.#run?.merge.duplicates ?? 0;
  }

  /** A symbol's book as it is, where that is in step. */
  book(symbol: string): BookStepped | undefined {
    return this.#run?.books.current(symbol);
  }

  /** Where trades of a symbol may be missing now. */
  doubts(symbol: string): readonly Doubt[] {
    return this.#run?.merge.doubts(symbol) ?? [];
  }

  /** Hands out what waits behind holes: nothing more will come. */
  flush(): void {
    this.#run?.flush();
  }

  /** The symbol, another venue's meanwhile, does not go on where a former run ended. */
  forget(symbol: string): void {
    this.#resume.delete(symbol);
    this.#run?.forget(symbol);
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
