import type { TradeStats } from '../domain/record.ts';
import { TradeSums } from '../market/trade-sums.ts';
import type { ClosedWindow } from '../operators/window-timeline.ts';
import type { AnalyticsSeries } from './analytics-series.ts';
import type { SequencedTrade } from './merged-event.ts';

/** What is counted of one window of one series. */
export class OpenWindow {
  readonly #sums = new TradeSums();
  #series: AnalyticsSeries | undefined;
  #last: SequencedTrade | undefined;

  add(series: AnalyticsSeries, trade: SequencedTrade): this {
    this.#sums.add(trade);
    this.#series = series;
    this.#last = trade;
    return this;
  }

  /** What it comes to, once it has closed; undefined where nothing was traded. */
  record({ windowStart, windowEnd, complete }: ClosedWindow<this>): TradeStats | undefined {
    const figures = this.#sums.figures();
    const series = this.#series;
    const last = this.#last;
    if (figures === undefined || series === undefined || last === undefined) return undefined;
    return {
      kind: 'trade_stats',
      venue: last.venue,
      symbol: last.symbol,
      venueSymbol: last.venueSymbol,
      coin: last.coin,
      environment: last.environment,
      epoch: series.epoch,
      receivedAt: last.receivedAt,
      windowMs: windowEnd - windowStart,
      windowStart,
      windowEnd,
      ...figures,
      volatility: series.volatility.at(windowEnd),
      complete: complete && series.coverage.isWhole(windowStart, windowEnd),
    };
  }
}
