import { LargeTrades, type LargeTradesOptions } from '../market/large-trades.ts';
import { Volatility } from '../market/volatility.ts';
import type { SequencedTrade } from './merged-event.ts';
import { TradeCoverage } from './trade-coverage.ts';

/** A venue's turn at what is served apart. */
export interface Turn {
  readonly venue: string;
  /** 0 where there are no turns (mode all). */
  readonly epoch: number;
  /** When it began, milliseconds since 1970, wall clock. */
  readonly at: number;
}

/** What the trades of one turn are measured by. */
export class AnalyticsSeries {
  readonly id: string;
  readonly venue: string;
  readonly epoch: number;
  /** When it began in this run, milliseconds since 1970, wall clock. */
  at: number;
  readonly coverage = new TradeCoverage();
  readonly large: LargeTrades;
  readonly volatility = new Volatility();
  /** Any of its trades: what they all say alike. */
  origin: Pick<SequencedTrade, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'> | undefined;
  /** A trade has come since it began. */
  hasTraded = false;

  constructor(key: string, { venue, epoch, at }: Turn, large: LargeTradesOptions) {
    this.id = `${key} ${venue} ${epoch}`;
    this.venue = venue;
    this.epoch = epoch;
    this.at = at;
    this.large = new LargeTrades(large);
  }
}
