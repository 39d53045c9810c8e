import type { TradeStats } from '../../domain/record.ts';
import { TradeSums } from '../../market/trades/trade-sums.ts';
import type { Volatility } from '../../market/trades/volatility.ts';
import type { ClosedWindow } from '../../operators/window/window-timeline.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { TradeCoverage } from './trade-coverage.ts';

/** What a window's record tells beyond its trades. */
export interface SummedSeries {
  readonly epoch: number;
  readonly coverage: TradeCoverage;
  readonly volatility: Volatility;
  /** Any of its trades: what they all say alike; undefined before the first. */
  origin: Pick<SequencedTrade, 'venue' | 'symbol' | 'venueSymbol' | 'coin' | 'environment'> | undefined;
}

/** What is counted of one window of one series. */
export class OpenWindow {
  readonly #sums = new TradeSums();
  readonly #series: SummedSeries;
  #receivedAt = 0;

  constructor(series: SummedSeries) {
    this.#series = series;
  }

  add(trade: SequencedTrade): this {
    this.#sums.add(trade);
    this.#receivedAt = trade.receivedAt;
    return this;
  }

  /** What it comes to, once it has closed; undefined where nothing was traded. */
  record({ windowStart, windowEnd, complete }: ClosedWindow<this>): TradeStats | undefined {
    const figures = this.#sums.figures();
    const series = this.#series;
    const { origin } = series;
    if (figures === undefined || origin === undefined) return undefined;
    return {
      kind: 'trade_stats',
      venue: origin.venue,
      symbol: origin.symbol,
      venueSymbol: origin.venueSymbol,
      coin: origin.coin,
      environment: origin.environment,
      epoch: series.epoch,
      receivedAt: this.#receivedAt,
      windowMs: windowEnd - windowStart,
      windowStart,
      windowEnd,
      ...figures,
      volatility: series.volatility.at(windowEnd),
      complete: complete && series.coverage.isWhole(windowStart, windowEnd),
    };
  }
}
