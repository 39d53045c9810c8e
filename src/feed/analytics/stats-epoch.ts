import type { Audit, Gap, Kline, TradeStats } from '../../domain/record.ts';
import { isMissing } from '../../domain/trade-id.ts';
import type { LargeTrades } from '../../market/trades/large-trades.ts';
import { TradeSums } from '../../market/trades/trade-sums.ts';
import { Volatility } from '../../market/trades/volatility.ts';
import type { ClosedWindow } from '../../operators/window/window-timeline.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import { TradeCoverage } from './trade-coverage.ts';

/** The last published records of a symbol, from the epoch in which the previous runs ended. */
export interface PreviousTrades {
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  /**
   * The last trades, in the order of publishing. They cover the oldest open window, and the trades to which a large
   * trade is compared.
   */
  readonly trades: readonly SequencedTrade[];
  /** All windows that end at or before this time were published. Milliseconds since 1970. */
  readonly publishedTo: number;
  /** The published windows that end later, ordered by start. For the volatility, they begin long before the trades. */
  readonly windows: readonly Pick<TradeStats, 'windowMs' | 'windowStart' | 'windowEnd' | 'close'>[];
  /** Gaps within the time of the trades, of any epoch. */
  readonly gaps: readonly Pick<Gap, 'epoch' | 'outcome' | 'fromTime' | 'toTime'>[];
  /** All trades and gaps from this time on are in the lists, milliseconds since 1970. */
  readonly knownFrom: number;
  /** The published audits of minutes that end later. */
  readonly audits: readonly PreviousAudit[];
}

export interface PreviousAudit {
  readonly audit: Audit;
  /** False: a sink lacks it, so the next revision is published even if it says the same. */
  readonly isInAll: boolean;
}

/** When a venue's trades came. */
export interface VenueTimes {
  /** When the venue's first trade came, milliseconds since 1970, wall clock. Infinity before it. */
  firstAt: number;
  /** When the venue's last trade came, in the scheduler's milliseconds. Infinity before the first. */
  lastAt: number;
}

export interface EpochBegin {
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  readonly at: number;
}

/** The state of one epoch of a symbol that all its window records use. */
export class StatsEpoch {
  readonly id: string;
  readonly symbol: string;
  readonly venue: string;
  readonly epoch: number;
  /** When the epoch started in this run, milliseconds since 1970, wall clock. */
  readonly at: number;
  /** Shared with the venue's other epochs. */
  readonly times: VenueTimes;
  readonly coverage = new TradeCoverage();
  readonly volatility = new Volatility();
  readonly large: LargeTrades;
  /** Windows that contain this time or an earlier one were published before the symbol was unfollowed. */
  readonly publishedTo: number;
  /** Any trade of the epoch, for the fields that all its trades have in common. */
  origin: Pick<SequencedTrade, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'> | undefined;
  hasTraded = false;

  /** @param left the same epoch before its symbol was unfollowed */
  constructor({ symbol, venue, epoch, at }: EpochBegin, times: VenueTimes, large: LargeTrades, left?: StatsEpoch) {
    this.id = `${symbol} ${venue} ${epoch}`;
    this.symbol = symbol;
    this.venue = venue;
    this.epoch = epoch;
    this.at = at;
    this.times = times;
    this.large = large;
    const lastTime = left?.volatility.lastTime ?? Number.NEGATIVE_INFINITY;
    this.publishedTo = Math.max(lastTime, left?.publishedTo ?? Number.NEGATIVE_INFINITY);
  }

  /** Adds closed one-minute candles to the volatility. They may come after newer trades. */
  addCandles(candles: readonly Kline[]): void {
    for (const { close, closeTime } of candles) this.volatility.add(close, closeTime);
  }

  addGap({ epoch, outcome, fromTime, toTime }: PreviousTrades['gaps'][number]): void {
    if (epoch === this.epoch && isMissing(outcome)) this.coverage.gap({ fromTime, toTime });
  }
}

/** The sums of one window of one epoch. */
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

  /** Returns the closed window's record; undefined if nothing was traded. */
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
      revision: 0,
    };
  }
}

/** Returns the end of the window that contains a time, milliseconds since 1970. */
export function windowEnd(windowMs: number, time: number): number {
  return (Math.floor(time / windowMs) + 1) * windowMs;
}

/** Returns the end of the last window with the length `windowMs` that previous runs published. */
export function lastEnd({ windows, publishedTo }: PreviousTrades, windowMs: number): number {
  let end = publishedTo;
  for (const window of windows) if (window.windowMs === windowMs) end = Math.max(end, window.windowStart + windowMs);
  return end;
}

/** Returns the time of a previous run's last trade; Infinity if there is no previous run to resume. */
export function lastTime(previous: PreviousTrades | undefined): number {
  if (previous === undefined) return Number.POSITIVE_INFINITY;
  return previous.trades.reduce((last, { timestamp }) => Math.max(last, timestamp), Number.NEGATIVE_INFINITY);
}
