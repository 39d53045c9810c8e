import type { DayVolumes, ListedInstrument, RestRequest } from '../contract.ts';
import { readArray, readNotNegative, readObject, readRows, readString, readTime, within } from '../fields.ts';
import type { BinanceDayTicker, BinanceExchangeInfo, BinanceSymbol, BinanceTime } from './wire.ts';

/** The instrument list. `query`: what keeps the answer small, where the venue offers it. */
export function exchangeInfo(query: string, weight: number): RestRequest<readonly ListedInstrument[]> {
  return {
    path: `/api/v3/exchangeInfo${query}`,
    weight,
    parse(body) {
      const { symbols } = readObject<BinanceExchangeInfo>(body, '');
      return readArray(symbols, 'symbols').map((row, index) => {
        try {
          return readSymbol(row);
        } catch (error) {
          throw within(`symbols[${index}]`, error);
        }
      });
    },
  };
}

function readSymbol(row: unknown): ListedInstrument {
  const symbol = readObject<BinanceSymbol>(row, '');
  return {
    venueSymbol: readString(symbol.symbol, 'symbol'),
    base: readString(symbol.baseAsset, 'baseAsset'),
    quote: readString(symbol.quoteAsset, 'quoteAsset'),
    trading: readString(symbol.status, 'status') === 'TRADING',
  };
}

/** The 24-hour statistics of all symbols. */
export function dayVolumes(query: string, weight: number): RestRequest<DayVolumes> {
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
