import { EMPTY, type Observable } from 'rxjs';
import type { Instrument } from '../../domain/instrument.ts';
import type { Kline } from '../../domain/record.ts';
import type { CandlesWanted, VenueFeedOptions } from '../venue-feed-options.ts';

/** The volatility needs 30 candles. More are fetched, because the clocks of the venue and the feed may differ. */
const CANDLES = 35;

/** Returns the last closed one-minute candles of a symbol at a venue, oldest first. */
export type FetchCandles = (symbol: string, venue: string) => Observable<readonly Kline[]>;

/**
 * Fetches past candles for the volatility, with one request of each venue. If a venue has none, the result is empty.
 */
export function pastCandles(venueOf: (id: string) => CandleVenue | undefined): FetchCandles {
  return (symbol, id) => candlesAt(venueOf(id), { coin: symbol, symbol }, { count: CANDLES });
}

/** What fetching candles needs to know of a venue. */
export interface CandleVenue {
  readonly instruments: readonly Instrument[];
  readonly options: Pick<VenueFeedOptions, 'fetchCandles'>;
}

/** Fetches a symbol's past candles at a venue. If the venue has none, the result is empty. */
export function candlesAt(
  venue: CandleVenue | undefined,
  { coin, symbol }: Pick<Instrument, 'coin' | 'symbol'>,
  wanted: CandlesWanted,
): Observable<readonly Kline[]> {
  const known = venue?.instruments.find((instrument) => instrument.symbol === symbol);
  // If all coins are followed, a venue spells its symbols as we do.
  return venue?.options.fetchCandles?.(known ?? { coin, symbol, venueSymbol: symbol }, wanted) ?? EMPTY;
}
