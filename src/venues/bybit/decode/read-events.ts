import { canonicalDecimal, type Decimal } from '../../../domain/decimal.ts';
import type { BookUpdate, Ticker } from '../../../domain/market-event.ts';
import type { Kline, MarketFields, TradeEvent } from '../../../domain/record.ts';
import type { Decoded } from '../../contract.ts';
import { liveTrade, marketFrame, noPriceYet } from '../../decode/decoding.ts';
import {
  areZero,
  malformed,
  readArray,
  readBoolean,
  readDayPrice,
  readDecimal,
  readEach,
  readNotNegative,
  readNumericId,
  readObject,
  readPositive,
  readTextId,
  readTime,
  readTimeOrZero,
  type Unchecked,
} from '../../decode/fields.ts';
import { bookUpdate, readChanges, readSide } from '../../decode/read-levels.ts';
import { type BestLevel, bookTickerFrame, readBestLevel } from '../../decode/top-of-book.ts';
import type { BybitTopic } from './topic.ts';

// The frames follow Bybit's v5 documentation (websocket/public). Prices and quantities are decimal text, times are
// milliseconds. Frequent events list the common fields one by one, because an object spread is several times slower.

const NONE: readonly string[] = [];
const BLOCK: readonly string[] = ['block'];
const RPI: readonly string[] = ['rpi'];
const BLOCK_RPI: readonly string[] = ['block', 'rpi'];

/** Reads the trades of a message, in the order of matching. Their event time is the message's `ts`. */
export function readTrades(message: Unchecked, market: MarketFields): readonly TradeEvent[] {
  const publishedAt = readTimeOrZero(message.ts, 'ts');
  const trades = readEach(message.data, 'data', (row) => readTrade(readObject(row, ''), publishedAt, market));
  if (trades.length === 0) throw malformed('data', 'has no trade');
  return trades;
}

/** `RPI` (retail price improvement) may be absent, as in recordings from before 2025. */
function readTrade(trade: Unchecked, publishedAt: number | null, market: MarketFields): TradeEvent {
  requireSymbol(trade.s, 's', market.venueSymbol);
  return liveTrade(market, market, market.receivedAt, {
    price: readPositive(trade.p, 'p'),
    quantity: readPositive(trade.v, 'v'),
    isBuyerMaker: takerSold(trade.S, 'S'),
    timestamp: readTime(trade.T, 'T'),
    eventTime: publishedAt,
    tradeId: readTextId(trade.i, 'i'),
    conditions: conditionsOf(readBoolean(trade.BT, 'BT'), trade.RPI !== undefined && readBoolean(trade.RPI, 'RPI')),
    timestampUs: null,
  });
}

/** @throws Fault of kind `malformed` if the symbol is not the topic's: Bybit has sent frames with another symbol. */
export function requireSymbol(symbol: unknown, field: string, venueSymbol: string): void {
  if (symbol === venueSymbol) return;
  const problem = `is ${JSON.stringify(symbol)}, not the topic's ${venueSymbol}`;
  throw malformed(field, symbol === undefined ? 'is missing (the symbol)' : problem);
}

export function takerSold(side: unknown, field: string): boolean {
  if (side === 'Sell') return true;
  if (side === 'Buy') return false;
  throw malformed(field, `is ${JSON.stringify(side)}, neither Buy nor Sell`);
}

export function conditionsOf(block: boolean, rpi: boolean): readonly string[] {
  if (block) return rpi ? BLOCK_RPI : BLOCK;
  return rpi ? RPI : NONE;
}

/**
 * Reads the candles of a message. They get the message's time `ts`, because a candle's own `timestamp` is the time of
 * its last trade. Leaves out candles without a price.
 */
export function readKlines(message: Unchecked, topic: BybitTopic, market: MarketFields): Decoded {
  const publishedAt = readTimeOrZero(message.ts, 'ts');
  const rows = readEach(message.data, 'data', (row) => {
    const kline = readObject(row, '');
    const { open, high, low, close } = kline;
    return publishedAt === null || areZero(open, high, low, close)
      ? undefined
      : readKline(kline, publishedAt, topic, market);
  });
  if (rows.length === 0) throw malformed('data', 'has no candle');
  const klines = rows.filter((kline) => kline !== undefined);
  return marketFrame(market, klines, klines.length === rows.length ? undefined : 'no_price_yet');
}

function readKline(kline: Unchecked, publishedAt: number, topic: BybitTopic, market: MarketFields): Kline {
  if (kline.interval !== topic.venueInterval)
    throw malformed('interval', `is ${JSON.stringify(kline.interval)}, not the topic's ${topic.venueInterval}`);
  const openTime = readTime(kline.start, 'start');
  const closeTime = readTime(kline.end, 'end');
  if (closeTime <= openTime) throw malformed('end', `is ${closeTime}, not after the start ${openTime}`);
  return {
    kind: 'kline',
    ...market,
    interval: topic.interval,
    timestamp: publishedAt,
    openTime,
    closeTime,
    open: readPositive(kline.open, 'open'),
    high: readPositive(kline.high, 'high'),
    low: readPositive(kline.low, 'low'),
    close: readPositive(kline.close, 'close'),
    volume: readNotNegative(kline.volume, 'volume'),
    quoteVolume: readNotNegative(kline.turnover, 'turnover'),
    takerBuyVolume: null,
    takerBuyQuoteVolume: null,
    tradeCount: null,
    closed: readBoolean(kline.confirm, 'confirm'),
  };
}

/**
 * Reads a ticker, which spot always sends whole. Bybit sends an unknown value as an empty string, an unknown time as 0.
 */
export function readTicker(message: Unchecked, market: MarketFields): Decoded {
  const ticker = readSnapshot(message);
  requireSymbol(ticker.symbol, 'data.symbol', market.venueSymbol);
  const timestamp = readTimeOrZero(message.ts, 'ts');
  if (timestamp === null || areZero(ticker.lastPrice)) return noPriceYet(market);
  const event: Ticker = {
    kind: 'ticker',
    venue: market.venue,
    symbol: market.symbol,
    venueSymbol: market.venueSymbol,
    coin: market.coin,
    environment: market.environment,
    epoch: market.epoch,
    receivedAt: market.receivedAt,
    price: readPositive(ticker.lastPrice, 'data.lastPrice'),
    timestamp,
    volume24h: ticker.volume24h === '' ? null : readNotNegative(ticker.volume24h, 'data.volume24h'),
    quoteVolume24h: ticker.turnover24h === '' ? null : readNotNegative(ticker.turnover24h, 'data.turnover24h'),
    change24h: ticker.price24hPcnt === '' ? null : percent(readDecimal(ticker.price24hPcnt, 'data.price24hPcnt')),
    open24h: readPriceOrEmpty(ticker.prevPrice24h, 'data.prevPrice24h'),
    high24h: readPriceOrEmpty(ticker.highPrice24h, 'data.highPrice24h'),
    low24h: readPriceOrEmpty(ticker.lowPrice24h, 'data.lowPrice24h'),
    vwap24h: null,
    tradeCount24h: null,
  };
  return marketFrame(market, [event]);
}

function readPriceOrEmpty(value: unknown, field: string): Decimal | null {
  return value === '' ? null : readDayPrice(value, field);
}

function percent(fraction: Decimal): Decimal {
  const decimal = canonicalDecimal(`${fraction}e2`);
  if (decimal === undefined) throw malformed('data.price24hPcnt', `is ${fraction}, too large for a percentage`);
  return decimal;
}

/**
 * Reads the best prices of a one-level book. Bybit sends them whole each time, and again after 3 s without a change.
 */
export function readBookTicker(message: Unchecked, market: MarketFields): { updateId: string; decoded: Decoded } {
  const book = readSnapshot(message);
  const updateId = readNumericId(book.u, 'data.u');
  requireSymbol(book.s, 'data.s', market.venueSymbol);
  const bid = readBest(book.b, 'data.b');
  const ask = readBest(book.a, 'data.a');
  return { updateId, decoded: bookTickerFrame(market, bid, ask, { updateId, timestamp: matchedAt(message) }) };
}

function readBest(value: unknown, field: string): BestLevel | undefined {
  const levels = readArray(value, field);
  if (levels.length === 0) return undefined;
  if (levels.length > 1) throw malformed(field, `has ${levels.length} levels, not one`);
  const level = readArray(levels[0], `${field}[0]`);
  if (level.length !== 2) throw malformed(`${field}[0]`, `has ${level.length} elements, not price and quantity`);
  return readBestLevel(level[0], `${field}[0][0]`, level[1], `${field}[0][1]`);
}

/** Reads a whole book (`snapshot`) or changes of a book (`delta`). */
export function readBook(message: Unchecked, market: MarketFields): BookUpdate {
  const { type } = message;
  if (type !== 'snapshot' && type !== 'delta')
    throw malformed('type', `is ${JSON.stringify(type)}, neither snapshot nor delta`);
  const book = readObject(message.data, 'data');
  requireSymbol(book.s, 'data.s', market.venueSymbol);
  const updateId = readNumericId(book.u, 'data.u');
  const snapshot = type === 'snapshot';
  return bookUpdate(market, {
    firstUpdateId: updateId,
    lastUpdateId: updateId,
    snapshot,
    bids: snapshot ? readSide(book.b, 'data.b', 'bids') : readChanges(book.b, 'data.b'),
    asks: snapshot ? readSide(book.a, 'data.a', 'asks') : readChanges(book.a, 'data.a'),
    timestamp: matchedAt(message),
    sequence: readNumericId(book.seq, 'data.seq'),
  });
}

/**
 * Reads the matching engine's time, which trades have too. Null if it is absent, as in recordings from before 2024, or
 * 0, as in a closed market.
 */
function matchedAt(message: Unchecked): number | null {
  return message.cts === undefined ? null : readTimeOrZero(message.cts, 'cts');
}

/** Reads the data of a topic that spot always sends whole. */
function readSnapshot(message: Unchecked): Unchecked {
  if (message.type !== 'snapshot') throw malformed('type', `is ${JSON.stringify(message.type)}, not snapshot`);
  return readObject(message.data, 'data');
}
