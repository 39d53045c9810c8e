import { Observable } from 'rxjs';
import type { Instrument } from '../domain/instrument.ts';
import { VenueRun } from './venue-run.ts';
import type { VenueCounts, VenueFeedOptions, VenueSignal } from './venue-signal.ts';

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
  /** What is followed whenever it runs, by the venue's symbol. */
  readonly #instruments: Map<string, Instrument>;
  #run: VenueRun | undefined;

  constructor(options: VenueFeedOptions) {
    this.options = options;
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.venueSymbol, instrument]));
    this.signals$ = new Observable((subscriber) => {
      const run = new VenueRun({ ...options, instruments: [...this.#instruments.values()] }, this.counts, subscriber);
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

  /** Hands out what waits behind holes: nothing more will come. */
  flush(): void {
    this.#run?.flush();
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
