import type { KlineInterval } from '../../domain/instrument.ts';
import { addIntervals, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import { QUOTE } from '../market/coins.ts';
import { fixed } from '../market/decimals.ts';
import type { Listing, TradeTexts } from '../market/listing.ts';
import { RestError, rowLimit } from '../rest/rest-error.ts';
import { RestLimit } from '../rest/rest-limit.ts';
import type { VenueHost } from '../venue-host.ts';
import type { RestAnswer, SimulatedRest, VenueRequest } from '../venue-protocol.ts';
import type { BybitBooks } from './bybit-books.ts';
import { BYBIT_INTERVALS, bybitTrade, dayFigures } from './bybit-frames.ts';

const BAN_MS = 600_000;
const MAX_RECENT_TRADES = 60;
const WRONG_PARAMETER = 10001;

type Handler = (request: VenueRequest) => string;

/** Bybit v5's public market REST interface for spot: envelope, limits, errors. PROTOCOL facts 4. */
export class BybitRest implements SimulatedRest {
  private readonly host: VenueHost;
  private readonly books: BybitBooks;
  private readonly limit: RestLimit;
  private readonly routes: ReadonlyMap<string, Handler>;

  constructor(host: VenueHost, books: BybitBooks) {
    this.host = host;
    this.books = books;
    this.limit = new RestLimit({ ...host.profile.restLimit, warnings: 0, banMs: BAN_MS });
    this.routes = new Map<string, Handler>([
      ['/v5/market/time', ({ now }) => `{"timeSecond":"${Math.floor(now / 1_000)}","timeNano":"${now}000000"}`],
      ['/v5/market/instruments-info', (request) => this.instruments(request)],
      ['/v5/market/recent-trade', (request) => this.recentTrades(request)],
      ['/v5/market/orderbook', (request) => this.orderBook(request)],
      ['/v5/market/kline', (request) => this.klines(request)],
      ['/v5/market/tickers', (request) => this.tickers(request)],
    ]);
  }

  answer(request: VenueRequest): RestAnswer {
    if (this.limit.take(1, request.now).kind !== 'allowed')
      return { status: 403, body: tooFrequent, contentType: 'text/html' };
    const handler = this.routes.get(request.path);
    if (handler === undefined) return { status: 404, body: '' };
    const { code, message, result } = resultOf(handler, request);
    return {
      status: 200,
      body: `{"retCode":${code},"retMsg":${JSON.stringify(message)},"result":${result},"retExtInfo":{},"time":${request.now}}`,
    };
  }

  clearLimit(): void {
    this.limit.clear();
  }

  refusalBody(status: number, now: number): Pick<RestAnswer, 'body' | 'contentType'> {
    if (status === 403) return { body: tooFrequent, contentType: 'text/html' };
    if (status === 429)
      return { body: `{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{},"time":${now}}` };
    return { body: '<html><body>Service unavailable</body></html>', contentType: 'text/html' };
  }

  private instruments({ query }: VenueRequest): string {
    requireSpot(query);
    const symbol = query.get('symbol');
    if (symbol !== null && !this.host.lists(symbol)) throw wrongSymbol();
    const all = this.host.listedSymbols;
    const rows = (symbol === null ? all : [symbol]).map((name, index) => this.instrument(name, index));
    return `{"category":"spot","list":[${rows.join(',')}]}`;
  }

  private instrument(symbol: string, index: number): string {
    const listing = this.host.listing(symbol);
    const [base, quote] =
      listing === undefined ? (this.host.capture?.assets(symbol) ?? [symbol, QUOTE]) : [listing.coin, QUOTE];
    const tick = listing === undefined ? '0.00000001' : fixed(1, listing.priceDecimals);
    const lot = listing === undefined ? '0.00000001' : fixed(1, listing.quantityDecimals);
    return (
      `{"symbolId":${(listing?.index ?? index) + 1},"symbol":"${symbol}","baseCoin":"${base}","quoteCoin":"${quote}","innovation":"0","status":"Trading","marginTrading":"utaOnly","stTag":"0",` +
      `"lotSizeFilter":{"basePrecision":"${lot}","quotePrecision":"0.0000001","minOrderQty":"${lot}","maxOrderQty":"1000000","minOrderAmt":"5","maxOrderAmt":"1999999999"},` +
      `"priceFilter":{"tickSize":"${tick}"},"riskParameters":{"priceLimitRatioX":"0.05","priceLimitRatioY":"0.05"},"symbolType":"","xstockMultiplier":"1"}`
    );
  }

  private recentTrades({ query }: VenueRequest): string {
    const symbol = this.symbol(query);
    const limit = rowLimit(query, MAX_RECENT_TRADES, MAX_RECENT_TRADES);
    const listing = this.host.listing(symbol);
    const trades =
      listing === undefined
        ? (this.host.capture?.tradesOf(`publicTrade.${symbol}`, undefined, limit) ?? [])
        : listing.trades.latest(limit).map((trade) => bybitTrade(listing, trade));
    const rows = trades.map((trade) => tradeRow(symbol, trade)).reverse();
    return `{"category":"spot","list":[${rows.join(',')}]}`;
  }

  private orderBook({ query, now }: VenueRequest): string {
    return this.books.rest(this.listing(query), rowLimit(query, 1, 1_000), now);
  }

  private klines({ query, now }: VenueRequest): string {
    const listing = this.listing(query);
    const interval = BYBIT_INTERVALS[query.get('interval') ?? ''];
    if (interval === undefined) throw new RestError(WRONG_PARAMETER, 'Invalid period!');
    const limit = rowLimit(query, 200, 1_000);
    const { openedAt } = listing.candles;
    const start = Math.max(Number(query.get('start') ?? 0), openTimeOf(interval, openedAt));
    let last = Math.min(Number(query.get('end') ?? now), now);
    if (query.has('start') && !query.has('end')) last = Math.min(last, lastOpenTime(interval, start, limit));
    const rows: string[] = [];
    for (
      let open = openTimeOf(interval, last);
      open >= start && rows.length < limit;
      open = addIntervals(open, interval, -1)
    )
      rows.push(klineRow(listing, open, nextOpenTime(interval, open)));
    return `{"category":"spot","symbol":"${listing.symbol}","list":[${rows.join(',')}]}`;
  }

  private tickers({ query, now }: VenueRequest): string {
    requireSpot(query);
    const listings = query.has('symbol') ? [this.listing(query)] : this.host.listings;
    return `{"category":"spot","list":[${listings.map((listing) => tickerRow(listing, now)).join(',')}]}`;
  }

  private symbol(query: URLSearchParams): string {
    requireSpot(query);
    for (const name of ['start', 'end', 'limit'])
      if (!/^\d{1,15}$/.test(query.get(name) ?? '0'))
        throw new RestError(WRONG_PARAMETER, `params error: ${name} is invalid`);
    const symbol = query.get('symbol') ?? '';
    if (!this.host.lists(symbol)) throw wrongSymbol();
    return symbol;
  }

  private listing(query: URLSearchParams): Listing {
    const listing = this.host.listing(this.symbol(query));
    if (listing === undefined) throw wrongSymbol();
    return listing;
  }
}

const tooFrequent = 'access too frequent';

function requireSpot(query: URLSearchParams): void {
  if (query.get('category') !== 'spot') throw new RestError(WRONG_PARAMETER, 'params error: Category is invalid');
}

function wrongSymbol(): RestError {
  return new RestError(WRONG_PARAMETER, 'Not supported symbols');
}

function resultOf(handler: Handler, request: VenueRequest): { code: number; message: string; result: string } {
  try {
    return { code: 0, message: 'OK', result: handler(request) };
  } catch (error) {
    if (error instanceof RestError) return { code: error.code, message: error.message, result: '{}' };
    throw error;
  }
}

function tradeRow(symbol: string, trade: TradeTexts): string {
  const { id, price, quantity, time, sell, sequence = '', blockTrade = false, rpi = false } = trade;
  return (
    `{"execId":"${id}","symbol":"${symbol}","price":"${price}","size":"${quantity}","side":"${sell ? 'Sell' : 'Buy'}",` +
    `"time":"${time}","isBlockTrade":${blockTrade},"isRPITrade":${rpi},"seq":"${sequence}"}`
  );
}

function klineRow(listing: Listing, start: number, end: number): string {
  const { open, high, low, close, volume, quote } = listing.candleTexts(listing.candles.candle(start, end));
  return `["${start}","${open}","${high}","${low}","${close}","${volume}","${quote}"]`;
}

function tickerRow(listing: Listing, now: number): string {
  const day = dayFigures(listing, now);
  const { bid, bidQuantity, ask, askQuantity } = listing.bestTexts();
  return (
    `{"symbol":"${listing.symbol}","bid1Price":"${bid}","bid1Size":"${bidQuantity}","ask1Price":"${ask}","ask1Size":"${askQuantity}",` +
    `"lastPrice":"${day.close}","prevPrice24h":"${day.open}","price24hPcnt":"${day.change}","highPrice24h":"${day.high}",` +
    `"lowPrice24h":"${day.low}","turnover24h":"${day.quote}","volume24h":"${day.volume}","usdIndexPrice":"${day.close}"}`
  );
}

/** Start of the last of `limit` candles, the first of which begins at `start` or later. */
function lastOpenTime(interval: KlineInterval, start: number, limit: number): number {
  const open = openTimeOf(interval, start);
  return addIntervals(open, interval, open < start ? limit : limit - 1);
}
