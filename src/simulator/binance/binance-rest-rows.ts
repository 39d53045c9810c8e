import { KLINE_INTERVALS } from '../../domain/instrument.ts';
import { addIntervals, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import { QUOTE } from '../market/coins.ts';
import { eightPlaces } from '../market/decimals.ts';
import type { Listing } from '../market/listing.ts';
import type { PastTrades } from '../market/past-trades.ts';
import type { Trade } from '../market/trade-ring.ts';
import { RestError } from '../rest/rest-error.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueRequest } from '../venue-protocol.ts';
import { dayFigures } from './binance-frames.ts';

export function missing(parameter: string): RestError {
  return new RestError(-1102, `Mandatory parameter '${parameter}' was not sent, was empty/null, or malformed.`);
}

/** Makes the rows of an answer, oldest first, at most `limit`. @throws RestError */
export type RowsOf = (host: VenueHost, symbol: string, request: VenueRequest, limit: number) => readonly string[];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `trades` and `historicalTrades`: from `fromId`, else the latest. */
export const tradeRows: RowsOf = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const listing = host.listing(symbol);
  if (listing === undefined) {
    const recorded = host.capture?.tradesOf(`${symbol.toLowerCase()}@trade`, fromId, limit) ?? [];
    return recorded.map((trade) => tradeText({ ...trade, quote: quoteOf(trade) }));
  }
  const { trades, past } = listing;
  const kept = Math.min(limit, trades.count - trades.first);
  const list = pastTrades(past, fromId ?? (past?.options.firstId ?? 0) - limit + kept, limit);
  const first = fromId === undefined ? trades.count - kept : trades.fromId(fromId);
  for (let number = first; number < trades.count && list.length < limit; number++) list.push(trades.at(number));
  return list.map((trade) =>
    tradeText({ ...textsOf(listing, trade), quote: listing.quoteText(trade.price * trade.quantity) }),
  );
};

function pastTrades(past: PastTrades | undefined, fromId: number, limit: number, endId = Number.MAX_VALUE): Trade[] {
  const list: Trade[] = [];
  if (past === undefined) return list;
  const end = Math.min(endId, past.options.firstId);
  for (let id = Math.max(fromId, past.oldestId); id < end && list.length < limit; id++) list.push(past.trade(id));
  return list;
}

interface TradeTexts {
  readonly id: number | string;
  readonly price: string;
  readonly quantity: string;
  readonly time: number;
  readonly sell: boolean;
}

function tradeText({ id, price, quantity, quote, time, sell }: TradeTexts & { readonly quote: string }): string {
  return `{"id":${id},"price":"${price}","qty":"${quantity}","quoteQty":"${quote}","time":${time},"isBuyerMaker":${sell},"isBestMatch":true}`;
}

function quoteOf({ price, quantity }: TradeTexts): string {
  return (Number(price) * Number(quantity)).toFixed(8);
}

function textsOf(listing: Listing, { id, price, quantity, time, sell }: Trade): TradeTexts {
  return { id, price: listing.priceText(price), quantity: listing.quantityText(quantity), time, sell };
}

/** `aggTrades`: from the aggregated id `fromId`, or from `startTime` up to `endTime`, else the latest. */
export const aggTradeRows: RowsOf = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const startTime = integer(query, 'startTime');
  const endTime = integer(query, 'endTime');
  if (fromId !== undefined && startTime !== undefined)
    throw new RestError(-1128, 'Combination of optional parameters invalid.');
  if (host.id === 'binance_us' && (endTime ?? 0) - (startTime ?? endTime ?? 0) >= HOUR)
    throw new RestError(-1127, 'More than 1 hours between startTime and endTime.');
  const listing = host.listing(symbol);
  if (listing === undefined)
    return (host.capture?.tradesOf(`${symbol.toLowerCase()}@aggTrade`, fromId, limit) ?? []).map(aggTradeText);
  const { trades, past } = listing;
  const end = endTime === undefined ? trades.count : trades.fromTime(endTime + 1);
  const pastEnd = endTime === undefined ? past?.options.firstId : past?.firstIdAt(endTime + 1);
  if (fromId === undefined && startTime === undefined) {
    const latest = latestAggTrades(listing, end, limit);
    const older = pastTrades(past, (pastEnd ?? 0) - limit + latest.length, limit - latest.length, pastEnd);
    return [...older.map((trade) => aggTradeRow(listing, trade)), ...latest];
  }
  const pastFrom = fromId === undefined ? past?.firstIdAt(startTime ?? 0) : past?.idOfGroup(fromId);
  const rows = pastTrades(past, pastFrom ?? 0, limit, pastEnd).map((trade) => aggTradeRow(listing, trade));
  let from = fromId === undefined ? trades.fromTime(startTime ?? 0) : trades.fromGroup(fromId);
  from = Math.max(from, firstWholeGroup(listing));
  while (from < end && rows.length < limit) {
    const last = lastOfGroup(listing, from);
    rows.push(groupRow(listing, from, last));
    from = last + 1;
  }
  return rows;
};

function latestAggTrades(listing: Listing, end: number, limit: number): string[] {
  const { trades } = listing;
  const oldest = firstWholeGroup(listing);
  const rows: string[] = [];
  let last = end - 1;
  while (last >= oldest && rows.length < limit) {
    let first = last;
    while (first > oldest && trades.group(first - 1) === trades.group(last)) first--;
    rows.push(groupRow(listing, first, last));
    last = first - 1;
  }
  return rows.reverse();
}

/** The oldest kept trade whose group is kept whole. */
function firstWholeGroup(listing: Listing): number {
  const { trades } = listing;
  return trades.first === 0 ? 0 : lastOfGroup(listing, trades.first) + 1;
}

function lastOfGroup(listing: Listing, number: number): number {
  const { trades } = listing;
  let last = number;
  while (last + 1 < trades.count && trades.group(last + 1) === trades.group(number)) last++;
  return last;
}

function aggTradeText({
  id,
  price,
  quantity,
  time,
  sell,
  firstId,
  lastId,
}: TradeTexts & { readonly firstId?: number; readonly lastId?: number }): string {
  return `{"a":${id},"p":"${price}","q":"${quantity}","f":${firstId},"l":${lastId},"T":${time},"m":${sell},"M":true}`;
}

/** The row of one group: its first trade, the quantity of all of them, the id of the last. */
function aggTradeRow(listing: Listing, trade: Trade, lastId = trade.id): string {
  return aggTradeText({ ...textsOf(listing, trade), id: trade.group, firstId: trade.id, lastId });
}

function groupRow(listing: Listing, first: number, last: number): string {
  const { trades } = listing;
  let quantity = 0;
  for (let number = first; number <= last; number++) quantity += trades.quantity(number);
  return aggTradeRow(listing, { ...trades.at(first), quantity }, trades.id(last));
}

/** `klines`: arrays of twelve; from `startTime`, else the latest; the last may be open. */
export const klineRows: RowsOf = (host, symbol, { query, now }, limit) => {
  const named = query.get('interval') ?? '';
  if (named === '') throw missing('interval');
  const interval = KLINE_INTERVALS.find((one) => one === named);
  if (interval === undefined || (interval === '1s' && host.id === 'binance_us'))
    throw new RestError(-1120, 'Invalid interval.');
  const listing = host.listing(symbol);
  if (listing === undefined) return [];
  const endTime = Math.min(integer(query, 'endTime') ?? now, now);
  const startTime = integer(query, 'startTime');
  let open = openTimeOf(interval, startTime ?? endTime);
  if (startTime === undefined) open = addIntervals(open, interval, 1 - limit);
  else if (open < startTime) open = nextOpenTime(interval, open);
  open = Math.max(open, openTimeOf(interval, listing.candles.openedAt));
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
  const price = (steps: number) => `"${listing.priceText(steps)}"`;
  return (
    `[${open},${price(candle.open)},${price(candle.high)},${price(candle.low)},${price(candle.close)},"${listing.quantityText(candle.volume)}",` +
    `${end - 1},"${listing.quoteText(candle.quote)}",${candle.trades},"${listing.quantityText(candle.buyVolume)}","${listing.quoteText(candle.buyQuote)}","0"]`
  );
}

/** One symbol of `ticker/24hr`. */
export function dayRow(listing: Listing, now: number): string {
  const { day, change, percent, average, lastQuantity } = dayFigures(listing, now);
  const price = (steps: number) => listing.priceText(steps);
  const { bestBid, bestAsk } = listing;
  return (
    `{"symbol":"${listing.symbol}","priceChange":"${change}","priceChangePercent":"${percent}","weightedAvgPrice":"${average}",` +
    `"prevClosePrice":"${price(day.open)}","lastPrice":"${price(day.close)}","lastQty":"${lastQuantity}",` +
    `"bidPrice":"${price(bestBid)}","bidQty":"${listing.quantityText(listing.quantityAt(bestBid))}","askPrice":"${price(bestAsk)}",` +
    `"askQty":"${listing.quantityText(listing.quantityAt(bestAsk))}","openPrice":"${price(day.open)}","highPrice":"${price(day.high)}",` +
    `"lowPrice":"${price(day.low)}","volume":"${listing.quantityText(day.volume)}","quoteVolume":"${listing.quoteText(day.quote)}",` +
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
