import { catchError, concatMap, EMPTY, map, type Observable, Subject } from 'rxjs';
import { getOrCreate } from '../domain/get-or-create.ts';
import type { Kline } from '../domain/record.ts';
import { candlesAt } from '../feed/analytics/past-candles.ts';
import type { FeedWatch } from '../feed/status/feed-watch.ts';

/** How many past one-minute candles are fetched for each symbol. */
const PAST_CANDLES = 500;

type CandleFeed = Pick<FeedWatch, 'view' | 'venues'>;

/**
 * Fetches the one-minute candles from before the run, for charts: one symbol at a time, and again when another venue
 * serves the symbol.
 */
export class PastCandles {
  readonly candles$: Observable<readonly Kline[]>;
  readonly #feeds: () => readonly CandleFeed[];
  /** The last venue asked, by feed and symbol. */
  #asked = new WeakMap<CandleFeed, Map<string, string>>();
  readonly #wanted$ = new Subject<{ readonly feed: CandleFeed; readonly symbol: string }>();

  /** @param feeds returns the running feeds */
  constructor(feeds: () => readonly CandleFeed[]) {
    this.#feeds = feeds;
    this.candles$ = this.#wanted$.pipe(concatMap(({ feed, symbol }) => candlesOf(feed, symbol)));
  }

  /** Requests the candles of symbols that are new or served by another venue now. Call it every second. */
  requestNew(): void {
    for (const feed of this.#feeds()) {
      const asked = getOrCreate(this.#asked, feed, () => new Map<string, string>());
      for (const [symbol, { tick }] of feed.view.symbols) {
        const venue = tick?.venue;
        if (venue === undefined || asked.get(symbol) === venue) continue;
        asked.set(symbol, venue);
        this.#wanted$.next({ feed, symbol });
      }
    }
  }

  /** Requests all candles again. Call it when their receiver has restarted. */
  askAgain(): void {
    this.#asked = new WeakMap();
  }
}

function candlesOf(feed: CandleFeed, symbol: string): Observable<readonly Kline[]> {
  const view = feed.view.symbols.get(symbol);
  const venue = feed.venues.find(({ options }) => options.venue.id === view?.tick?.venue);
  // Without live candles, past ones would look as if the market had stopped.
  if (view?.tick === undefined || !venue?.options.channels.includes('kline_1m')) return EMPTY;
  const { epoch } = view.tick;
  return candlesAt(venue, view, PAST_CANDLES).pipe(
    map((candles) => candles.map((candle) => ({ ...candle, epoch }))),
    catchError(() => EMPTY),
  );
}
