import type { SchedulerLike } from 'rxjs';
import type { KlineInterval } from '../../domain/instrument.ts';
import type { Kline } from '../../domain/record.ts';
import { addIntervals, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import { ApiError } from '../api/api-error.ts';
import type { Series } from '../api/fields.ts';
import type { SymbolSeries } from './symbol-series.ts';

/** Past candles of one symbol at one venue. */
export interface PastKlinesWanted {
  readonly venue: string;
  readonly symbol: string;
  readonly coin: string;
  readonly interval: KlineInterval;
  /** Open times of the first and the last candle, milliseconds since 1970. At most 1,000 candles are between them. */
  readonly from: number;
  readonly to: number;
}

/** Asks a venue's REST API for candles, oldest first. Rejects if the venue refuses or does not answer in time. */
export type FetchPastKlines = (wanted: PastKlinesWanted) => Promise<readonly Kline[]>;

export interface KlineHistoryOptions {
  readonly fetchPastKlines: FetchPastKlines;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
}

interface Page {
  readonly klines: Promise<readonly Kline[]>;
  /** When the page is fetched again, by the scheduler's clock, milliseconds. */
  readonly staleAt: number;
}

/** Number of kept answers of venues, of at most 1,000 candles each. */
const PAGES = 64;
/** Number of requests that may wait for venues at the same time. The feed's own requests need the venues too. */
const MAX_WAITING = 4;
/** An answer with candles that may still change is fetched again after this time, milliseconds. */
const FRESH_MS = 5000;
/** A candle that ended this long ago no longer changes, even if the venue's clock is behind ours, milliseconds. */
const SETTLED_MS = 60_000;

/** Candles that the gateway does not hold, from the venues' REST APIs. */
export class KlineHistory {
  readonly #options: KlineHistoryOptions;
  /** Used last is last. */
  readonly #pages = new Map<string, Page>();
  #waiting = 0;

  constructor(options: KlineHistoryOptions) {
    this.#options = options;
  }

  /**
   * Returns the last `limit` candles that open before a time, oldest first: from memory if it holds them all, or else
   * from the venue. There are fewer if the market is younger. @throws ApiError with status 502 or 503
   */
  async before(
    { id, candles }: SymbolSeries,
    interval: KlineInterval,
    beforeMs: number,
    limit: number,
  ): Promise<readonly Kline[]> {
    const to = openTimeOf(interval, Math.min(beforeMs - 1, this.#options.wallClockMs()));
    const from = Math.max(0, addIntervals(to, interval, 1 - limit));
    if (to < from) return [];
    const held = candles.latest(interval, limit, beforeMs) ?? [];
    if (held.length === limit && held[0]?.openTime === from && held.at(-1)?.openTime === to) return held;
    const { venue, symbol, coin, environment, epoch } = id;
    const klines = await this.#page({ venue, symbol, coin, interval, from, to });
    const other = klines.find((kline) => kline.environment !== environment);
    if (other !== undefined) {
      const what = `found candles of environment ${other.environment}, allowed: ${environment}, as the data of this feed`;
      throw failed(id, interval, what);
    }
    return klines.map((kline) => ({ ...kline, epoch }));
  }

  #page(wanted: PastKlinesWanted): Promise<readonly Kline[]> {
    const { venue, symbol, interval, from, to } = wanted;
    const key = [venue, symbol, interval, from, to].join(' ');
    const known = this.#pages.get(key);
    this.#pages.delete(key);
    const page = known === undefined || known.staleAt <= this.#options.scheduler.now() ? this.#fetch(wanted) : known;
    this.#pages.set(key, page);
    for (const oldest of [...this.#pages.keys()].slice(0, -PAGES)) this.#pages.delete(oldest);
    page.klines.catch(() => {
      if (this.#pages.get(key) === page) this.#pages.delete(key);
    });
    return page.klines;
  }

  #fetch(wanted: PastKlinesWanted): Page {
    const { venue, symbol, interval, to } = wanted;
    if (this.#waiting >= MAX_WAITING) throw busy(venue);
    this.#waiting++;
    const { scheduler, wallClockMs, fetchPastKlines } = this.#options;
    const isSettled = nextOpenTime(interval, to) + SETTLED_MS < wallClockMs();
    const klines = fetchPastKlines(wanted)
      .catch((error: unknown) => {
        throw failed({ symbol, venue }, interval, error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#waiting--;
      });
    return { klines, staleAt: isSettled ? Number.POSITIVE_INFINITY : scheduler.now() + FRESH_MS };
  }
}

function failed({ symbol, venue }: Pick<Series, 'symbol' | 'venue'>, interval: string, why: string): ApiError {
  const message = `the candles of ${symbol} at ${venue}: ${why}`;
  return new ApiError(502, 'venue_failed', message, { symbol, venue, interval });
}

function busy(venue: string): ApiError {
  const message = `${MAX_WAITING} requests for past candles wait for venues already; ask again in a second`;
  return new ApiError(503, 'venue_busy', message, { venue });
}
