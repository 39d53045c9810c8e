import {
  catchError,
  concatMap,
  EMPTY,
  firstValueFrom,
  map,
  type Observable,
  type SchedulerLike,
  Subject,
  throwError,
  timeout,
} from 'rxjs';
import { type Config, instrumentsFor } from '../config/config.ts';
import { Fault } from '../domain/fault.ts';
import { getOrCreate } from '../domain/get-or-create.ts';
import { VENUE_IDS } from '../domain/instrument.ts';
import type { Kline } from '../domain/record.ts';
import { type CandleVenue, candlesAt } from '../feed/analytics/past-candles.ts';
import type { FeedWatch } from '../feed/status/feed-watch.ts';
import type { FetchPastKlines, PastKlinesWanted } from '../gateway/view/kline-history.ts';
import type { VenueAccess } from './venue-access.ts';
import { venueRequests } from './venue-requests.ts';

/** How many past one-minute candles are fetched for each symbol. */
const PAST_CANDLES = 500;
/** How long a request for a chart may take, the wait for the venue's request budget included, milliseconds. */
const CHART_TIMEOUT_MS = 8000;

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

  /** Fetches candles for a chart, from a venue of the running feeds. Rejects with a Fault. */
  async fetch(wanted: PastKlinesWanted, scheduler: SchedulerLike): Promise<readonly Kline[]> {
    const feeds = this.#feeds();
    const withSymbol = feeds.filter(({ view }) => view.symbols.has(wanted.symbol));
    const venues = [...withSymbol, ...feeds].flatMap((feed) => feed.venues);
    const venue = venues.find(({ options }) => options.venue.id === wanted.venue);
    return fetchAt(venue, wanted, scheduler);
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
  return candlesAt(venue, view, { count: PAST_CANDLES }).pipe(
    map((candles) => candles.map((candle) => ({ ...candle, epoch }))),
    catchError(() => EMPTY),
  );
}

/** Fetches candles for a chart in a process without a feed. The function that it returns rejects with a Fault. */
export function configuredCandles(
  config: Config,
  access: VenueAccess,
  { scheduler, wallClockMs }: { readonly scheduler: SchedulerLike; readonly wallClockMs: () => number },
): FetchPastKlines {
  const venues = new Map<string, CandleVenue>();
  return async (wanted) => {
    const id = VENUE_IDS.find((each) => each === wanted.venue);
    const venue =
      id &&
      getOrCreate(venues, id, () => ({
        instruments: instrumentsFor(config, id),
        options: venueRequests(config, id, access, wallClockMs),
      }));
    return fetchAt(venue, wanted, scheduler);
  };
}

function fetchAt(
  venue: CandleVenue | undefined,
  wanted: PastKlinesWanted,
  scheduler: SchedulerLike,
): Promise<readonly Kline[]> {
  if (venue?.options.fetchCandles === undefined)
    return Promise.reject(new Fault('unavailable', 'this feed does not ask the venue for past candles'));
  const late = () => new Fault('unavailable', `no answer within ${CHART_TIMEOUT_MS / 1000} s`);
  const candles$ = candlesAt(venue, wanted, wanted).pipe(
    timeout({ first: CHART_TIMEOUT_MS, scheduler, with: () => throwError(late) }),
  );
  return firstValueFrom(candles$, { defaultValue: [] });
}
