import type { InstrumentStatus, VenueId } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type {
  BookRequest,
  DayVolume,
  InstrumentList,
  ListedInstrument,
  PageRows,
  PastOrigin,
  RestRequest,
  Rows,
} from '../../contract.ts';
import {
  readEach,
  readLimit,
  readNotNegative,
  readObject,
  readPage,
  readRows,
  readString,
  readTime,
  type Unchecked,
} from '../../decode/fields.ts';
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
export function exchangeInfo(query: string, weight: number): RestRequest<InstrumentList> {
  return {
    path: `/api/v3/exchangeInfo${query}`,
    weight,
    parse: (body) => {
      const { symbols, rateLimits } = readObject(body, '');
      return { ...readRows(symbols, 'symbols', readInstrument), restWeightPerMinute: weightPerMinute(rateLimits) };
    },
  };
}

/** Returns the stated REST weight in a minute; undefined if it is not stated as documented. */
function weightPerMinute(rateLimits: unknown): number | undefined {
  if (!Array.isArray(rateLimits)) return undefined;
  const { rows } = readRows(rateLimits, 'rateLimits', ({ rateLimitType, interval, intervalNum, limit }) =>
    rateLimitType === 'REQUEST_WEIGHT' && interval === 'MINUTE' && intervalNum === 1 ? limit : undefined,
  );
  return rows.find((limit): limit is number => typeof limit === 'number' && Number.isSafeInteger(limit) && limit > 0);
}

/**
 * Statuses in which orders can be placed or canceled. With any other status (HALT, BREAK, END_OF_DAY), trading is
 * halted.
 */
const STATUSES: Readonly<Record<string, InstrumentStatus>> = { TRADING: 'trading', CANCEL_ONLY: 'cancel_only' };

function readInstrument(row: Unchecked): ListedInstrument {
  const filters = new Map(
    readEach(row.filters ?? [], 'filters', (value) => {
      const filter = readObject(value, '');
      return [readString(filter.filterType, 'filterType'), filter] as const;
    }),
  );
  const limitOf = (filterType: string, name: string) =>
    readLimit(filters.get(filterType)?.[name], `filters.${filterType}.${name}`);
  return {
    venueSymbol: readString(row.symbol, 'symbol'),
    base: readString(row.baseAsset, 'baseAsset'),
    quote: readString(row.quoteAsset, 'quoteAsset'),
    status: STATUSES[readString(row.status, 'status')] ?? 'halted',
    tickSize: limitOf('PRICE_FILTER', 'tickSize'),
    lotStep: limitOf('LOT_SIZE', 'stepSize'),
    minQuantity: limitOf('LOT_SIZE', 'minQty'),
    // Until 2023 the filter was MIN_NOTIONAL; some instruments still have this name.
    minValue: limitOf('NOTIONAL', 'minNotional') ?? limitOf('MIN_NOTIONAL', 'minNotional'),
    multiplier: null,
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

/** Numbers of levels a side. A request's weight rises when the wanted levels exceed one of them. */
const BOOK_LEVELS = [100, 500, 1000] as const;
const MAX_BOOK_LEVELS = 5000;

/** Requests the cheapest book that has the wanted levels, or the largest book if none has them. */
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
