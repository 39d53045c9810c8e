import type { DayVolume, ListedInstrument, RestRequest, Rows } from '../../contract.ts';
import { readNotNegative, readObject, readRows, readString, readTime } from '../../decode/fields.ts';
import type { BinanceDayTicker, BinanceExchangeInfo, BinanceSymbol, BinanceTime } from '../decode/wire.ts';

/** The instrument list. `query`: what keeps the answer small, where the venue offers it. */
export function exchangeInfo(query: string, weight: number): RestRequest<Rows<ListedInstrument>> {
  return {
    path: `/api/v3/exchangeInfo${query}`,
    weight,
    parse: (body) =>
      readRows(readObject<BinanceExchangeInfo>(body, '').symbols, 'symbols', (row, place) => {
        const symbol = readObject<BinanceSymbol>(row, place);
        return {
          venueSymbol: readString(symbol.symbol, `${place}.symbol`),
          base: readString(symbol.baseAsset, `${place}.baseAsset`),
          quote: readString(symbol.quoteAsset, `${place}.quoteAsset`),
          trading: readString(symbol.status, `${place}.status`) === 'TRADING',
        };
      }),
  };
}

/** The 24-hour statistics of all symbols. */
export function dayVolumes(query: string, weight: number): RestRequest<Rows<DayVolume>> {
  return {
    path: `/api/v3/ticker/24hr${query}`,
    weight,
    parse: (body) =>
      readRows(body, '', (row, place) => {
        const ticker = readObject<BinanceDayTicker>(row, place);
        return {
          venueSymbol: readString(ticker.symbol, `${place}.symbol`),
          quoteVolume: readNotNegative(ticker.quoteVolume, `${place}.quoteVolume`),
        };
      }),
  };
}

export const time: RestRequest<number> = {
  path: '/api/v3/time',
  weight: 1,
  parse: (body) => readTime(readObject<BinanceTime>(body, '').serverTime, 'serverTime'),
};
