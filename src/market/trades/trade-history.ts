import type { TradeEvent } from '../../domain/record.ts';
import { isBlockTrade } from './block-trade.ts';
import { RollingFigures } from './rolling-figures.ts';
import type { MeasuredTrade, TradeFigures } from './trade-figures.ts';
import type { VolumeProfile } from './volume-profile.ts';

/** What a history has to know of a trade. */
export type HistoricTrade = MeasuredTrade & Pick<TradeEvent, 'conditions'>;

/**
 * The last trades of one symbol: time and sales, and figures over any part of them. A trade costs constant amortised
 * time whatever the size.
 *
 * Time and sales show block trades as the others; figures and volume profile are without them, and over the last `size`
 * of the rest.
 */
export class TradeHistory<T extends HistoricTrade = TradeEvent> {
  readonly #size: number;
  readonly #ring: T[] = [];
  /** Of the next trade once the ring is full. */
  #slot = 0;
  #blockTrades = 0;
  readonly #figures: RollingFigures;

  /** Throws RangeError where `size` is no whole number above 0. */
  constructor({ size = 1000 }: { readonly size?: number } = {}) {
    this.#figures = new RollingFigures(size);
    this.#size = size;
  }

  /** How many block trades were added, ever. */
  get blockTrades(): number {
    return this.#blockTrades;
  }

  add(trade: T): void {
    this.#ring[this.#slot] = trade;
    this.#slot = this.#slot + 1 === this.#size ? 0 : this.#slot + 1;
    if (isBlockTrade(trade)) this.#blockTrades++;
    else this.#figures.add(trade);
  }

  /** Time and sales: the last `limit` trades, block trades among them, newest first. */
  latest(limit = this.#size): readonly T[] {
    const count = Math.max(Math.min(limit, this.#ring.length), 0);
    const newestFirst = [...this.#ring.slice(0, this.#slot).reverse(), ...this.#ring.slice(this.#slot).reverse()];
    return newestFirst.slice(0, count);
  }

  /** Figures of the last `count` trades, or of as many as are remembered; undefined where there is none. */
  lastTrades(count = this.#size): TradeFigures | undefined {
    return this.#figures.lastTrades(count);
  }

  /** Figures of the trades with a timestamp above `at` − `spanMs`, as far as they are remembered; undefined where there is none. */
  lastMilliseconds(spanMs: number, at: number): TradeFigures | undefined {
    return this.#figures.lastMilliseconds(spanMs, at);
  }

  /** False where a trade after `time` (milliseconds, venue's clock) may have been dropped for a newer one. */
  reaches(time: number): boolean {
    return this.#figures.reaches(time);
  }

  /** Volume by price of all remembered trades but block trades; undefined where there is none. Throws as `volumeProfile`. */
  volumeProfile(bins?: number): VolumeProfile | undefined {
    return this.#figures.volumeProfile(bins);
  }
}
