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
