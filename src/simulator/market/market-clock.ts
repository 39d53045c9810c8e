import type { OnOrder, SimulatedMarket } from './market.ts';

/** One slice (time step) makes at most the trades of this many seconds. */
const MAX_MADE_SECONDS = 0.05;
/** A trade that is overdue by more than this many seconds is not made. */
const BACKLOG_SECONDS = 2;

/**
 * Keeps one market at its rate: each slice makes the trades that are due, also those that earlier slices did not make.
 */
export class MarketClock {
  private readonly market: SimulatedMarket;
  private readonly onOrder: OnOrder;
  private rate: number;
  private startedAt: number;
  private made = 0;
  /** Number of trades that were never made, because the machine was too slow. */
  forgiven = 0;

  /** @param startedAt when the market started, milliseconds of a monotonic clock */
  constructor(market: SimulatedMarket, startedAt: number, onOrder: OnOrder) {
    this.market = market;
    this.rate = market.rate;
    this.startedAt = startedAt;
    this.onOrder = onOrder;
  }

  /**
   * Changes the number of trades a second. Trades that were due before are dropped; the market's own time continues.
   */
  setRate(rate: number, monotonic: number): void {
    this.rate = rate;
    this.startedAt = monotonic;
    this.made = 0;
  }

  /** Makes the trades that are due by `monotonic`, with the time `now` (milliseconds since 1970). */
  slice(monotonic: number, now: number): void {
    let due = (this.rate * (monotonic - this.startedAt)) / 1_000 - this.made;
    const excess = due - this.rate * BACKLOG_SECONDS;
    if (excess > 1) {
      this.forgiven += Math.floor(excess);
      this.startedAt += (excess / this.rate) * 1_000;
      due -= excess;
    }
    const trades = Math.floor(Math.min(due, Math.max(1, this.rate * MAX_MADE_SECONDS)));
    if (trades >= 1) this.made += this.market.advance(trades, now, this.onOrder);
  }
}
