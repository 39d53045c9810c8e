/** One candle in steps: prices in price steps, volumes in quantity steps, quote volumes in their product. */
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
  /** Ids of the first and last trade, −1 where there was none. */
  firstId: number;
  lastId: number;
}

/** A candle without a trade, at the price that went before. */
export function emptyCandle(price: number): SimulatedCandle {
  return {
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 0,
    quote: 0,
    buyVolume: 0,
    buyQuote: 0,
    trades: 0,
    firstId: -1,
    lastId: -1,
  };
}

/** Adds a trade, which follows `candle` in time, to it. */
export function addTrade(candle: SimulatedCandle, price: number, quantity: number, sell: boolean, id: number): void {
  if (candle.trades === 0) {
    candle.open = candle.high = candle.low = price;
    candle.firstId = id;
  } else if (price > candle.high) candle.high = price;
  else if (price < candle.low) candle.low = price;
  const quote = price * quantity;
  candle.close = price;
  candle.volume += quantity;
  candle.quote += quote;
  if (!sell) {
    candle.buyVolume += quantity;
    candle.buyQuote += quote;
  }
  candle.trades++;
  candle.lastId = id;
}

/** Adds `later`, which follows `candle` in time, to it. */
export function mergeCandle(candle: SimulatedCandle, later: SimulatedCandle): void {
  if (later.trades === 0) return;
  if (candle.trades === 0) {
    candle.open = later.open;
    candle.high = later.high;
    candle.low = later.low;
    candle.firstId = later.firstId;
  } else {
    if (later.high > candle.high) candle.high = later.high;
    if (later.low < candle.low) candle.low = later.low;
  }
  candle.close = later.close;
  candle.volume += later.volume;
  candle.quote += later.quote;
  candle.buyVolume += later.buyVolume;
  candle.buyQuote += later.buyQuote;
  candle.trades += later.trades;
  candle.lastId = later.lastId;
}

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
/** 1970-01-05 was the first Monday. */
const FIRST_MONDAY = 4 * DAY;

const LENGTHS: Readonly<Record<string, number>> = {
  '1s': SECOND,
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '8h': 8 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
};

/** Start of the candle that holds `time`, UTC, in milliseconds; undefined for an unknown interval. */
export function openTime(interval: string, time: number): number | undefined {
  const length = LENGTHS[interval];
  if (length !== undefined) return time - (time % length);
  if (interval === '1w') return time - ((time - FIRST_MONDAY) % (7 * DAY));
  if (interval !== '1M') return undefined;
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** Start of the candle after the one that begins at `open`. */
export function nextOpen(interval: string, open: number): number {
  const length = LENGTHS[interval];
  if (length !== undefined) return open + length;
  if (interval === '1w') return open + 7 * DAY;
  const date = new Date(open);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
