import { addTrade, emptyCandle, type SimulatedCandle } from './candle.ts';
import { hash } from './random.ts';
import { firstNumber, type Trade, type TradePredicate } from './trade-ring.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const LONGEST_PAST = 400 * DAY;

export interface PastTradesOptions {
  readonly seed: number;
  /** The price at the start, in ticks. */
  readonly price: number;
  /** When the market opened, milliseconds since 1970. */
  readonly startedAt: number;
  /** Ids of the first trade and of the first aggregated trade after the market opened. */
  readonly firstId: number;
  readonly firstGroup: number;
  /** Mean volume of a minute, in quantity steps. */
  readonly minuteVolume: number;
}

/** The made-up trades of one symbol before the market opened, one a second. Each is computed from its id, not stored. */
export class PastTrades {
  readonly options: PastTradesOptions;
  readonly oldestId: number;

  constructor(options: PastTradesOptions) {
    this.options = options;
    const { firstId, firstGroup } = options;
    this.oldestId = Math.max(1, firstId - firstGroup + 1, firstId - LONGEST_PAST / SECOND);
  }

  /** The time of the oldest made-up trade, milliseconds since 1970. */
  get openedAt(): number {
    return this.timeOf(this.oldestId);
  }

  /** Finds the first id whose trade passes, by binary search; `firstId` if no trade before the opening passes. */
  search(passes: TradePredicate): number {
    return firstNumber(this.oldestId, this.options.firstId, (id) => passes(this.trade(id)));
  }

  /** Returns the first id at `time` or later, at most `firstId`. */
  private firstIdAt(time: number): number {
    const { startedAt, firstId } = this.options;
    return Math.min(firstId, Math.max(this.oldestId, firstId - Math.floor((startedAt - time) / SECOND)));
  }

  trade(id: number): Trade {
    const { seed, firstId, firstGroup, minuteVolume } = this.options;
    const time = this.timeOf(id);
    const draw = hash(seed + 4, id);
    const quantity = Math.max(1, Math.round((minuteVolume / 60) * (0.2 + (1.6 * (draw >>> 1)) / 2147483648)));
    return { id, group: firstGroup - firstId + id, price: this.priceAt(time), quantity, time, sell: (draw & 1) === 1 };
  }

  /** The candle from `open` to before `end`. Up to an hour, it is built from the trades; a longer one is approximate. */
  candle(open: number, end: number): SimulatedCandle {
    if (end - open > HOUR) return this.roughCandle(open, end);
    const candle = emptyCandle(this.priceAt(open));
    const last = this.firstIdAt(end) - 1;
    for (let id = this.firstIdAt(open); id <= last; id++) addTrade(candle, this.trade(id));
    return candle;
  }

  /** An approximate candle: mean volume, and prices of a few moments. */
  roughCandle(open: number, end: number): SimulatedCandle {
    const prices = Array.from({ length: 13 }, (_, i) => this.priceAt(open + ((end - open) * i) / 12));
    const high = Math.max(...prices);
    const low = Math.min(...prices);
    const volume = Math.max(1, Math.round((this.options.minuteVolume * (end - open)) / MINUTE));
    const quote = volume * Math.round((high + low) / 2);
    const firstId = this.firstIdAt(open);
    const lastId = Math.max(firstId, this.firstIdAt(end) - 1);
    return {
      open: this.priceAt(open),
      high,
      low,
      close: this.priceAt(end),
      volume,
      quote,
      buyVolume: Math.round(volume * 0.49),
      buyQuote: Math.round(quote * 0.49),
      trades: lastId - firstId + 1,
      firstId,
      lastId,
    };
  }

  /** Returns the price at a time before the start, in ticks. At the start it is `options.price`. */
  priceAt(time: number): number {
    const { startedAt, price } = this.options;
    return Math.max(1, Math.round(price * (1 + this.wave(time) - this.wave(startedAt))));
  }

  private timeOf(id: number): number {
    return this.options.startedAt - (this.options.firstId - id) * SECOND;
  }

  private wave(time: number): number {
    return (
      0.03 * this.noise(time / DAY, 1) + 0.006 * this.noise(time / HOUR, 2) + 0.0008 * this.noise(time / MINUTE, 3)
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
