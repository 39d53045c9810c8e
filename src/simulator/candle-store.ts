import { type Candle, emptyCandle, mergeCandle } from './candle.ts';
import { hash } from './random.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const KEPT_MINUTES = 3_000;

export interface CandleStoreOptions {
  readonly seed: number;
  /** Price steps at the start. */
  readonly price: number;
  /** Milliseconds since 1970 when the market opened; what lies before is made up. */
  readonly startedAt: number;
  readonly firstId: number;
  /** Mean volume of a made-up minute, in quantity steps. */
  readonly minuteVolume: number;
  /** Seconds of candles kept for the interval 1s. */
  readonly keptSeconds: number;
}

/** The candles of one symbol: seconds and minutes from its trades, and a made-up past with the same price at the seam. */
export class CandleStore {
  private readonly options: CandleStoreOptions;
  private readonly seconds = new Map<number, Candle>();
  private readonly minutes = new Map<number, Candle>();
  private current: Candle;
  private currentSecond: number;
  private lastPrice: number;
  private dayBefore: { readonly high: number; readonly low: number } | undefined;
  /** Sums since the start: quantity steps and their product with price steps. */
  readonly total: Candle;

  constructor(options: CandleStoreOptions) {
    this.options = options;
    this.lastPrice = options.price;
    this.current = emptyCandle(options.price);
    this.currentSecond = options.startedAt - (options.startedAt % 1_000);
    this.total = emptyCandle(options.price);
  }

  get price(): number {
    return this.lastPrice;
  }

  add(price: number, quantity: number, time: number, sell: boolean, id: number): void {
    if (time >= this.currentSecond + 1_000) this.roll(time - (time % 1_000));
    const candle = this.current;
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
    this.lastPrice = price;
  }

  /** The candle from `open` up to but not including `end` (whole seconds; whole minutes where longer than one). */
  candle(open: number, end: number): Candle {
    const { startedAt } = this.options;
    const result = open < startedAt ? this.past(open, Math.min(end, startedAt)) : emptyCandle(this.options.price);
    if (end - open < MINUTE) this.merge(result, this.seconds, open, end, 1_000);
    else this.merge(result, this.minutes, Math.max(open, startedAt - (startedAt % MINUTE)), end, MINUTE);
    if (this.currentSecond >= open && this.currentSecond < end) mergeCandle(result, this.current);
    if (result.trades === 0) result.open = result.high = result.low = result.close = this.priceBefore(open);
    return result;
  }

  /** The 24 hours up to `now`: the made-up day before the start and everything since. */
  day(now: number): Candle {
    const { startedAt } = this.options;
    const result = this.past(now - DAY, Math.max(now - DAY + 1_000, startedAt), 1);
    this.dayBefore ??= { high: result.high, low: result.low };
    result.high = this.dayBefore.high;
    result.low = this.dayBefore.low;
    mergeCandle(result, this.sinceStart());
    return result;
  }

  private sinceStart(): Candle {
    const all = { ...this.total };
    mergeCandle(all, this.current);
    return all;
  }

  private merge(into: Candle, from: ReadonlyMap<number, Candle>, open: number, end: number, step: number): void {
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
      trim(this.seconds, this.options.keptSeconds);
      this.current = emptyCandle(done.close);
    }
    this.currentSecond = second;
  }

  private priceBefore(time: number): number {
    if (time < this.options.startedAt) return this.pastPrice(time);
    if (this.current.trades > 0 && this.currentSecond < time) return this.current.close;
    let price = this.options.price;
    for (const [minute, candle] of this.minutes) if (minute < time) price = candle.close;
    return price;
  }

  /** `share`: its volume against the mean; by default a random one of its own. */
  private past(
    open: number,
    end: number,
    share = 0.6 + (0.8 * hash(this.options.seed, Math.floor(open / 1_000))) / 4294967296,
  ): Candle {
    const { minuteVolume, firstId } = this.options;
    const first = this.pastPrice(open);
    const last = this.pastPrice(end);
    let high = Math.max(first, last);
    let low = Math.min(first, last);
    for (let i = 1; i < 12; i++) {
      const price = this.pastPrice(open + ((end - open) * i) / 12);
      if (price > high) high = price;
      if (price < low) low = price;
    }
    const volume = Math.max(1, Math.round(((minuteVolume * (end - open)) / MINUTE) * share));
    const quote = volume * Math.round((high + low) / 2);
    const firstOfCandle = this.pastId(open);
    const lastOfCandle = Math.max(firstOfCandle, Math.min(firstId - 1, this.pastId(end) - 1));
    return {
      open: first,
      high,
      low,
      close: last,
      volume,
      quote,
      buyVolume: Math.round(volume * 0.49),
      buyQuote: Math.round(quote * 0.49),
      trades: lastOfCandle - firstOfCandle + 1,
      firstId: firstOfCandle,
      lastId: lastOfCandle,
    };
  }

  private pastId(time: number): number {
    return Math.max(1, this.options.firstId - Math.ceil((this.options.startedAt - time) / 1_000));
  }

  private pastPrice(time: number): number {
    const { startedAt, price } = this.options;
    return Math.max(1, Math.round(price * (1 + this.wave(time) - this.wave(startedAt))));
  }

  private wave(time: number): number {
    return (
      0.03 * this.noise(time / DAY, 1) + 0.006 * this.noise(time / 3_600_000, 2) + 0.0008 * this.noise(time / MINUTE, 3)
    );
  }

  private noise(position: number, octave: number): number {
    const whole = Math.floor(position);
    const salt = this.options.seed + octave;
    const from = hash(salt, whole) / 2147483648 - 1;
    const to = hash(salt, whole + 1) / 2147483648 - 1;
    return from + (to - from) * (position - whole);
  }
}

function trim(map: Map<number, Candle>, size: number): void {
  if (map.size <= size) return;
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
