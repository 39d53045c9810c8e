import { LargeTrades, type LargeTradesOptions } from '../../market/trades/large-trades.ts';
import { Volatility } from '../../market/trades/volatility.ts';
import type { WindowedSeries } from './open-windows.ts';
import { TradeCoverage } from './trade-coverage.ts';

/** A venue's turn at what is served apart. */
export interface Turn {
  readonly venue: string;
  readonly epoch: number;
  /** When it began, milliseconds since 1970, wall clock. */
  readonly at: number;
}

/** What came of a venue. */
export interface Heard {
  /** When its first trade came, milliseconds since 1970, wall clock; Infinity: none has. */
  since: number;
  /** When its last trade came, on the caller's clock; Infinity: none has. */
  at: number;
}

/** What the trades of one turn are measured by. */
export class AnalyticsSeries implements WindowedSeries {
  readonly id: string;
  readonly venue: string;
  /** Shared with the other series of the venue. */
  readonly heard: Heard;
  readonly epoch: number;
  /** When it began in this run, milliseconds since 1970, wall clock. */
  at: number;
  readonly coverage = new TradeCoverage();
  readonly large: LargeTrades;
  readonly volatility = new Volatility();
  /** As the turn was left before: the windows up to there were published then. */
  readonly toldTo: number;
  origin: WindowedSeries['origin'];
  /** A trade has come since it began. */
  hasTraded = false;

  /** @param left the same turn as it was left: its windows were cut, and how large its trades are is known. */
  constructor(
    key: string,
    { venue, epoch, at }: Turn,
    heard: Heard,
    large: LargeTradesOptions,
    left?: AnalyticsSeries,
  ) {
    this.id = `${key} ${venue} ${epoch}`;
    this.venue = venue;
    this.heard = heard;
    this.epoch = epoch;
    this.at = at;
    this.large = left?.large ?? new LargeTrades(large);
    this.toldTo = Math.max(
      left?.volatility.lastTime ?? Number.NEGATIVE_INFINITY,
      left?.toldTo ?? Number.NEGATIVE_INFINITY,
    );
  }
}
