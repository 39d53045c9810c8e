import type { VenueId } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type {
  BookRequest,
  DayVolume,
  ListedInstrument,
  PageRows,
  PastOrigin,
  RestRequest,
  Rows,
} from '../../contract.ts';
import { readNotNegative, readObject, readPage, readRows, readString, readTime } from '../../decode/fields.ts';
import { pastFields } from '../../rest/past-records.ts';
import { readBook } from '../decode/read-events.ts';

export const symbolQuery = ({ instrument }: PastOrigin): string =>
  `symbol=${encodeURIComponent(instrument.venueSymbol)}`;

/** Requests rows and reads each of them with `row`; `parse` makes the result from the rows. */
export function askRows<R, T>(
  query: string,
  weight: number,
  row: (value: unknown) => R,
  parse: (rows: PageRows<R>) => T,
): RestRequest<T> {
  return { path: `/api/v3/${query}`, weight, parse: (body, onBadRow) => parse(readPage(body, '', row, onBadRow)) };
}

/** Requests the instrument list. `query` keeps the answer small if the venue supports it. */
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

/** Levels a side that can be requested before the request's weight rises. */
const BOOK_LEVELS = [100, 500, 1000] as const;
const MAX_BOOK_LEVELS = 5000;

/** Requests the cheapest book with the wanted levels, or the largest book. */
export function bookBy(venue: VenueId, levelsPerWeight: number) {
  return (wanted: BookRequest): RestRequest<BookUpdate> => {
    const limit = BOOK_LEVELS.find((levels) => levels >= wanted.levels) ?? MAX_BOOK_LEVELS;
    return {
      path: `/api/v3/depth?${symbolQuery(wanted)}&limit=${limit}`,
      weight: limit / levelsPerWeight,
      parse: (body) => ({ ...readBook(readObject(body, ''), pastFields(venue, wanted)), limit }),
    };
  };
}
