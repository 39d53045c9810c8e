import { at } from '../../domain/at.ts';
import type { KlineInterval } from '../../domain/instrument.ts';
import type { SimulatedInstrument, SimulatedLevel, TradeTexts } from '../market/simulated-instrument.ts';
import type { Trade } from '../market/trade-ring.ts';
import type { CandleSpan } from '../paced-topics.ts';

/** Kline intervals by Bybit's names. */
export const BYBIT_INTERVALS: Readonly<Record<string, KlineInterval>> = {
  1: '1m',
  3: '3m',
  5: '5m',
  15: '15m',
  30: '30m',
  60: '1h',
  120: '2h',
  240: '4h',
  360: '6h',
  720: '12h',
  D: '1d',
  W: '1w',
  M: '1M',
};

/** A trade as Bybit writes it. Its id has nineteen digits: three for the symbol, sixteen that rise. */
export function bybitTrade(instrument: SimulatedInstrument, trade: Trade): TradeTexts {
  const prefix = 200 + ((29 + instrument.index * 7) % 100);
  // About one order in fifty is against a retail price improvement order.
  const rpi = trade.group % 53 === 0;
  const id = `${prefix}${`${trade.id}`.padStart(16, '0')}`;
  return { ...instrument.tradeTexts(trade), id, sequence: `${trade.group}`, blockTrade: trade.block ?? false, rpi };
}

/** A frame of `publicTrade` with the trades of one order. */
export function tradeFrame(symbol: string, trades: readonly TradeTexts[]): string {
  const { time } = at(trades, 0);
  const items = trades.map(
    ({ id, price, quantity, sell, sequence, blockTrade, rpi }) =>
      `{"i":"${id}","T":${time},"p":"${price}","v":"${quantity}","S":"${sell ? 'Sell' : 'Buy'}","seq":${sequence},"s":"${symbol}","BT":${blockTrade},"RPI":${rpi}}`,
  );
  return `{"topic":"publicTrade.${symbol}","ts":${time},"type":"snapshot","data":[${items.join(',')}]}`;
}

export function tickerFrame(instrument: SimulatedInstrument, now: number, sequence: number): string {
  const day = dayStatistics(instrument, now);
  const hasIndex = instrument.index % 5 !== 4 && !instrument.candles.isUntraded;
  return (
    `{"topic":"tickers.${instrument.symbol}","ts":${now},"type":"snapshot","cs":${sequence},"data":{"symbol":"${instrument.symbol}","lastPrice":"${day.close}",` +
    `"highPrice24h":"${day.high}","lowPrice24h":"${day.low}","prevPrice24h":"${day.open}","volume24h":"${day.volume}",` +
    `"turnover24h":"${day.quote}","price24hPcnt":"${day.change}","usdIndexPrice":"${hasIndex ? day.close : ''}"}}`
  );
}

/** The 24 hour values that the topic `tickers` and the REST ticker share. */
export function dayStatistics(instrument: SimulatedInstrument, now: number) {
  const day = instrument.candles.day(now);
  return { ...instrument.candleTexts(day), change: ((day.close - day.open) / (day.open || 1)).toFixed(4) };
}

/** The best levels of a book at one moment. */
export interface BookView {
  /** The instrument's update id. */
  readonly updateId: number;
  /** The sequence number of the venue's matching engine. */
  readonly sequence: number;
  /** When the book changed last, milliseconds since 1970; 0 for the empty book of a closed market. */
  readonly changedAt: number;
  readonly bids: readonly SimulatedLevel[];
  readonly asks: readonly SimulatedLevel[];
}

export interface BookFrame extends BookView {
  readonly topic: string;
  readonly type: 'snapshot' | 'delta';
  readonly now: number;
}

export function bookFrame(instrument: SimulatedInstrument, frame: BookFrame): string {
  const { topic, type, now, updateId, sequence, changedAt, bids, asks } = frame;
  return (
    `{"topic":"${topic}","ts":${changedAt === 0 ? 0 : now},"type":"${type}","data":{"s":"${instrument.symbol}","b":${instrument.levelsText(bids)},"a":${instrument.levelsText(asks)},` +
    `"u":${updateId},"seq":${sequence}},"cts":${changedAt}}`
  );
}

/** Makes a frame of `kline`. `interval` is Bybit's name of the interval, such as `60`. */
export function klineFrame(instrument: SimulatedInstrument, interval: string, span: CandleSpan, now: number): string {
  const { open, end, closed } = span;
  const candle = instrument.candleTexts(instrument.candles.candle(open, end));
  return (
    `{"type":"snapshot","topic":"kline.${interval}.${instrument.symbol}","data":[{"start":${open},"end":${end - 1},"interval":"${interval}",` +
    `"open":"${candle.open}","close":"${candle.close}","high":"${candle.high}","low":"${candle.low}",` +
    `"volume":"${candle.volume}","turnover":"${candle.quote}","confirm":${closed},"timestamp":${instrument.changedAt}}],"ts":${now}}`
  );
}
