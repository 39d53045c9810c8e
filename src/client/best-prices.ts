import { Observable, timer } from 'rxjs';
import { getOrCreate } from '../domain/get-or-create.ts';
import { TESTNET } from '../domain/instrument.ts';
import type { BookTicker, FeedStatus } from '../domain/record.ts';
import { type BestPrice, type BestPrices, bestOf, FRESH_PRICE_MS } from '../market/book/best-prices.ts';
import { listen } from '../operators/listen.ts';
import { FeedInstances } from '../tradability/feed-instances.ts';
import type { Moment } from '../tradability/moment.ts';
import { ageMs, isStale } from '../tradability/rules.ts';
import type { ClientDeps } from './client-options.ts';

/** How often the age of the book tickers is checked, milliseconds. */
const CHECK_EVERY_MS = 250;

export interface BestPricesInput {
  /** The status records from before the start. */
  readonly past: readonly FeedStatus[];
  readonly status$: Observable<FeedStatus>;
  readonly bookTickers$: Observable<BookTicker>;
}

/**
 * Emits the best prices of each symbol over the venues whose book tickers come, at each change. Ends with the book
 * tickers.
 */
export function bestPrices({ past, status$, bookTickers$ }: BestPricesInput, deps: ClientDeps): Observable<BestPrices> {
  return new Observable((out) => {
    const moment = (): Moment => ({ wall: deps.wallClockMs(), monotonic: deps.scheduler.now() });
    const state = new BestPricesState(past, moment());
    const emit = (changed: readonly BestPrices[]): void => {
      for (const best of changed) out.next(best);
    };
    // The end of the status records ends nothing: without heartbeats, no price is left after a while.
    listen(status$, out, {
      next: (record) => {
        state.addStatus(record, moment());
        emit(state.changed(moment()));
      },
      complete: () => {},
    });
    listen(timer(CHECK_EVERY_MS, CHECK_EVERY_MS, deps.scheduler), out, { next: () => emit(state.changed(moment())) });
    listen(bookTickers$, out, { next: (ticker) => emit(state.addTicker(ticker, moment())) });
  });
}

/** A book ticker, and when it came, by the monotonic clock, milliseconds. */
interface Quote {
  readonly ticker: BookTicker;
  readonly cameAt: number;
}

interface SymbolQuotes {
  /** The last book ticker of each venue. */
  readonly byVenue: Map<string, Quote>;
  best: BestPrices;
}

class BestPricesState {
  readonly #feed = new FeedInstances();
  readonly #symbols = new Map<string, SymbolQuotes>();

  constructor(past: readonly FeedStatus[], now: Moment) {
    // A heartbeat from before the start does not show that the feed is alive.
    for (const record of past) this.#feed.add(record, { ...now, monotonic: Number.NEGATIVE_INFINITY });
  }

  addStatus(record: FeedStatus, now: Moment): void {
    this.#feed.add(record, now);
  }

  /** Returns the symbol's best prices if the book ticker changes them. */
  addTicker(ticker: BookTicker, now: Moment): readonly BestPrices[] {
    const { symbol, coin, environment, venue } = ticker;
    const newQuotes = (): SymbolQuotes => ({
      byVenue: new Map(),
      best: { coin, symbol, environment, bid: null, ask: null },
    });
    const quotes = getOrCreate(this.#symbols, symbol, newQuotes);
    // The previous venue's book tickers are not published any more.
    if (this.#feed.served(symbol).byOneVenue) quotes.byVenue.clear();
    quotes.byVenue.set(venue, { ticker, cameAt: now.monotonic });
    return this.#change(quotes, now);
  }

  /** Returns the best prices that have changed, because a book ticker is too old or its venue is not healthy. */
  changed(now: Moment): readonly BestPrices[] {
    return [...this.#symbols.values()].flatMap((quotes) => this.#change(quotes, now));
  }

  #change(quotes: SymbolQuotes, now: Moment): readonly BestPrices[] {
    const usable = [...quotes.byVenue.values()].filter((quote) => this.#isUsable(quote, now));
    const tickers = usable.map(({ ticker }) => ticker);
    const best: BestPrices = { ...quotes.best, ...bestOf(tickers) };
    if (isSame(best.bid, quotes.best.bid) && isSame(best.ask, quotes.best.ask)) return [];
    quotes.best = best;
    return [best];
  }

  #isUsable({ ticker, cameAt }: Quote, now: Moment): boolean {
    const { symbol, venue, receivedAt } = ticker;
    const lagMs = this.#feed.speakerOf(symbol)?.eventLagMs(venue) ?? 0;
    const isFresh = ageMs(receivedAt / 1000, cameAt, now) + lagMs < FRESH_PRICE_MS;
    return venue !== TESTNET && isFresh && !isStale(this.#feed, ticker, now);
  }
}

function isSame(a: BestPrice | null, b: BestPrice | null): boolean {
  return a === b || (a !== null && b !== null && a.venue === b.venue && a.receivedAt === b.receivedAt);
}
