import { defer, EMPTY, map, type Observable, switchMap, take, tap } from 'rxjs';
import type { Instrument } from '../../domain/instrument.ts';
import type { MissingValues } from '../../operators/sequence/id-sequence.ts';
import type { TradeRepair } from '../arbitration/line-arbiter.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { TradeSeries } from '../arbitration/trade-series.ts';
import type { VenueConnectionPool } from '../connection/connection-pool.ts';
import type { VenueFeedOptions } from '../venue-feed-options.ts';

/** How long trades wait for another line to fill a gap, milliseconds. */
const OTHER_LINE_MS = 500;
/** How long trades after a gap wait for fetched trades, milliseconds. */
const REPAIR_MS = 10_000;
/**
 * Maximum requests at once. With so many, 500 symbols get their turn within `REPAIR_MS`. The REST client observes the
 * venue's limits.
 */
const AT_ONCE = 10;

type RestRequests = Pick<VenueFeedOptions, 'fetchMissing' | 'fetchRecent'>;
type Lines = Pick<VenueConnectionPool, 'bySymbol' | 'connectionsOf'>;

/**
 * Returns how a venue repairs gaps: it waits `OTHER_LINE_MS` for another line, then fetches the trades if the venue can
 * return them. `caughtUp$` emits when no received frame waits any more, at once if none waits.
 */
export function tradeRepair(requests: RestRequests, lines: Lines, caughtUp$: Observable<unknown>): TradeRepair {
  const { fetchMissing, fetchRecent } = requests;
  const fetches = fetchMissing !== undefined || fetchRecent !== undefined;
  const graceMs = ({ symbol, sequence }: TradeSeries): number => {
    // No line can fill a gap after a resume point, because its trades are from before the first connection.
    const isBeforeLines = fetches && sequence.isResumed;
    return isBeforeLines || lines.connectionsOf(symbol) < 2 ? 0 : OTHER_LINE_MS;
  };
  const timing = { graceMs, holdMs: REPAIR_MS, atOnce: AT_ONCE };
  if (!fetches) return timing;
  return {
    ...timing,
    fetch: (series, missing, attempt) =>
      fetchTrades(requests, lines.bySymbol(series.symbol), series, missing, attempt, caughtUp$).pipe(
        tap(() => {
          series.fetchedFor = series.sequence.waiting?.receivedAt;
        }),
      ),
  };
}

function fetchTrades(
  { fetchMissing, fetchRecent }: RestRequests,
  instrument: Instrument | undefined,
  { kind, sequence }: TradeSeries,
  { before, after }: MissingValues<SequencedTrade>,
  attempt: number,
  caughtUp$: Observable<unknown>,
): Observable<readonly (SequencedTrade | undefined)[]> {
  if (instrument === undefined) return EMPTY;
  if (kind === 'trade' && fetchRecent !== undefined) {
    const recent$ = defer(() => {
      const since = sequence.heldSince;
      if (since === undefined) return EMPTY;
      // If a line subscribed again during the request, the fetched trades may not reach to the line's first trade.
      return fetchRecent(instrument).pipe(map((trades) => (sequence.heldSince === since ? trades : [])));
    });
    // Trades in waiting frames may be older than the venue's last trades, and may fill the gap.
    return caughtUp$.pipe(
      take(1),
      switchMap(() => recent$),
    );
  }
  if (fetchMissing === undefined || after === undefined) return EMPTY;
  return fetchMissing(instrument, { kind, before, after }, attempt);
}
