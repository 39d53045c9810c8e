import { EMPTY, map, merge, Subject, throwError } from 'rxjs';
import { booksOf, type Config, environmentOf, instrumentsFor } from '../config/config.ts';
import { at } from '../domain/at.ts';
import { Fault } from '../domain/fault.ts';
import type { Instrument, VenueId } from '../domain/instrument.ts';
import type { MalformedData } from '../domain/venue-event.ts';
import type { VenueFeedOptions } from '../feed/venue-feed-options.ts';
import { addIntervals, openTimeOf } from '../market/candles/kline-interval.ts';
import type { PastOrigin, RestRequest } from '../venues/contract.ts';
import { venues } from '../venues/registry.ts';
import { reportBadRows } from '../venues/rest/report-bad-rows.ts';
import type { VenueRest } from '../venues/rest/rest-client.ts';
import type { VenueAccess } from './venue-access.ts';

/** Timeout of a request for missing trades. A slower response would delay the repair of other symbols' gaps. */
const BACKFILL_TIMEOUT_MS = 3000;

type VenueRequests = Pick<
  VenueFeedOptions,
  'fetchBook' | 'fetchCandles' | 'fetchMissing' | 'fetchRecent' | 'listed$' | 'restEvents$' | 'restWeight'
>;

/** Makes the REST requests of a venue: for its instrument list, missing trades, books and past candles. */
export function venueRequests(
  config: Config,
  id: VenueId,
  access: VenueAccess,
  wallClockMs: () => number,
): VenueRequests {
  const rest = access.rest(id);
  const from = { environment: environmentOf(config, id), receivedAt: () => wallClockMs() * 1000 };
  const badRows$ = new Subject<MalformedData>();
  const reporting = <T>({ symbol }: Instrument, request: RestRequest<T>): RestRequest<T> =>
    reportBadRows(request, (fault, row) => {
      const data = Buffer.from(JSON.stringify(row) ?? '');
      const frame = { data, binary: false, receivedAt: from.receivedAt() };
      badRows$.next({ kind: 'malformed', frame, fault, symbol });
    });
  const source: Source = { config, id, rest, from, reporting };
  return {
    listed$: access.listed$(id),
    restEvents$: merge(badRows$, rest.refused$.pipe(map((refusal) => ({ kind: 'rest_hosts' as const, refusal })))),
    restWeight: () => rest.sentWeight,
    fetchBook: fetchBookOf(source),
    fetchCandles: fetchCandlesOf(source),
    ...fetchTradesOf(source),
  };
}

interface Source {
  readonly config: Config;
  readonly id: VenueId;
  readonly rest: VenueRest;
  readonly from: Omit<PastOrigin, 'instrument'>;
  /** Wraps a request so that unreadable rows are reported. */
  readonly reporting: <T>(instrument: Instrument, request: RestRequest<T>) => RestRequest<T>;
}

function fetchTradesOf(source: Source): Pick<VenueRequests, 'fetchMissing' | 'fetchRecent'> {
  const { config, id, rest, from, reporting } = source;
  const { backfill, backfillAggTrades, recent } = venues[id];
  if (!config.feed.backfill) return { fetchMissing: undefined, fetchRecent: undefined };
  return {
    fetchMissing:
      backfill &&
      ((instrument, gap, attempt) => {
        const wanted = { ...gap, ...from, instrument, attempt };
        if (gap.kind === 'trade') return rest.ask$(reporting(instrument, backfill(wanted)), BACKFILL_TIMEOUT_MS);
        if (backfillAggTrades === undefined) return EMPTY;
        return rest.ask$(reporting(instrument, backfillAggTrades(wanted)), BACKFILL_TIMEOUT_MS);
      }),
    fetchRecent:
      recent &&
      ((instrument) => rest.ask$(reporting(instrument, recent({ ...from, instrument })), BACKFILL_TIMEOUT_MS)),
  };
}

/**
 * Possible numbers of levels on each side of a fetched book. The first fetch of a book has as many levels as the
 * venue's request budget allows for all symbols.
 */
const BOOK_LEVELS = [5000, 1000, 500, 100];
/**
 * The first fetches of all books may use this part of a minute's request weight. The rest is for trades and other
 * requests.
 */
const BOOKS_SHARE = 0.25;
/**
 * A fetch of a book waits until this part of the burst (the weight that may be spent at once) remains after it. The
 * part is for trades, urgent books and other requests. An urgent book leaves less.
 */
const LEFT_BY_BOOKS = 0.5;
const LEFT_BY_URGENT = 0.25;
/** A fetch of candles for a chart waits until this part of the burst remains: it comes after all other requests. */
const LEFT_BY_CHARTS = 0.75;

function fetchBookOf({ config, id, rest, from }: Source): VenueFeedOptions['fetchBook'] {
  const { book, restWeightPerMinute } = venues[id];
  const books = booksOf(config);
  if (book === undefined || books?.deltas !== true) return undefined;
  const symbols = config.coins.kind === 'all' ? Number.POSITIVE_INFINITY : instrumentsFor(config, id).length;
  return (instrument, { larger, isUrgent, onSent }) => {
    const requests = BOOK_LEVELS.map((levels) => book({ ...from, instrument, levels: Math.max(levels, books.levels) }));
    const affordable = requests.findIndex(
      ({ weight }) => weight * symbols <= restWeightPerMinute * BOOKS_SHARE * config.cluster.venueBudgetShare,
    );
    const first = affordable === -1 ? requests.length - 1 : affordable;
    const request = at(requests, Math.max(0, first - larger));
    return rest.askSparingly$(request, { leaves: isUrgent ? LEFT_BY_URGENT : LEFT_BY_BOOKS, onSent });
  };
}

function fetchCandlesOf({ id, rest, from, reporting }: Source): VenueFeedOptions['fetchCandles'] {
  const { history } = venues[id];
  if (history === undefined) return undefined;
  return (instrument, wanted) => {
    const isForChart = 'interval' in wanted;
    const interval = isForChart ? wanted.interval : '1m';
    if (!history.intervals.includes(interval))
      return throwError(() => new Fault('unavailable', `${id} has no candles of ${interval}`));
    const series = history.klines({ ...from, instrument }, interval);
    const now = from.receivedAt() / 1000;
    const last = isForChart ? wanted.to : addIntervals(openTimeOf('1m', now), '1m', -1);
    const page = series.page(isForChart ? wanted.from : series.step(last, 1 - wanted.count), last, now);
    return rest
      .askSparingly$(reporting(instrument, page), isForChart ? { leaves: LEFT_BY_CHARTS } : {})
      .pipe(map(({ rows }) => rows.flatMap(({ record }) => (record.kind === 'kline' ? [record] : []))));
  };
}
