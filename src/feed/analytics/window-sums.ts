import type { TradeStats } from '../../domain/record.ts';
import { TradeSums } from '../../market/trades/trade-sums.ts';
import type { ClosedWindow } from '../../operators/window/window-timeline.ts';
import type { SequencedTrade } from '../arbitration/merged-event.ts';
import type { StatsEpoch } from './stats-epoch.ts';

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
