import type { SimulatedInstrument, TradeTexts } from '../market/simulated-instrument.ts';
import type { Trade } from '../market/trade-ring.ts';
import type { CandleSpan } from '../paced-topics.ts';

/**
 * Makes the data of `@trade`. `unit` is appended to milliseconds: '', or '000' for microseconds. Binance US also sends
 * order ids.
 */
export function tradeData(symbol: string, trade: TradeTexts, unit: string, orderIds: boolean): string {
  const { id, price, quantity, sell } = trade;
  const time = trade.time + unit;
  const orders = orderIds ? `"b":${Number(id) * 2 + 1},"a":${Number(id) * 2},` : '';
  return `{"e":"trade","E":${time},"s":"${symbol}","t":${id},"p":"${price}","q":"${quantity}",${orders}"T":${time},"m":${sell},"M":true}`;
}

/** Yields one aggregated trade for consecutive trades with the same `group`. */
export function* aggTrades(instrument: SimulatedInstrument, trades: Iterable<Trade>): Generator<TradeTexts, undefined> {
  let joined: Trade | undefined;
  let lastId = 0;
  const texts = (trade: Trade): TradeTexts => ({
    ...instrument.tradeTexts({ ...trade, id: trade.group }),
    firstId: trade.id,
    lastId,
  });
  for (const trade of trades) {
    if (joined !== undefined && joined.group !== trade.group) {
      yield texts(joined);
      joined = undefined;
    }
    joined = joined === undefined ? trade : { ...joined, quantity: joined.quantity + trade.quantity };
    lastId = trade.id;
  }
  if (joined !== undefined) yield texts(joined);
}

/** Data of `@aggTrade`. */
export function aggTradeData(symbol: string, trade: TradeTexts, unit: string): string {
  return `{"e":"aggTrade","E":${trade.time}${unit},"s":"${symbol}",${aggTradeFields(trade, unit)}}`;
}

/** The fields of an aggregated trade that the stream and the REST interface share. */
export function aggTradeFields({ id, price, quantity, firstId, lastId, time, sell }: TradeTexts, unit = ''): string {
  return `"a":${id},"p":"${price}","q":"${quantity}","f":${firstId},"l":${lastId},"T":${time}${unit},"m":${sell},"M":true`;
}

export function bookTickerData(instrument: SimulatedInstrument): string {
  const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
  return `{"u":${instrument.updateId},"s":"${instrument.symbol}","b":"${bid}","B":"${bidQuantity}","a":"${ask}","A":"${askQuantity}"}`;
}

/** The 24 hour values that the streams and the REST ticker share. */
export function dayStatistics(instrument: SimulatedInstrument, now: number) {
  const day = instrument.candles.day(now);
  const { trades } = instrument;
  return {
    ...instrument.candleTexts(day),
    trades: day.trades,
    firstId: day.firstId,
    lastId: day.lastId,
    change: instrument.priceText(day.close - day.open),
    percent: (((day.close - day.open) / (day.open || 1)) * 100).toFixed(3),
    average: (day.quote / (day.volume || 1) / 10 ** instrument.priceDecimals).toFixed(8),
    lastQuantity: instrument.quantityText(trades.count > 0 ? trades.at(trades.count - 1).quantity : 1),
    openTime: now - 86_400_000,
  };
}

export function tickerData(instrument: SimulatedInstrument, now: number, unit: string): string {
  const day = dayStatistics(instrument, now);
  const { bid, bidQuantity, ask, askQuantity } = instrument.bestTexts();
  return (
    `{"e":"24hrTicker","E":${now}${unit},"s":"${instrument.symbol}","p":"${day.change}","P":"${day.percent}","w":"${day.average}","x":"${day.open}",` +
    `"c":"${day.close}","Q":"${day.lastQuantity}","b":"${bid}","B":"${bidQuantity}","a":"${ask}","A":"${askQuantity}",` +
    `"o":"${day.open}","h":"${day.high}","l":"${day.low}","v":"${day.volume}","q":"${day.quote}",` +
    `"O":${day.openTime}${unit},"C":${now}${unit},"F":${day.firstId},"L":${day.lastId},"n":${day.trades}}`
  );
}

export function miniTickerData(instrument: SimulatedInstrument, now: number, unit: string): string {
  const { open, high, low, close, volume, quote } = instrument.candleTexts(instrument.candles.day(now));
  return (
    `{"e":"24hrMiniTicker","E":${now}${unit},"s":"${instrument.symbol}","c":"${close}","o":"${open}","h":"${high}",` +
    `"l":"${low}","v":"${volume}","q":"${quote}"}`
  );
}

/** Data of `@kline_<interval>`. */
export function klineData(
  instrument: SimulatedInstrument,
  interval: string,
  { open, end, closed }: CandleSpan,
  now: number,
  unit: string,
): string {
  const candle = instrument.candles.candle(open, end);
  const texts = instrument.candleTexts(candle);
  const last = unit === '' ? `${end - 1}` : `${end - 1}999`;
  return (
    `{"e":"kline","E":${now}${unit},"s":"${instrument.symbol}","k":{"t":${open}${unit},"T":${last},"s":"${instrument.symbol}","i":"${interval}",` +
    `"f":${candle.firstId},"L":${candle.lastId},"o":"${texts.open}","c":"${texts.close}","h":"${texts.high}","l":"${texts.low}",` +
    `"v":"${texts.volume}","n":${candle.trades},"x":${closed},"q":"${texts.quote}",` +
    `"V":"${texts.buyVolume}","Q":"${texts.buyQuote}","B":"0"}}`
  );
}
