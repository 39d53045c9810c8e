import { catchError, concatMap, EMPTY, map, type Observable, Subject } from 'rxjs';
import type { Kline } from '../domain/record.ts';
import type { Feed } from './feed.ts';

/** Of one minute each; a venue tells so many in one answer. */
export const PAST_CANDLES = 500;

/**
 * The one-minute candles of the time before the run, for charts: asked once of each venue that serves a symbol, one
 * symbol at a time, where trades leave room for it. They are shown, never published. A venue that does not answer is
 * asked again when it serves the symbol anew.
 */
export class PastCandles {
  readonly candles$: Observable<readonly Kline[]>;
  readonly #feed: Pick<Feed, 'view' | 'venues'>;
  /** The venue that was asked last, by what is served apart. */
  readonly #asked = new Map<string, string>();
  readonly #wanted$ = new Subject<string>();

  constructor(feed: Pick<Feed, 'view' | 'venues'>) {
    this.#feed = feed;
    this.candles$ = this.#wanted$.pipe(concatMap((key) => this.#ask(key)));
  }

  /** To be called every second. */
  second(): void {
    for (const [key, { venue }] of this.#feed.view.symbols) {
      if (venue === null || this.#asked.get(key) === venue) continue;
      this.#asked.set(key, venue);
      this.#wanted$.next(key);
    }
  }

  /** Whoever they were shown to is there anew. */
  askAgain(): void {
    this.#asked.clear();
  }

  #ask(key: string): Observable<readonly Kline[]> {
    const view = this.#feed.view.symbols.get(key);
    const venue = this.#feed.venues.find(({ options }) => options.venue.id === view?.venue);
    const ask = venue?.options.fetchCandles;
    if (view === undefined || ask === undefined) return EMPTY;
    const { coin, symbol, epoch } = view;
    const known = venue?.options.instruments.find((instrument) => instrument.symbol === symbol);
    return ask(known ?? { coin, symbol, venueSymbol: symbol }).pipe(
      map((candles) => candles.map((candle) => ({ ...candle, epoch }))),
      catchError(() => EMPTY),
    );
  }
}
