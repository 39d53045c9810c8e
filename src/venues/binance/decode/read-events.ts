import { type Decimal, fromUnscaled, unscaled } from '../../../domain/decimal.ts';
import { roundHalfEven } from '../../../domain/exact.ts';
import type { BookUpdate, Ticker } from '../../../domain/market-event.ts';
import type { AggTrade, Kline, MarketFields, TradeEvent } from '../../../domain/record.ts';
import { compareIds } from '../../../domain/trade-id.ts';
import type { Decoded } from '../../contract.ts';
import { liveTrade } from '../../decode/decoding.ts';
import {
  isMicros,
  malformed,
  readBoolean,
  readCount,
  readDayPrice,
  readDecimal,
  readNotNegative,
  readNumericId,
  readPositive,
  readTimeOfAnyUnit,
  type Unchecked,
} from '../../decode/fields.ts';
import { bookUpdate, readChanges, readSide } from '../../decode/read-levels.ts';
import { bookTickerFrame, readBestLevel } from '../../decode/top-of-book.ts';

// The frames follow `web-socket-streams.md` of binance-spot-api-docs. Binance US and the testnet send the same frames.
// Prices and quantities are decimal text, times are milli- or microseconds, and ids are integers. `E` is the time of
// publication. Frequent events list the common fields one by one, because an object spread is several times slower.

export const NO_CONDITIONS: readonly string[] = [];
const AGGREGATED: readonly string[] = ['aggregated'];

export function readTrade(frame: Unchecked, market: MarketFields): TradeEvent {
  return liveTrade(market, market, market.receivedAt, {
    price: readPositive(frame.p, 'p'),
    quantity: readPositive(frame.q, 'q'),
    isBuyerMaker: readBoolean(frame.m, 'm'),
    timestamp: readTimeOfAnyUnit(frame.T, 'T'),
    eventTime: readTimeOfAnyUnit(frame.E, 'E'),
    tradeId: readNumericId(frame.t, 't'),
    conditions: NO_CONDITIONS,
    timestampUs: microsOrNull(frame.T),
  });
}

function microsOrNull(time: unknown): number | null {
  return isMicros(time) ? time : null;
}

/** Reads the fields that an aggregated trade has both as a frame and as a REST row. */
export function readAggregate(frame: Unchecked) {
  const tradeId = readNumericId(frame.f, 'f');
  const lastTradeId = readNumericId(frame.l, 'l');
  if (compareIds(tradeId, lastTradeId) > 0) throw malformed('l', `is ${lastTradeId}, before the first id ${tradeId}`);
  return {
    price: readPositive(frame.p, 'p'),
    quantity: readPositive(frame.q, 'q'),
    isBuyerMaker: readBoolean(frame.m, 'm'),
    timestamp: readTimeOfAnyUnit(frame.T, 'T'),
    tradeId,
    lastTradeId,
    conditions: AGGREGATED,
  };
}

export function readAggTrade(frame: Unchecked, market: MarketFields): AggTrade {
  const aggregate = readAggregate(frame);
  return {
    kind: 'agg_trade',
    venue: market.venue,
    symbol: market.symbol,
    venueSymbol: market.venueSymbol,
    coin: market.coin,
    environment: market.environment,
    epoch: market.epoch,
    receivedAt: market.receivedAt,
    price: aggregate.price,
    quantity: aggregate.quantity,
    isBuyerMaker: aggregate.isBuyerMaker,
    timestamp: aggregate.timestamp,
    eventTime: readTimeOfAnyUnit(frame.E, 'E'),
    tradeId: aggregate.tradeId,
    firstTradeId: aggregate.tradeId,
    lastTradeId: aggregate.lastTradeId,
    conditions: aggregate.conditions,
    source: 'live',
    timestampUs: microsOrNull(frame.T),
  };
}

/** Reads a ticker. The mini ticker has no average and no count, and its change is computed from the open price. */
export function readTicker(frame: Unchecked, market: MarketFields): Ticker {
  const isMini = frame.e === '24hrMiniTicker';
  const price = readPositive(frame.c, 'c');
  const open24h = readDayPrice(frame.o, 'o');
  return {
    kind: 'ticker',
    venue: market.venue,
    symbol: market.symbol,
    venueSymbol: market.venueSymbol,
    coin: market.coin,
    environment: market.environment,
    epoch: market.epoch,
    receivedAt: market.receivedAt,
    price,
    timestamp: readTimeOfAnyUnit(frame.E, 'E'),
    volume24h: readNotNegative(frame.v, 'v'),
    quoteVolume24h: readNotNegative(frame.q, 'q'),
    change24h: isMini ? percentChange(open24h, price) : readDecimal(frame.P, 'P'),
    open24h,
    high24h: readDayPrice(frame.h, 'h'),
    low24h: readDayPrice(frame.l, 'l'),
    vwap24h: isMini ? null : readDayPrice(frame.w, 'w'),
    tradeCount24h: isMini ? null : readCount(frame.n, 'n'),
  };
}

/** Returns the change between two prices in percent, rounded to 3 decimal places, like `P` in Binance's ticker. */
function percentChange(open: Decimal | null, price: Decimal): Decimal | null {
  if (open === null) return null;
  const from = unscaled(open);
  return fromUnscaled(roundHalfEven((unscaled(price) - from) * 100_000n, from), 3);
}

/** Reads a book ticker. Binance sends no time with it. A side without orders has price and quantity zero. */
export function readBookTicker(frame: Unchecked, market: MarketFields): Decoded {
  const updateId = readNumericId(frame.u, 'u');
  const bid = readBestLevel(frame.b, 'b', frame.B, 'B');
  const ask = readBestLevel(frame.a, 'a', frame.A, 'A');
  return bookTickerFrame(market, bid, ask, { updateId, timestamp: null });
}

/** Reads the candle `k` of a kline frame. Its interval and symbol must be the frame's. */
export function readKline(frame: Unchecked, k: Unchecked, interval: string, market: MarketFields): Kline {
  if (k.i !== interval) throw malformed('k.i', `is ${JSON.stringify(k.i)}, not the stream's ${interval}`);
  if (k.s !== frame.s) throw malformed('k.s', `is ${JSON.stringify(k.s)}, not the frame's ${JSON.stringify(frame.s)}`);
  const openTime = readTimeOfAnyUnit(k.t, 'k.t');
  const closeTime = readTimeOfAnyUnit(k.T, 'k.T');
  if (closeTime <= openTime) throw malformed('k.T', `is ${closeTime}, not after the open time ${openTime}`);
  return {
    kind: 'kline',
    ...market,
    interval,
    timestamp: readTimeOfAnyUnit(frame.E, 'E'),
    openTime,
    closeTime,
    open: readPositive(k.o, 'k.o'),
    high: readPositive(k.h, 'k.h'),
    low: readPositive(k.l, 'k.l'),
    close: readPositive(k.c, 'k.c'),
    volume: readNotNegative(k.v, 'k.v'),
    quoteVolume: readNotNegative(k.q, 'k.q'),
    takerBuyVolume: readNotNegative(k.V, 'k.V'),
    takerBuyQuoteVolume: readNotNegative(k.Q, 'k.Q'),
    tradeCount: readCount(k.n, 'k.n'),
    closed: readBoolean(k.x, 'k.x'),
  };
}

export function readDepthUpdate(frame: Unchecked, market: MarketFields): BookUpdate {
  const firstUpdateId = readNumericId(frame.U, 'U');
  const lastUpdateId = readNumericId(frame.u, 'u');
  if (compareIds(firstUpdateId, lastUpdateId) > 0)
    throw malformed('u', `is ${lastUpdateId}, before the first id ${firstUpdateId}`);
  return bookUpdate(market, {
    firstUpdateId,
    lastUpdateId,
    snapshot: false,
    bids: readChanges(frame.b, 'b'),
    asks: readChanges(frame.a, 'a'),
    timestamp: readTimeOfAnyUnit(frame.E, 'E'),
    sequence: null,
  });
}

/**
 * Reads a partial depth frame or a REST body; neither has a symbol or a time. Before the first order of a new listing,
 * and after the testnet's reset, the book is empty with the id -1. The id becomes 0 here; no update has the id -1 or 0.
 */
export function readBook(book: Unchecked, market: MarketFields): BookUpdate {
  const bids = readSide(book.bids, 'bids', 'bids');
  const asks = readSide(book.asks, 'asks', 'asks');
  const hasNotBegun = book.lastUpdateId === -1 && bids.length === 0 && asks.length === 0;
  const updateId = hasNotBegun ? '0' : readNumericId(book.lastUpdateId, 'lastUpdateId');
  return bookUpdate(market, {
    firstUpdateId: updateId,
    lastUpdateId: updateId,
    snapshot: true,
    bids,
    asks,
    timestamp: null,
    sequence: null,
  });
}
