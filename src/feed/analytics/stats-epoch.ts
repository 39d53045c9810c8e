import type { Gap, TradeStats } from '../../domain/record.ts';
import type { LargeTrades } from '../../market/trades/large-trades.ts';
import { TradeSums } from '../../market/trades/trade-sums.ts';
import { Volatility } from '../../market/trades/volatility.ts';
import type { ClosedWindow } from '../../operators/window/window-timeline.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { TradeCoverage } from './trade-coverage.ts';

/** What previous runs published lately of the epoch that a symbol had at their end. */
export interface PreviousTrades {
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  /** The last ones, in the order of their publishing: back to the oldest window that may be open, and as many as the history has. */
  readonly trades: readonly SequencedTrade[];
  /** The windows that end up to there were published, whether or not they are here, milliseconds. */
  readonly publishedTo: number;
  /** The others of each length that were published, by start; those of a minute further back, as volatility is computed from them. */
  readonly windows: readonly Pick<TradeStats, 'windowMs' | 'windowStart' | 'windowEnd' | 'close'>[];
  /** Those that reach into the time of the trades; of other epochs they do not matter. */
  readonly gaps: readonly Pick<Gap, 'epoch' | 'outcome' | 'fromTime' | 'toTime'>[];
}

/** When trades of a venue came. */
export interface VenueTimes {
  /** Its first trade, milliseconds since 1970, wall clock; Infinity: none came. */
  firstAt: number;
  /** Its last trade, on the scheduler's clock; Infinity: none came. */
  lastAt: number;
}

export interface EpochBegin {
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  /** Milliseconds since 1970, wall clock. */
  readonly at: number;
}

/** What a window's record tells beyond its trades: one epoch of a symbol. */
export class StatsEpoch {
  readonly id: string;
  readonly venue: string;
  readonly epoch: number;
  /** When it began in this run, milliseconds since 1970, wall clock. */
  readonly at: number;
  /** Shared with the other epochs of the venue. */
  readonly times: VenueTimes;
  readonly coverage = new TradeCoverage();
  readonly volatility = new Volatility();
  readonly large: LargeTrades;
  /** The windows that hold this moment or an earlier one were published, when the symbol was left in this epoch. */
  readonly publishedTo: number;
  /** Any of its trades, for the fields that all have in common; undefined before the first. */
  origin: Pick<SequencedTrade, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'> | undefined;
  /** A trade has come in this run. */
  hasTraded = false;

  /** @param left the same epoch as it was left. */
  constructor({ symbol, venue, epoch, at }: EpochBegin, times: VenueTimes, large: LargeTrades, left?: StatsEpoch) {
    this.id = `${symbol} ${venue} ${epoch}`;
    this.venue = venue;
    this.epoch = epoch;
    this.at = at;
    this.times = times;
    this.large = large;
    const lastTime = left?.volatility.lastTime ?? Number.NEGATIVE_INFINITY;
    this.publishedTo = Math.max(lastTime, left?.publishedTo ?? Number.NEGATIVE_INFINITY);
  }

  addGap({ epoch, outcome, fromTime, toTime }: PreviousTrades['gaps'][number]): void {
    if (epoch === this.epoch && outcome !== 'repaired') this.coverage.gap({ fromTime, toTime });
  }
}

/** What is counted of one window of one epoch. */
export class WindowSums {
  readonly #sums = new TradeSums();
  readonly #epoch: StatsEpoch;
  #receivedAt = 0;

  constructor(epoch: StatsEpoch) {
    this.#epoch = epoch;
  }

  add(trade: SequencedTrade): this {
    this.#sums.add(trade);
    this.#receivedAt = trade.receivedAt;
    return this;
  }

  /** The record of the window, once it has closed; undefined if nothing was traded. */
  record({ windowStart, windowEnd, complete }: Omit<ClosedWindow<unknown>, 'accumulator'>): TradeStats | undefined {
    const figures = this.#sums.figures();
    const { origin, epoch, volatility, coverage } = this.#epoch;
    if (figures === undefined || origin === undefined) return undefined;
    return {
      kind: 'trade_stats',
      venue: origin.venue,
      symbol: origin.symbol,
      venueSymbol: origin.venueSymbol,
      coin: origin.coin,
      environment: origin.environment,
      epoch,
      receivedAt: this.#receivedAt,
      windowMs: windowEnd - windowStart,
      windowStart,
      windowEnd,
      ...figures,
      volatility: volatility.at(windowEnd),
      complete: complete && coverage.isWhole(windowStart, windowEnd),
    };
  }
}

/** Where the window of a length ends that a moment lies in. */
export function windowEnd(windowMs: number, time: number): number {
  return (Math.floor(time / windowMs) + 1) * windowMs;
}

/** Where the windows of a length end that a previous run published. */
export function lastEnd({ windows, publishedTo }: PreviousTrades, windowMs: number): number {
  let end = publishedTo;
  for (const window of windows) if (window.windowMs === windowMs) end = Math.max(end, window.windowStart + windowMs);
  return end;
}

/** Infinity: there is no previous run to continue. */
export function lastTime(previous: PreviousTrades | undefined): number {
  if (previous === undefined) return Number.POSITIVE_INFINITY;
  return previous.trades.reduce((last, { timestamp }) => Math.max(last, timestamp), Number.NEGATIVE_INFINITY);
}
