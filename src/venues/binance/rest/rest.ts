import type { DayVolume, ListedInstrument, RestRequest, Rows } from '../../contract.ts';
import { readNotNegative, readObject, readRows, readString, readTime } from '../../decode/fields.ts';

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
