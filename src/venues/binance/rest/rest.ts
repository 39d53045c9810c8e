import type { VenueId } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type { BookRequest, DayVolume, ListedInstrument, PastOrigin, RestRequest, Rows } from '../../contract.ts';
import { readEach, readNotNegative, readObject, readRows, readString, readTime } from '../../decode/fields.ts';
import { pastFields } from '../../rest/past-records.ts';
import { readBook } from '../decode/read-events.ts';

export const symbolQuery = ({ instrument }: PastOrigin): string =>
  `symbol=${encodeURIComponent(instrument.venueSymbol)}`;

/** Asks for rows, and reads each; `parse` makes the answer of them. */
export function askRows<R, T>(
  query: string,
  weight: number,
  row: (value: unknown) => R,
  parse: (rows: readonly R[]) => T,
): RestRequest<T> {
  return { path: `/api/v3/${query}`, weight, parse: (body) => parse(readEach(body, '', row)) };
}

/** The instrument list. `query`: what keeps the answer small, where the venue offers it. */
export function exchangeInfo(query: string, weight: number): RestRequest<Rows<ListedInstrument>> {
  return {
    path: `/api/v3/exchangeInfo${query}`,
    weight,
    parse: (body) =>
      readRows(readObject(body, '').symbols, 'symbols', (symbol) => ({
        venueSymbol: readString(symbol.symbol, 'symbol'),
        base: readString(symbol.baseAsset, 'baseAsset'),
        quote: readString(symbol.quoteAsset, 'quoteAsset'),
        trading: readString(symbol.status, 'status') === 'TRADING',
      })),
  };
}

/** The 24-hour statistics of all symbols. */
export function dayVolumes(query: string, weight: number): RestRequest<Rows<DayVolume>> {
  return {
    path: `/api/v3/ticker/24hr${query}`,
    weight,
    parse: (body) =>
      readRows(body, '', (ticker) => ({
        venueSymbol: readString(ticker.symbol, 'symbol'),
        quoteVolume: readNotNegative(ticker.quoteVolume, 'quoteVolume'),
      })),
  };
}

export const time: RestRequest<number> = {
  path: '/api/v3/time',
  weight: 1,
  parse: (body) => readTime(readObject(body, '').serverTime, 'serverTime'),
};

/** Levels a side that cost more than fewer do. */
const BOOK_LEVELS = [100, 500, 1000] as const;
const MOST_BOOK_LEVELS = 5000;

/** The book by REST, the cheapest that has the wanted levels, at most the largest. One weight buys so many levels. */
export function bookBy(venue: VenueId, levelsPerWeight: number) {
  return (wanted: BookRequest): RestRequest<BookUpdate> => {
    const limit = BOOK_LEVELS.find((levels) => levels >= wanted.levels) ?? MOST_BOOK_LEVELS;
    return {
      path: `/api/v3/depth?${symbolQuery(wanted)}&limit=${limit}`,
      weight: limit / levelsPerWeight,
      parse: (body) => ({ ...readBook(readObject(body, ''), pastFields(venue, wanted)), limit }),
    };
  };
}
