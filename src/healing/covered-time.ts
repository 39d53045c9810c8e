import type { TradeEvent } from '../domain/record.ts';
import { lastIdOf } from '../domain/trade-id.ts';

/** How far the timestamps of trades may step back, milliseconds. */
const BACK_MS = 10_000;

/** One interval of time of a series, whose trades are complete, or not. */
export interface CoveredTime<S> {
  /** Start, inclusive, milliseconds since 1970. */
  readonly start: number;
  /** End, exclusive, milliseconds since 1970. */
  readonly end: number;
  readonly sums: S;
  /** The last added trade. */
  readonly last: TradeEvent;
  /** False if the first known trade of the series is in the interval, or if ids step by one and one of them is missing. */
  readonly isWhole: boolean;
}

interface Open<S> extends Omit<CoveredTime<S>, 'last' | 'isWhole'> {
  last: TradeEvent;
  isWhole: boolean;
}

export interface CoverOptions<S> {
  readonly lengthMs: number;
  /** True if trade ids step by one. */
  readonly isContiguous: boolean;
  readonly isWanted: (start: number) => boolean;
  readonly create: () => S;
  readonly add: (sums: S, trade: TradeEvent) => void;
}

/**
 * Adds up the trades of a series, in the order of their ids, in intervals of one length. `next` returns the intervals to
 * which no more trades belong; the series needs little memory.
 */
export class CoveredTimes<S> {
  readonly #options: CoverOptions<S>;
  readonly #open = new Map<number, Open<S>>();
  #previous: TradeEvent | undefined;

  constructor(options: CoverOptions<S>) {
    this.#options = options;
  }

  next(trade: TradeEvent): readonly CoveredTime<S>[] {
    const { lengthMs, isContiguous, isWanted, create, add } = this.#options;
    const previous = this.#previous;
    this.#previous = trade;
    const start = Math.floor(trade.timestamp / lengthMs) * lengthMs;
    const follows =
      previous !== undefined && (!isContiguous || BigInt(trade.tradeId) === BigInt(lastIdOf(previous)) + 1n);
    // A missing trade may belong to the interval before it, to the one after it, and to those between them.
    if (!follows)
      for (const open of this.#open.values()) if (open.end > (previous?.timestamp ?? 0)) open.isWhole = false;
    if (isWanted(start)) {
      const open = this.#open.get(start) ?? {
        start,
        end: start + lengthMs,
        sums: create(),
        last: trade,
        isWhole: follows,
      };
      this.#open.set(start, open);
      if (!follows) open.isWhole = false;
      add(open.sums, trade);
      open.last = trade;
    }
    return this.#close(({ end }) => end + BACK_MS <= trade.timestamp);
  }

  /** Returns the open intervals at the end of the series. */
  end(): readonly CoveredTime<S>[] {
    return this.#close(() => true);
  }

  #close(isOver: (open: Open<S>) => boolean): readonly CoveredTime<S>[] {
    const over = [...this.#open.values()].filter(isOver);
    for (const { start } of over) this.#open.delete(start);
    return over;
  }
}
