import type { KlineInterval } from '../../domain/instrument.ts';
import { isBlockTrade } from '../trades/block-trade.ts';
import { type Candle, CandleSums, type CandleTrade, tradesIn } from './candle.ts';
import { nextOpenTime, openTimeOf } from './kline-interval.ts';

export interface CandleBuilderOptions {
  readonly interval: KlineInterval;
  /** A candle closes when event time is this many milliseconds past its end. Default 0. */
  readonly allowedLatenessMs?: number;
  /**
   * True if the venue's trade ids step by one: an aggregated trade then counts as one trade for each id. Default false.
   */
  readonly contiguousIds?: boolean;
  /** Called for each trade that no candle contains: a block trade, or one whose candle has closed. */
  onLeftOut?(trade: CandleTrade, why: LeftOut): void;
}

export type LeftOut = 'late' | 'block';

const NONE: readonly never[] = [];

/** Makes candles of one symbol from its trades, as venues do: UTC, weeks from Monday, calendar months. */
export class CandleBuilder {
  readonly #options: CandleBuilderOptions;
  readonly #latenessMs: number;
  readonly #contiguousIds: boolean;
  /** The candles that are not closed, sorted by open time. There is only one if no lateness is allowed. */
  #open: CandleSums[] = [];
  #eventTime = Number.NEGATIVE_INFINITY;

  constructor(options: CandleBuilderOptions) {
    this.#options = options;
    this.#latenessMs = options.allowedLatenessMs ?? 0;
    this.#contiguousIds = options.contiguousIds ?? false;
  }

  /** Adds a trade. Returns the candles that its timestamp closes, sorted by open time. */
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

  /** Advances event time without a trade. Returns the candles that close, sorted by open time. */
  advance(time: number): readonly Candle[] {
    if (time <= this.#eventTime) return NONE;
    this.#eventTime = time;
    const [first] = this.#open;
    if (first === undefined || !this.#isOver(first.endTime)) return NONE;
    const over = this.#open.filter(({ endTime }) => this.#isOver(endTime));
    this.#open = this.#open.slice(over.length);
    return over.map((candle) => candle.toCandle(this.#options.interval, true));
  }

  /** Returns the newest open candle as it is now. */
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
