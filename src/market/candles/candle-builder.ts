import type { KlineInterval } from '../../domain/instrument.ts';
import { isBlockTrade } from '../trades/block-trade.ts';
import { type Candle, CandleSums, type CandleTrade, tradesIn } from './candle.ts';
import { nextOpenTime, openTimeOf } from './kline-interval.ts';

export interface CandleBuilderOptions {
  readonly interval: KlineInterval;
  /** How far event time has to be past a candle's end before that closes, milliseconds. Default 0. */
  readonly allowedLatenessMs?: number;
  /** True where the venue's trade ids step by one: an aggregated trade then counts for all its ids. Default false. */
  readonly contiguousIds?: boolean;
  /** Told of each trade that is in no candle: block, or late since its candle has closed. */
  onLeftOut?(trade: CandleTrade, why: LeftOut): void;
}

export type LeftOut = 'late' | 'block';

const NONE: readonly never[] = [];

/**
 * Candles of one symbol and interval, from its trades by timestamp, as venues make them: UTC, weeks from Monday, calendar
 * months. An interval without trades has no candle. A trade costs constant time.
 */
export class CandleBuilder {
  readonly #options: CandleBuilderOptions;
  readonly #latenessMs: number;
  readonly #contiguousIds: boolean;
  /** By open time; but for lateness only one. */
  #open: CandleSums[] = [];
  #eventTime = Number.NEGATIVE_INFINITY;

  constructor(options: CandleBuilderOptions) {
    this.#options = options;
    this.#latenessMs = options.allowedLatenessMs ?? 0;
    this.#contiguousIds = options.contiguousIds ?? false;
  }

  /** Puts a trade into its candle. The candles that its timestamp closes, by open time. */
  add(trade: CandleTrade): readonly Candle[] {
    if (isBlockTrade(trade)) {
      this.#options.onLeftOut?.(trade, 'block');
      return NONE;
    }
    const closed = trade.timestamp > this.#eventTime ? this.advance(trade.timestamp) : NONE;
    const candle = this.#candleOf(trade.timestamp);
    if (candle === undefined) this.#options.onLeftOut?.(trade, 'late');
    else candle.add(trade, tradesIn(trade, this.#contiguousIds));
    return closed;
  }

  /** Lets event time go on to `time` without a trade. The candles that close, by open time. */
  advance(time: number): readonly Candle[] {
    if (time <= this.#eventTime) return NONE;
    this.#eventTime = time;
    const [first] = this.#open;
    if (first === undefined || !this.#isOver(first.endTime)) return NONE;
    const over = this.#open.filter(({ endTime }) => this.#isOver(endTime));
    this.#open = this.#open.slice(over.length);
    return over.map((candle) => candle.toCandle(this.#options.interval, true));
  }

  /** The newest open candle as it stands. */
  current(): Candle | undefined {
    return this.#open.at(-1)?.toCandle(this.#options.interval, false);
  }

  #isOver(endTime: number): boolean {
    return endTime + this.#latenessMs <= this.#eventTime;
  }

  #candleOf(timestamp: number): CandleSums | undefined {
    const known = this.#open.findLast(({ openTime: from, endTime: to }) => from <= timestamp && timestamp < to);
    if (known !== undefined) return known;
    const { interval } = this.#options;
    const openTime = openTimeOf(interval, timestamp);
    const endTime = nextOpenTime(interval, openTime);
    if (this.#isOver(endTime)) return undefined;
    const candle = new CandleSums(openTime, endTime);
    const after = this.#open.findIndex((other) => other.openTime > openTime);
    this.#open.splice(after === -1 ? this.#open.length : after, 0, candle);
    return candle;
  }
}
