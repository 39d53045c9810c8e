import { dayFigures, priceText, quantityText, quoteText } from './binance-frames.ts';
import { nextOpenTime, openTime } from './candle.ts';
import { QUOTE } from './coins.ts';
import { eightPlaces } from './decimals.ts';
import type { Listing } from './listing.ts';
import type { VenueHost } from './venue-host.ts';
import type { RestRequest } from './venue-protocol.ts';

export interface RowsError {
  readonly code: number;
  readonly message: string;
}

/** Makes the rows of an answer, oldest first, at most `limit`. */
export type Rows = (host: VenueHost, symbol: string, request: RestRequest, limit: number) => string[] | RowsError;

const DAY = 86_400_000;

/** `trades` and `historicalTrades`: from `fromId`, else the latest. */
export const tradeRows: Rows = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const listing = host.listing(symbol);
  if (listing === undefined) return host.capture?.tradeRows(symbol, fromId, limit) ?? [];
  const { trades } = listing;
  const first = fromId === undefined ? Math.max(trades.first, trades.count - limit) : trades.fromId(fromId);
  const rows: string[] = [];
  for (let number = first; number < Math.min(trades.count, first + limit); number++)
    rows.push(tradeRow(listing, number));
  return rows;
};

function tradeRow(listing: Listing, number: number): string {
  const { trades } = listing;
  const steps = trades.price(number);
  const quantity = trades.quantity(number);
  return (
    `{"id":${trades.id(number)},"price":"${priceText(listing, steps)}","qty":"${quantityText(listing, quantity)}",` +
    `"quoteQty":"${quoteText(listing, steps * quantity)}","time":${trades.time(number)},"isBuyerMaker":${trades.sell(number)},"isBestMatch":true}`
  );
}

/** `aggTrades`: from the aggregated id `fromId`, or from `startTime` up to `endTime`, else the latest. */
export const aggTradeRows: Rows = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const startTime = integer(query, 'startTime');
  const endTime = integer(query, 'endTime');
  if (fromId !== undefined && startTime !== undefined)
    return { code: -1128, message: 'Combination of optional parameters invalid.' };
  const listing = host.listing(symbol);
  if (listing === undefined) return host.capture?.aggTradeRows(symbol, fromId, limit) ?? [];
  const { trades } = listing;
  const end = endTime === undefined ? trades.count : trades.fromTime(endTime + 1);
  if (fromId === undefined && startTime === undefined) return latestAggTrades(listing, end, limit);
  let from = fromId === undefined ? trades.fromTime(startTime ?? 0) : trades.fromGroup(fromId);
  const rows: string[] = [];
  while (from < end && rows.length < limit) {
    const last = lastOfGroup(listing, from);
    rows.push(aggTradeRow(listing, from, last));
    from = last + 1;
  }
  return rows;
};

function latestAggTrades(listing: Listing, end: number, limit: number): string[] {
  const { trades } = listing;
  const rows: string[] = [];
  let last = end - 1;
  while (last >= trades.first && rows.length < limit) {
    let first = last;
    while (first - 1 >= trades.first && trades.group(first - 1) === trades.group(last)) first--;
    rows.push(aggTradeRow(listing, first, last));
    last = first - 1;
  }
  return rows.reverse();
}

function lastOfGroup(listing: Listing, number: number): number {
  const { trades } = listing;
  let last = number;
  while (last + 1 < trades.count && trades.group(last + 1) === trades.group(number)) last++;
  return last;
}

function aggTradeRow(listing: Listing, first: number, last: number): string {
  const { trades } = listing;
  let quantity = 0;
  for (let number = first; number <= last; number++) quantity += trades.quantity(number);
  return (
    `{"a":${trades.group(first)},"p":"${priceText(listing, trades.price(first))}","q":"${quantityText(listing, quantity)}",` +
    `"f":${trades.id(first)},"l":${trades.id(last)},"T":${trades.time(first)},"m":${trades.sell(first)},"M":true}`
  );
}

/** `klines`: arrays of twelve; from `startTime`, else the latest; the last may be open. */
export const klineRows: Rows = (host, symbol, { query, now }, limit) => {
  const interval = query.get('interval') ?? '';
  const latest = openTime(interval, now);
  if (latest === undefined || (interval === '1s' && host.id === 'binance_us'))
    return { code: -1120, message: 'Invalid interval.' };
  const listing = host.listing(symbol);
  if (listing === undefined) return [];
  const endTime = Math.min(integer(query, 'endTime') ?? now, now);
  const startTime = integer(query, 'startTime');
  let open =
    startTime === undefined ? (openTime(interval, endTime) ?? latest) : (openTime(interval, startTime) ?? latest);
  if (startTime === undefined) for (let i = 1; i < limit; i++) open = openTime(interval, open - 1) ?? open;
  else if (open < startTime) open = nextOpenTime(interval, open);
  const rows: string[] = [];
  while (open <= endTime && rows.length < limit) {
    const end = nextOpenTime(interval, open);
    rows.push(klineRow(listing, open, end));
    open = end;
  }
  return rows;
};

function klineRow(listing: Listing, open: number, end: number): string {
  const candle = listing.candles.candle(open, end);
  const price = (steps: number) => `"${priceText(listing, steps)}"`;
  return (
    `[${open},${price(candle.open)},${price(candle.high)},${price(candle.low)},${price(candle.close)},"${quantityText(listing, candle.volume)}",` +
    `${end - 1},"${quoteText(listing, candle.quote)}",${candle.trades},"${quantityText(listing, candle.buyVolume)}","${quoteText(listing, candle.buyQuote)}","0"]`
  );
}

/** One symbol of `ticker/24hr`. */
export function dayRow(listing: Listing, now: number): string {
  const { day, change, percent, average, lastQuantity } = dayFigures(listing, now);
  const price = (steps: number) => priceText(listing, steps);
  const { bestBid, bestAsk } = listing;
  return (
    `{"symbol":"${listing.symbol}","priceChange":"${change}","priceChangePercent":"${percent}","weightedAvgPrice":"${average}",` +
    `"prevClosePrice":"${price(day.open)}","lastPrice":"${price(day.close)}","lastQty":"${lastQuantity}",` +
    `"bidPrice":"${price(bestBid)}","bidQty":"${quantityText(listing, listing.quantityAt(bestBid))}","askPrice":"${price(bestAsk)}",` +
    `"askQty":"${quantityText(listing, listing.quantityAt(bestAsk))}","openPrice":"${price(day.open)}","highPrice":"${price(day.high)}",` +
    `"lowPrice":"${price(day.low)}","volume":"${quantityText(listing, day.volume)}","quoteVolume":"${quoteText(listing, day.quote)}",` +
    `"openTime":${now - DAY},"closeTime":${now},"firstId":${day.firstId},"lastId":${day.lastId},"count":${day.trades}}`
  );
}

/** One symbol of `exchangeInfo`. */
export function symbolRow(host: VenueHost, symbol: string): string {
  const listing = host.listing(symbol);
  const [base, quote] =
    listing === undefined ? (host.capture?.assets(symbol) ?? [symbol, QUOTE]) : [listing.coin, QUOTE];
  const tick = listing === undefined ? '0.00000001' : eightPlaces(1, listing.priceDecimals);
  const lot = listing === undefined ? '0.00000001' : eightPlaces(1, listing.quantityDecimals);
  const filters =
    `[{"filterType":"PRICE_FILTER","minPrice":"${tick}","maxPrice":"1000000.00000000","tickSize":"${tick}"},` +
    `{"filterType":"LOT_SIZE","minQty":"${lot}","maxQty":"9000000.00000000","stepSize":"${lot}"},` +
    '{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5}]';
  return (
    `{"symbol":"${symbol}","status":"TRADING","baseAsset":"${base}","baseAssetPrecision":8,"quoteAsset":"${quote}","quotePrecision":8,"quoteAssetPrecision":8,` +
    '"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"icebergAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,' +
    `"filters":${filters},"permissions":["SPOT"],"permissionSets":[["SPOT"]]}`
  );
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null || text === '' ? undefined : Number(text);
}
