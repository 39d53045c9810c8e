import type { Trade } from './trade-ring.ts';

/** One candle: prices in ticks, volumes in lots, quote volumes in ticks × lots. */
export interface SimulatedCandle {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  quote: number;
  buyVolume: number;
  buyQuote: number;
  trades: number;
  /** Ids of the first and last trade; −1: no trade. */
  firstId: number;
  lastId: number;
}

const NO_TRADES = { volume: 0, quote: 0, buyVolume: 0, buyQuote: 0, trades: 0, firstId: -1, lastId: -1 };

/** A candle without trades, at the previous price. */
export function emptyCandle(price: number): SimulatedCandle {
  return { open: price, high: price, low: price, close: price, ...NO_TRADES };
}

/** Adds a trade that is later than the candle's other trades. */
export function addTrade(candle: SimulatedCandle, { id, price, quantity, sell }: Trade): void {
  if (candle.trades++ === 0) {
    candle.open = candle.high = candle.low = price;
    candle.firstId = id;
  }
  candle.high = Math.max(candle.high, price);
  candle.low = Math.min(candle.low, price);
  candle.close = price;
  candle.volume += quantity;
  candle.quote += price * quantity;
  if (!sell) {
    candle.buyVolume += quantity;
    candle.buyQuote += price * quantity;
  }
  candle.lastId = id;
}

/** Adds the trades of a later candle. */
export function mergeCandle(candle: SimulatedCandle, later: SimulatedCandle): void {
  if (later.trades === 0) return;
  if (candle.trades === 0) {
    Object.assign(candle, later);
    return;
  }
  candle.high = Math.max(candle.high, later.high);
  candle.low = Math.min(candle.low, later.low);
  candle.close = later.close;
  candle.volume += later.volume;
  candle.quote += later.quote;
  candle.buyVolume += later.buyVolume;
  candle.buyQuote += later.buyQuote;
  candle.trades += later.trades;
  candle.lastId = later.lastId;
}
