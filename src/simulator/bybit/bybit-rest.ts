import type { KlineInterval } from '../../domain/instrument.ts';
import { addIntervals, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import { COUNTRY_ERROR, GET_WITH_BODY_PAGE } from '../faults/refusal-pages.ts';
import type { SimulatedInstrument, TradeTexts } from '../market/simulated-instrument.ts';
import { openMinute, RestError, RestLimit, rowLimit, rowUnder } from '../rest.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, SimulatedRest, VenueRequest } from '../venue-protocol.ts';
import type { BybitBooks } from './bybit-books.ts';
import { BYBIT_INTERVALS, bybitTrade, dayStatistics } from './bybit-frames.ts';

const BAN_MS = 600_000;
const MAX_RECENT_TRADES = 60;
const WRONG_PARAMETER = 10001;

/** Makes the `result` of an answer. @throws RestError */
type Handler = (request: VenueRequest) => string;

/** Bybit v5's public market REST interface for spot: envelope, limits, errors. */
export function bybitRest(host: VenueHost, books: BybitBooks): SimulatedRest {
  const limit = new RestLimit({ ...host.spec.restLimit, warnings: 0, banMs: BAN_MS });
  const routes: Readonly<Record<string, Handler>> = {
    '/v5/market/time': ({ now }) => `{"timeSecond":"${Math.floor(now / 1_000)}","timeNano":"${now}000000"}`,
    '/v5/market/instruments-info': ({ query }) => instrumentsInfo(host, query),
    '/v5/market/recent-trade': ({ query }) => recentTrades(host, query),
    '/v5/market/orderbook': ({ query, now }) => books.rest(instrumentOf(host, query), rowLimit(query, 1, 1_000), now),
    '/v5/market/kline': ({ query, now }) => klines(host, query, now),
    '/v5/market/tickers': ({ query, now }) => tickers(host, query, now),
  };
  return {
    limit,
    refusal,
    answer(request) {
      if (limit.take(1, request.now).kind !== 'allowed') return refusal(403, request.now);
      if (Number(request.headers['content-length'] ?? 0) > 0)
        return { status: 403, body: GET_WITH_BODY_PAGE, contentType: 'text/html' };
      const handler = routes[request.path];
      if (handler === undefined) return { status: 404, body: '' };
      return { status: 200, body: answerOf(handler, request) };
    },
  };
}

function refusal(status: number | undefined, now: number): RestAnswer {
  if (status === undefined) return { status: 403, body: COUNTRY_ERROR };
  if (status === 429) return { status, body: envelope(10006, 'Too many visits!', '{}', now) };
  const body = status === 403 ? '403, access too frequent' : '<html><body>Service unavailable</body></html>';
  return { status, body, contentType: 'text/html' };
}

function envelope(code: number, message: string, result: string, now: number): string {
  return `{"retCode":${code},"retMsg":${JSON.stringify(message)},"result":${result},"retExtInfo":{},"time":${now}}`;
}

function answerOf(handler: Handler, request: VenueRequest): string {
  try {
    return envelope(0, 'OK', handler(request), request.now);
  } catch (error) {
    if (error instanceof RestError) return envelope(error.code, error.message, '{}', request.now);
    throw error;
  }
}

function instrumentsInfo(host: VenueHost, query: URLSearchParams): string {
  requireSpot(query);
  const symbol = query.get('symbol');
  if (symbol !== null && !host.lists(symbol)) throw wrongSymbol();
  const { haltedSymbols } = host.faults;
  const names = (symbol === null ? host.listedSymbols : [symbol]).filter((name) => !haltedSymbols.has(name));
  const rows = names.map((name, index) => instrumentInfo(host, name, index));
  return `{"category":"spot","list":[${rows.join(',')}]}`;
}

function instrumentInfo(host: VenueHost, symbol: string, index: number): string {
  const { base, quote, tick, lot } = host.instrumentRow(symbol);
  return (
    `{"symbolId":${(host.instrument(symbol)?.index ?? index) + 1},"symbol":"${symbol}","baseCoin":"${base}","quoteCoin":"${quote}","innovation":"0","status":"Trading","marginTrading":"utaOnly","stTag":"0",` +
    `"lotSizeFilter":{"basePrecision":"${lot}","quotePrecision":"0.0000001","minOrderQty":"${lot}","maxOrderQty":"1000000","minOrderAmt":"5","maxOrderAmt":"1999999999","maxLimitOrderQty":"1000000","maxMarketOrderQty":"1000000","postOnlyMaxLimitOrderSize":"11000000"},` +
    `"priceFilter":{"tickSize":"${tick}"},"riskParameters":{"priceLimitRatioX":"0.05","priceLimitRatioY":"0.05"},"symbolType":"","xstockMultiplier":"1"}`
  );
}

function recentTrades(host: VenueHost, query: URLSearchParams): string {
  const symbol = symbolOf(host, query);
  const limit = rowLimit(query, MAX_RECENT_TRADES, MAX_RECENT_TRADES);
  const instrument = host.instrument(symbol);
  const trades =
    instrument === undefined
      ? (host.capture?.tradesOf(`publicTrade.${symbol}`, undefined, limit) ?? [])
      : instrument.trades.latest(limit).map((trade) => bybitTrade(instrument, trade));
  const rows = trades.map((trade) => rowUnder(host.faults, symbol, trade.id, tradeRow(symbol, trade))).reverse();
  return `{"category":"spot","list":[${rows.join(',')}]}`;
}

function klines(host: VenueHost, query: URLSearchParams, now: number): string {
  const instrument = instrumentOf(host, query);
  const interval = BYBIT_INTERVALS[query.get('interval') ?? ''];
  if (interval === undefined) throw new RestError(WRONG_PARAMETER, 'Invalid period!');
  const limit = rowLimit(query, 200, 1_000);
  const { openedAt } = instrument.candles;
  const start = Math.max(Number(query.get('start') ?? 0), openTimeOf(interval, openedAt));
  let last = Math.min(Number(query.get('end') ?? now), now);
  if (query.has('start') && !query.has('end')) last = Math.min(last, lastOpenTime(interval, start, limit));
  const rows: string[] = [];
  let open = openTimeOf(interval, last);
  while (open >= start && rows.length < limit) {
    const row = klineRow(instrument, open, nextOpenTime(interval, open));
    rows.push(rowUnder(host.faults, instrument.symbol, openMinute(open), row));
    open = addIntervals(open, interval, -1);
  }
  return `{"category":"spot","symbol":"${instrument.symbol}","list":[${rows.join(',')}]}`;
}

function tickers(host: VenueHost, query: URLSearchParams, now: number): string {
  requireSpot(query);
  const instruments = query.has('symbol') ? [instrumentOf(host, query)] : host.instruments;
  return `{"category":"spot","list":[${instruments.map((instrument) => tickerRow(instrument, now)).join(',')}]}`;
}

function symbolOf(host: VenueHost, query: URLSearchParams): string {
  requireSpot(query);
  for (const name of ['start', 'end', 'limit'])
    if (!/^\d{1,15}$/.test(query.get(name) ?? '0'))
      throw new RestError(WRONG_PARAMETER, `params error: ${name} is invalid`);
  const symbol = query.get('symbol') ?? '';
  if (!host.lists(symbol)) throw wrongSymbol();
  return symbol;
}

function instrumentOf(host: VenueHost, query: URLSearchParams): SimulatedInstrument {
  const instrument = host.instrument(symbolOf(host, query));
  if (instrument === undefined) throw wrongSymbol();
  return instrument;
}

function requireSpot(query: URLSearchParams): void {
  if (query.get('category') !== 'spot') throw new RestError(WRONG_PARAMETER, 'params error: Category is invalid');
}

function wrongSymbol(): RestError {
  return new RestError(WRONG_PARAMETER, 'Not supported symbols');
}

function tradeRow(symbol: string, trade: TradeTexts): string {
  const { id, price, quantity, time, sell, sequence = '', blockTrade = false, rpi = false } = trade;
  return (
    `{"execId":"${id}","symbol":"${symbol}","price":"${price}","size":"${quantity}","side":"${sell ? 'Sell' : 'Buy'}",` +
    `"time":"${time}","isBlockTrade":${blockTrade},"isRPITrade":${rpi},"seq":"${sequence}"}`
  );
}

function klineRow(instrument: SimulatedInstrument, start: number, end: number): string {
  const { open, high, low, close, volume, quote } = instrument.candleTexts(instrument.candles.candle(start, end));
  return `["${start}","${open}","${high}","${low}","${close}","${volume}","${quote}"]`;
}

function tickerRow(instrument: SimulatedInstrument, now: number): string {
  const day = dayStatistics(instrument, now);
  const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
  return (
    `{"symbol":"${instrument.symbol}","bid1Price":"${bid}","bid1Size":"${bidQuantity}","ask1Price":"${ask}","ask1Size":"${askQuantity}",` +
    `"lastPrice":"${day.close}","prevPrice24h":"${day.open}","price24hPcnt":"${day.change}","highPrice24h":"${day.high}",` +
    `"lowPrice24h":"${day.low}","turnover24h":"${day.quote}","volume24h":"${day.volume}","usdIndexPrice":"${day.close}"}`
  );
}

/** Returns the open time of the last of `limit` candles. The first of them opens at `start`, or is the next to open. */
function lastOpenTime(interval: KlineInterval, start: number, limit: number): number {
  const open = openTimeOf(interval, start);
  return addIntervals(open, interval, open < start ? limit : limit - 1);
}
