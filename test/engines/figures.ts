import { fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import { ONE } from '../../src/domain/exact.ts';
import type { BookTicker, FeedRecord, TradeEvent } from '../../src/domain/record.ts';
import { CandleBuilder } from '../../src/market/candles/candle-builder.ts';
import { isBlockTrade } from '../../src/market/trades/block-trade.ts';
import { TradeSums } from '../../src/market/trades/trade-sums.ts';

/* The feed's own figures of some records, as the engines must answer them: times are in microseconds since 1970. */

type Row = Readonly<Record<string, unknown>>;

export const tradesOf = (records: readonly FeedRecord[]): TradeEvent[] =>
  records.filter((record) => record.kind === 'trade');

/** Trades, value and times, sorted by symbol and day. @throws Error if a sum has more than 18 places */
export function dayFigures(trades: readonly TradeEvent[]): Row[] {
  return groups(trades, ({ symbol, timestamp }) => [symbol, dayOf(timestamp)]).map((part) => {
    const { symbol, timestamp } = part[0];
    const times = part.map((trade) => trade.timestamp * 1000);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    return { symbol, date: dayOf(timestamp), trades: part.length, value: totalValue(part), first, last };
  });
}

/** The exact sum of price × quantity. @throws Error if it has more than 18 places */
export function totalValue(trades: readonly TradeEvent[]): string {
  const sum = trades.reduce((total, { price, quantity }) => total + unscaled(price) * unscaled(quantity), 0n);
  if (sum % ONE !== 0n) throw new Error('a sum has more than 18 places');
  return fromUnscaled(sum / ONE);
}

/** Candles of a minute, sorted by venue, symbol and time. */
export function candles(trades: readonly TradeEvent[]): Row[] {
  return groups(trades, ({ venue, symbol, epoch }) => [venue, symbol, epoch]).flatMap((part) => {
    const builder = new CandleBuilder({ interval: '1m' });
    const closed = part.flatMap((trade) => builder.add(trade)).concat(builder.advance(Number.POSITIVE_INFINITY));
    return closed.map(({ openTime, open, high, low, close, volume, quoteVolume, tradeCount }) => ({
      ...seriesOf(part[0]),
      ...{ open_time: openTime * 1000, open, high, low, close, volume },
      ...{ quote_volume: quoteVolume, trade_count: tradeCount },
    }));
  });
}

/** The VWAP of each day as a number, sorted by venue, symbol and day. */
export function dayVwaps(trades: readonly TradeEvent[]): Row[] {
  const counted = trades.filter((trade) => !isBlockTrade(trade));
  return groups(counted, ({ venue, symbol, epoch, timestamp }) => [venue, symbol, epoch, dayOf(timestamp)]).map(
    (part) => {
      const sums = new TradeSums();
      for (const trade of part) sums.add(trade);
      const { vwap, volume } = sums.figures() ?? {};
      return { ...seriesOf(part[0]), date: dayOf(part[0].timestamp), vwap: Number(vwap), volume };
    },
  );
}

/** The last book ticker of each venue and symbol, sorted by them. */
export function lastBookTickers(records: readonly FeedRecord[]): Row[] {
  const tickers = records.filter((record) => record.kind === 'book_ticker');
  return groups(tickers, ({ venue, symbol }) => [venue, symbol]).map((part) => {
    const last = part.at(-1) ?? part[0];
    const { bidPrice, bidQuantity, askPrice, askQuantity, receivedAt } = last;
    const spread =
      askPrice === null || bidPrice === null ? null : fromUnscaled(unscaled(askPrice) - unscaled(bidPrice));
    return {
      ...seriesOf(last),
      ...{ bid_price: bidPrice, bid_quantity: bidQuantity, ask_price: askPrice, ask_quantity: askQuantity },
      ...{ spread, received_at: receivedAt },
    };
  });
}

const dayOf = (timestamp: number): string => new Date(timestamp).toISOString().slice(0, 10);

const seriesOf = ({ environment, venue, symbol, epoch }: TradeEvent | BookTicker): Row => ({
  environment,
  venue,
  symbol,
  epoch,
});

/** The groups of items with the same key, sorted by it. */
function groups<T>(items: readonly T[], keyOf: (item: T) => readonly unknown[]): (readonly [T, ...T[]])[] {
  const byKey = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item).join(' ');
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [item]);
    else group.push(item);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
