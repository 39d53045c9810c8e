import { KLINE_INTERVALS } from '../../domain/instrument.ts';
import { addIntervals, nextOpenTime, openTimeOf } from '../../market/candles/kline-interval.ts';
import type { SimulatedInstrument, TradeTexts } from '../market/simulated-instrument.ts';
import type { Trade, TradePredicate } from '../market/trade-ring.ts';
import { openMinute, RestError, rowUnder } from '../rest.ts';
import type { VenueHost } from '../venue-host.ts';
import type { VenueRequest } from '../venue-protocol.ts';
import { aggTradeFields, aggTrades, dayStatistics } from './binance-frames.ts';

export function missing(parameter: string): RestError {
  return new RestError(-1102, `Mandatory parameter '${parameter}' was not sent, was empty/null, or malformed.`);
}

/** Makes the rows of an answer, oldest first, at most `limit`. @throws RestError */
export type RowsOf = (host: VenueHost, symbol: string, request: VenueRequest, limit: number) => readonly string[];

const HOUR = 3_600_000;

/** Rows of `trades` and `historicalTrades`: from `fromId` on, or else the latest. */
export const tradeRows: RowsOf = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const instrument = host.instrument(symbol);
  if (instrument === undefined)
    return recorded(host, symbol, 'trade', fromId, limit).map((trade) =>
      tradeText(trade, (Number(trade.price) * Number(trade.quantity)).toFixed(8)),
    );
  const from = fromId ?? (instrument.past?.options.firstId ?? 0) - limit;
  const trades = instrument.tradesFrom(({ id }) => id >= from);
  const rows = fromId === undefined ? [...trades].slice(-limit) : [...trades.take(limit)];
  const quoteOf = ({ price, quantity }: Trade) => instrument.quoteText(price * quantity);
  return rows.map((trade) =>
    rowUnder(host.faults, symbol, trade.id, tradeText(instrument.tradeTexts(trade), quoteOf(trade))),
  );
};

function tradeText({ id, price, quantity, time, sell }: TradeTexts, quote: string): string {
  return `{"id":${id},"price":"${price}","qty":"${quantity}","quoteQty":"${quote}","time":${time},"isBuyerMaker":${sell},"isBestMatch":true}`;
}

function recorded(host: VenueHost, symbol: string, stream: string, fromId: number | undefined, limit: number) {
  return host.capture?.tradesOf(`${symbol.toLowerCase()}@${stream}`, fromId, limit) ?? [];
}

/** Rows of `aggTrades`: from the aggregated id `fromId`, or from `startTime` up to `endTime`, or else the latest. */
export const aggTradeRows: RowsOf = (host, symbol, { query }, limit) => {
  const fromId = integer(query, 'fromId');
  const startTime = integer(query, 'startTime');
  const endTime = integer(query, 'endTime');
  if (fromId !== undefined && startTime !== undefined)
    throw new RestError(-1128, 'Combination of optional parameters invalid.');
  if (host.id === 'binance_us' && (endTime ?? 0) - (startTime ?? endTime ?? 0) >= HOUR)
    throw new RestError(-1127, 'More than 1 hours between startTime and endTime.');
  const instrument = host.instrument(symbol);
  const rows =
    instrument === undefined
      ? recorded(host, symbol, 'aggTrade', fromId, limit)
      : aggTradesOf(instrument, { fromId, startTime, endTime, limit });
  return rows.map((trade) => rowUnder(host.faults, symbol, trade.id, `{${aggTradeFields(trade)}}`));
};

type AggTradesQuery = Record<'fromId' | 'startTime' | 'endTime', number | undefined> & { readonly limit: number };

function aggTradesOf(instrument: SimulatedInstrument, query: AggTradesQuery): TradeTexts[] {
  const { fromId, startTime, endTime, limit } = query;
  const { trades, past } = instrument;
  const ends = ({ time }: Trade) => endTime !== undefined && time > endTime;
  // Older trades of the oldest kept trade's group may be lost, so this group is left out.
  const cut = trades.first > 0 ? `${trades.at(trades.first).group}` : '';
  const whole = (from: TradePredicate) =>
    aggTrades(instrument, instrument.tradesFrom(from, ends)).filter(({ id }) => id !== cut);
  if (fromId !== undefined) return [...whole(({ group }) => group >= fromId).take(limit)];
  if (startTime !== undefined) return [...whole(({ time }) => time >= startTime).take(limit)];
  const firstLatest = (past?.search(ends) ?? 0) - limit;
  return [...whole(({ id }) => id >= firstLatest)].slice(-limit);
}

/** Rows of `klines`, arrays of twelve values: from `startTime` on, or else the latest. The last candle may be open. */
export const klineRows: RowsOf = (host, symbol, { query, now }, limit) => {
  const named = query.get('interval') ?? '';
  if (named === '') throw missing('interval');
  const interval = KLINE_INTERVALS.find((one) => one === named);
  if (interval === undefined || (interval === '1s' && host.id === 'binance_us'))
    throw new RestError(-1120, 'Invalid interval.');
  const instrument = host.instrument(symbol);
  if (instrument === undefined) return [];
  const endTime = Math.min(integer(query, 'endTime') ?? now, now);
  const startTime = integer(query, 'startTime');
  let open = openTimeOf(interval, startTime ?? endTime);
  if (startTime === undefined) open = addIntervals(open, interval, 1 - limit);
  else if (open < startTime) open = nextOpenTime(interval, open);
  open = Math.max(open, openTimeOf(interval, instrument.candles.openedAt));
  const rows: string[] = [];
  while (open <= endTime && rows.length < limit) {
    const end = nextOpenTime(interval, open);
    rows.push(rowUnder(host.faults, symbol, openMinute(open), klineRow(instrument, open, end)));
    open = end;
  }
  return rows;
};

function klineRow(instrument: SimulatedInstrument, open: number, end: number): string {
  const candle = instrument.candles.candle(open, end);
  const texts = instrument.candleTexts(candle);
  return (
    `[${open},"${texts.open}","${texts.high}","${texts.low}","${texts.close}","${texts.volume}",` +
    `${end - 1},"${texts.quote}",${candle.trades},"${texts.buyVolume}","${texts.buyQuote}","0"]`
  );
}

/** The row of one symbol in `ticker/24hr`. */
export function dayRow(instrument: SimulatedInstrument, now: number): string {
  const day = dayStatistics(instrument, now);
  const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
  return (
    `{"symbol":"${instrument.symbol}","priceChange":"${day.change}","priceChangePercent":"${day.percent}","weightedAvgPrice":"${day.average}",` +
    `"prevClosePrice":"${day.open}","lastPrice":"${day.close}","lastQty":"${day.lastQuantity}",` +
    `"bidPrice":"${bid}","bidQty":"${bidQuantity}","askPrice":"${ask}","askQty":"${askQuantity}","openPrice":"${day.open}",` +
    `"highPrice":"${day.high}","lowPrice":"${day.low}","volume":"${day.volume}","quoteVolume":"${day.quote}",` +
    `"openTime":${day.openTime},"closeTime":${now},"firstId":${day.firstId},"lastId":${day.lastId},"count":${day.trades}}`
  );
}

export function statusOf(host: VenueHost, symbol: string): 'HALT' | 'TRADING' {
  return host.faults.haltedSymbols.has(symbol) ? 'HALT' : 'TRADING';
}

/** The row of one symbol in `exchangeInfo`. */
export function symbolRow(host: VenueHost, symbol: string): string {
  const { base, quote, tick, lot } = host.instrumentRow(symbol);
  const filters =
    `[{"filterType":"PRICE_FILTER","minPrice":"${tick}","maxPrice":"1000000.00000000","tickSize":"${tick}"},` +
    `{"filterType":"LOT_SIZE","minQty":"${lot}","maxQty":"9000000.00000000","stepSize":"${lot}"},` +
    '{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5}]';
  return (
    `{"symbol":"${symbol}","status":"${statusOf(host, symbol)}","baseAsset":"${base}","baseAssetPrecision":8,"quoteAsset":"${quote}","quotePrecision":8,"quoteAssetPrecision":8,` +
    '"orderTypes":["LIMIT","LIMIT_MAKER","MARKET"],"icebergAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,' +
    `"filters":${filters},"permissions":["SPOT"],"permissionSets":[["SPOT"]]}`
  );
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null || text === '' ? undefined : Number(text);
}
