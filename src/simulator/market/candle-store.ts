import { addTrade, emptyCandle, mergeCandle, type SimulatedCandle } from './candle.ts';
import type { PastTrades } from './past-trades.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const KEPT_MINUTES = 3_000;

/** The candles of one symbol: seconds and minutes from its trades, and a made-up past with the same price at the seam. */
export class CandleStore {
  private readonly past: PastTrades;
  private readonly keptSeconds: number;
  private readonly seconds = new Map<number, SimulatedCandle>();
  private readonly minutes = new Map<number, SimulatedCandle>();
  private current: SimulatedCandle;
  private currentSecond: number;
  private lastPrice: number;
  private dayBefore: { readonly high: number; readonly low: number } | undefined;
  /** Of the seconds since the start that are over. */
  private readonly total: SimulatedCandle;

  /** @param keptSeconds seconds of candles kept for the interval 1s. */
  constructor(past: PastTrades, keptSeconds: number) {
    this.past = past;
    this.keptSeconds = keptSeconds;
    const { price, startedAt } = past.options;
    this.lastPrice = price;
    this.current = emptyCandle(price);
    this.currentSecond = startedAt - (startedAt % 1_000);
    this.total = emptyCandle(price);
  }

  /** Milliseconds since 1970 before which there is no candle. */
  get openedAt(): number {
    return this.past.openedAt;
  }

  get price(): number {
    return this.lastPrice;
  }

  add(price: number, quantity: number, time: number, sell: boolean, id: number): void {
    if (time >= this.currentSecond + 1_000) this.roll(time - (time % 1_000));
    addTrade(this.current, price, quantity, sell, id);
    this.lastPrice = price;
  }

  /** The candle from `open` up to but not including `end` (whole seconds; whole minutes where longer than one). */
  candle(open: number, end: number): SimulatedCandle {
    const { startedAt, price } = this.past.options;
    const result = open < startedAt ? this.past.candle(open, Math.min(end, startedAt)) : emptyCandle(price);
    if (end - open < MINUTE) this.merge(result, this.seconds, open, end, 1_000);
    else this.merge(result, this.minutes, Math.max(open, startedAt - (startedAt % MINUTE)), end, MINUTE);
    if (this.currentSecond >= open && this.currentSecond < end) mergeCandle(result, this.current);
    if (result.trades === 0) result.open = result.high = result.low = result.close = this.priceBefore(open);
    return result;
  }

  /** The 24 hours up to `now`: the made-up day before the start and everything since. */
  day(now: number): SimulatedCandle {
    const { startedAt } = this.past.options;
    const result = this.past.roughCandle(now - DAY, Math.max(now - DAY + 1_000, startedAt));
    this.dayBefore ??= { high: result.high, low: result.low };
    result.high = this.dayBefore.high;
    result.low = this.dayBefore.low;
    mergeCandle(result, this.total);
    mergeCandle(result, this.current);
    return result;
  }

  private merge(
    into: SimulatedCandle,
    from: ReadonlyMap<number, SimulatedCandle>,
    open: number,
    end: number,
    step: number,
  ): void {
    const last = Math.min(end, this.currentSecond + 1);
    for (let time = open; time < last; time += step) {
      const part = from.get(time);
      if (part !== undefined) mergeCandle(into, part);
    }
  }

  private roll(second: number): void {
    const done = this.current;
    if (done.trades > 0) {
      const minute = this.currentSecond - (this.currentSecond % MINUTE);
      const whole = this.minutes.get(minute);
      if (whole === undefined) {
        this.minutes.set(minute, { ...done });
        trim(this.minutes, KEPT_MINUTES);
      } else mergeCandle(whole, done);
      mergeCandle(this.total, done);
      this.seconds.set(this.currentSecond, done);
      trim(this.seconds, this.keptSeconds);
      this.current = emptyCandle(done.close);
    }
    this.currentSecond = second;
  }

  private priceBefore(time: number): number {
    const { startedAt, price: firstPrice } = this.past.options;
    if (time < startedAt) return this.past.priceAt(time);
    if (this.current.trades > 0 && this.currentSecond < time) return this.current.close;
    let price = firstPrice;
    for (const [minute, candle] of this.minutes) if (minute < time) price = candle.close;
    return price;
  }
}

function trim(map: Map<number, SimulatedCandle>, size: number): void {
  if (map.size <= size) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
