import type { MarketFields, TradeEvent } from '../../../domain/record.ts';
import type { DayVolume, ListedInstrument, PageRows, PastOrigin, RestRequest, Rows } from '../../contract.ts';
import {
  malformed,
  readBoolean,
  readLimit,
  readNotNegative,
  readObject,
  readPage,
  readPositive,
  readRows,
  readString,
  readTextId,
  type Unchecked,
  wordsOf,
} from '../../decode/fields.ts';
import { pastFields, pastTrade } from '../../rest/past-records.ts';
import { conditionsOf, requireSymbol, takerSold } from '../decode/read-events.ts';
import { faultOfCode } from './refusal.ts';

/**
 * Requests the instruments, which spot lists in one page. Bybit allows 600 requests in 5 s from an address, so each
 * request has weight 1.
 */
export const instruments: RestRequest<Rows<ListedInstrument>> = {
  path: '/v5/market/instruments-info?category=spot',
  weight: 1,
  parse: (body) => readRows(readResult(body).list, 'result.list', readInstrument),
};

/** Every row has a multiplier; it has a meaning only for tokenised shares (xStocks). */
function readInstrument(row: Unchecked): ListedInstrument {
  const lots = readObject(row.lotSizeFilter ?? {}, 'lotSizeFilter');
  const prices = readObject(row.priceFilter ?? {}, 'priceFilter');
  return {
    venueSymbol: readString(row.symbol, 'symbol'),
    base: readString(row.baseCoin, 'baseCoin'),
    quote: readString(row.quoteCoin, 'quoteCoin'),
    status: readString(row.status, 'status') === 'Trading' ? 'trading' : 'halted',
    tickSize: readLimit(prices.tickSize, 'priceFilter.tickSize'),
    lotStep: readLimit(lots.basePrecision, 'lotSizeFilter.basePrecision'),
    minQuantity: readLimit(lots.minOrderQty, 'lotSizeFilter.minOrderQty'),
    minValue: readLimit(lots.minOrderAmt, 'lotSizeFilter.minOrderAmt'),
    multiplier: row.symbolType === 'xstocks' ? readPositive(row.xstockMultiplier, 'xstockMultiplier') : null,
  };
}

export const dayVolumes: RestRequest<Rows<DayVolume>> = {
  path: '/v5/market/tickers?category=spot',
  weight: 1,
  parse: (body) =>
    readRows(readResult(body).list, 'result.list', (ticker) => ({
      venueSymbol: readString(ticker.symbol, 'symbol'),
      quoteVolume: readNotNegative(ticker.turnover24h, 'turnover24h'),
    })),
};

export const time: RestRequest<number> = {
  path: '/v5/market/time',
  weight: 1,
  parse(body) {
    const nanoseconds = readTextId(readResult(body).timeNano, 'result.timeNano');
    if (nanoseconds.length !== 19) throw malformed('result.timeNano', `is ${nanoseconds}, not nanoseconds since 1970`);
    return Number(nanoseconds.slice(0, -6)) + Number(nanoseconds.slice(-6)) / 1e6;
  },
};

/** Reads milliseconds since 1970, sent as text. */
export function readTextTime(value: unknown, field: string): number {
  const text = readTextId(value, field);
  if (text.length !== 13) throw malformed(field, `is ${text}, not milliseconds since 1970`);
  return Number(text);
}

/** Returns the result of a body. Errors come with status 200 too: a `retCode` other than 0 is thrown as a Fault. */
export function readResult(body: unknown): Unchecked {
  const { retCode, retMsg, result } = readObject(body, '');
  if (typeof retCode !== 'number') throw malformed('retCode', 'is not a number');
  if (retCode !== 0)
    throw faultOfCode(retCode, retMsg, undefined) ?? malformed('retCode', `${retCode}: ${wordsOf(retMsg)}`);
  return readObject(result, 'result');
}

/** Bybit returns at most this many trades of a spot symbol, whatever limit is requested. */
const MAX_TRADES = 60;

/** Requests the last trades of an instrument, newest first. Bybit returns no older trades. */
export function recentTrades(origin: PastOrigin): RestRequest<PageRows<TradeEvent>> {
  const symbol = encodeURIComponent(origin.instrument.venueSymbol);
  return {
    path: `/v5/market/recent-trade?category=spot&symbol=${symbol}&limit=${MAX_TRADES}`,
    weight: 1,
    parse: (body, onBadRow) =>
      readPage(
        readResult(body).list,
        'result.list',
        (row) => readRecentTrade(readObject(row, ''), pastFields('bybit', origin)),
        onBadRow,
      ),
  };
}

/** `isRPITrade` (retail price improvement) may be absent, as in bodies from before 2025. */
function readRecentTrade(row: Unchecked, market: MarketFields): TradeEvent {
  requireSymbol(row.symbol, 'symbol', market.venueSymbol);
  const isRpi = row.isRPITrade !== undefined && readBoolean(row.isRPITrade, 'isRPITrade');
  return pastTrade(market, {
    price: readPositive(row.price, 'price'),
    quantity: readPositive(row.size, 'size'),
    isBuyerMaker: takerSold(row.side, 'side'),
    timestamp: readTextTime(row.time, 'time'),
    tradeId: readTextId(row.execId, 'execId'),
    lastTradeId: null,
    conditions: conditionsOf(readBoolean(row.isBlockTrade, 'isBlockTrade'), isRpi),
  });
}
