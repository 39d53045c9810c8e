import type { KlineInterval } from '../../domain/instrument.ts';
import type { Listing, Quote } from '../market/listing.ts';
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

/** Nineteen digits: three that go with the symbol, sixteen that rise. */
export function tradeId(listing: Listing, number: number): string {
  const digits = `${listing.trades.id(number)}`;
  return `${200 + ((29 + listing.index * 7) % 100)}${'0'.repeat(16 - digits.length)}${digits}`;
}

/** About one order in fifty is against a retail price improvement order. */
export function isRpi(sequence: number): boolean {
  return sequence % 53 === 0;
}

/** `publicTrade` with the trades `first` … `first + count − 1`, all of one order. */
export function tradeFrame(listing: Listing, first: number, count: number): string {
  const { trades, symbol } = listing;
  const time = trades.time(first);
  const sequence = trades.group(first);
  const tail = `","S":"${trades.sell(first) ? 'Sell' : 'Buy'}","seq":${sequence},"s":"${symbol}","BT":false,"RPI":${isRpi(sequence)}}`;
  let lastPrice = -1;
  let price = '';
  let items = '';
  for (let number = first; number < first + count; number++) {
    if (trades.price(number) !== lastPrice) {
      lastPrice = trades.price(number);
      price = listing.priceText(lastPrice);
    }
    const quantity = listing.quantityText(trades.quantity(number));
    items += `${number === first ? '' : ','}{"i":"${tradeId(listing, number)}","T":${time},"p":"${price}","v":"${quantity}${tail}`;
  }
  return `{"topic":"publicTrade.${symbol}","ts":${time},"type":"snapshot","data":[${items}]}`;
}

export function tickerFrame(listing: Listing, now: number, sequence: number): string {
  const day = listing.candles.day(now);
  const price = (steps: number) => listing.priceText(steps);
  return (
    `{"topic":"tickers.${listing.symbol}","ts":${now},"type":"snapshot","cs":${sequence},"data":{"symbol":"${listing.symbol}","lastPrice":"${price(day.close)}",` +
    `"highPrice24h":"${price(day.high)}","lowPrice24h":"${price(day.low)}","prevPrice24h":"${price(day.open)}","volume24h":"${listing.quantityText(day.volume)}",` +
    `"turnover24h":"${listing.quoteText(day.quote)}","price24hPcnt":"${(day.close / day.open - 1).toFixed(4)}","usdIndexPrice":"${listing.index % 5 === 4 ? '' : price(day.close)}"}}`
  );
}

export interface BookFrame {
  readonly topic: string;
  readonly type: 'snapshot' | 'delta';
  readonly now: number;
  readonly updateId: number;
  readonly sequence: number;
  /** When the book changed last, milliseconds since 1970. */
  readonly changedAt: number;
  readonly bids: readonly Quote[];
  readonly asks: readonly Quote[];
}

export function bookFrame(listing: Listing, frame: BookFrame): string {
  const { topic, type, now, updateId, sequence, changedAt, bids, asks } = frame;
  return (
    `{"topic":"${topic}","ts":${now},"type":"${type}","data":{"s":"${listing.symbol}","b":${listing.levelsText(bids)},"a":${listing.levelsText(asks)},` +
    `"u":${updateId},"seq":${sequence}},"cts":${changedAt}}`
  );
}

/** `kline`; `interval` by Bybit's name. */
export function klineFrame(listing: Listing, interval: string, { open, end, closed }: CandleSpan, now: number): string {
  const candle = listing.candles.candle(open, end);
  const price = (steps: number) => listing.priceText(steps);
  return (
    `{"type":"snapshot","topic":"kline.${interval}.${listing.symbol}","data":[{"start":${open},"end":${end - 1},"interval":"${interval}",` +
    `"open":"${price(candle.open)}","close":"${price(candle.close)}","high":"${price(candle.high)}","low":"${price(candle.low)}",` +
    `"volume":"${listing.quantityText(candle.volume)}","turnover":"${listing.quoteText(candle.quote)}","confirm":${closed},"timestamp":${listing.changedAt}}],"ts":${now}}`
  );
}
