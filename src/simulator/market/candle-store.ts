import { addTrade, emptyCandle, mergeCandle, type SimulatedCandle } from './candle.ts';
import type { PastTrades } from './past-trades.ts';
import type { Trade } from './trade-ring.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
const KEPT_MINUTES = 3_000;

/** The candles of one symbol: seconds and minutes from its trades, and a made-up past before its first trade. */
export class CandleStore {
  private readonly past: PastTrades;
  private readonly keptSeconds: number;
  /** One-second candles by open time, oldest first. A second without trades has no candle. */
  private readonly seconds = new Map<number, SimulatedCandle>();
  private readonly minutes = new Map<number, SimulatedCandle>();
  /** One candle of all trades since the start. */
  private readonly total: SimulatedCandle;
  /** True if the market has never traded: prices and volumes are zero. */
  isUntraded = false;
  private lastTime = 0;
  private dayBefore: { readonly high: number; readonly low: number } | undefined;

  /** @param keptSeconds number of one-second candles that are kept, for the interval 1s */
  constructor(past: PastTrades, keptSeconds: number) {
    this.past = past;
    this.keptSeconds = keptSeconds;
    this.total = emptyCandle(past.options.price);
  }

  /** The time before which there is no candle, milliseconds since 1970. */
  get openedAt(): number {
    return this.past.openedAt;
  }

  get price(): number {
    return this.isUntraded ? 0 : this.total.close;
  }

  add(trade: Trade): void {
    const { time, price } = trade;
    this.lastTime = time;
    addTrade(this.total, trade);
    addTrade(openedAt(this.seconds, time - (time % SECOND), price, this.keptSeconds), trade);
    addTrade(openedAt(this.minutes, time - (time % MINUTE), price, KEPT_MINUTES), trade);
  }

  /**
   * Returns the candle from `open` to before `end`. Both are whole seconds, or whole minutes for a minute or longer.
   */
  candle(open: number, end: number): SimulatedCandle {
    if (this.isUntraded) return emptyCandle(0);
    const { startedAt, price } = this.past.options;
    const result = open < startedAt ? this.past.candle(open, Math.min(end, startedAt)) : emptyCandle(price);
    const [parts, step] = end - open < MINUTE ? [this.seconds, SECOND] : [this.minutes, MINUTE];
    const last = Math.min(end - 1, this.lastTime);
    for (let time = Math.max(open, startedAt - (startedAt % step)); time <= last; time += step) {
      const part = parts.get(time);
      if (part !== undefined) mergeCandle(result, part);
    }
    if (result.trades === 0) result.open = result.high = result.low = result.close = this.priceBefore(open);
    return result;
  }

  /** Approximates the 24 hours up to `now`: the made-up past of that time, and all trades since the start. */
  day(now: number): SimulatedCandle {
    if (this.isUntraded) return emptyCandle(0);
    const { startedAt } = this.past.options;
    const result = this.past.roughCandle(now - DAY, Math.max(now - DAY + SECOND, startedAt));
    this.dayBefore ??= { high: result.high, low: result.low };
    const { high, low } = this.dayBefore;
    result.high = Math.max(high, result.open);
    result.low = Math.min(low, result.open);
    mergeCandle(result, this.total);
    return result;
  }

  private priceBefore(time: number): number {
    const { startedAt, price: firstPrice } = this.past.options;
    if (time < startedAt) return this.past.priceAt(time);
    let price = firstPrice;
    for (const [minute, { close }] of this.minutes) if (minute + MINUTE <= time) price = close;
    for (const [second, { close }] of this.seconds) if (second < time) price = close;
    return price;
  }
}

/** Returns the candle that opens at a time, and drops the oldest if there are too many. */
function openedAt(candles: Map<number, SimulatedCandle>, time: number, price: number, most: number): SimulatedCandle {
  const known = candles.get(time);
  if (known !== undefined) return known;
  const candle = emptyCandle(price);
  candles.set(time, candle);
  const [oldest] = candles.keys();
  if (candles.size > most && oldest !== undefined) candles.delete(oldest);
  return candle;
}
