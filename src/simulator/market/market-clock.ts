import type { OnOrder, SimulatedMarket } from './market.ts';

/** The most that one slice makes up for, and the most that is made up for at all, in seconds of trades. */
const SLICE_SECONDS = 0.05;
const BACKLOG_SECONDS = 2;

/** Keeps one market at its rate: each slice makes the trades that are due, and catches up what a late slice missed. */
export class MarketClock {
  private readonly market: SimulatedMarket;
  private rate: number;
  private readonly onOrder: OnOrder;
  private startedAt: number;
  private made = 0;
  /** Trades that were due and never made because the machine could not keep up. */
  forgiven = 0;

  /** @param startedAt milliseconds of a monotonic clock. */
  constructor(market: SimulatedMarket, startedAt: number, onOrder: OnOrder) {
    this.market = market;
    this.rate = market.rate;
    this.startedAt = startedAt;
    this.onOrder = onOrder;
  }

  /** From now on `rate` trades a second; what was due before is not made up for. The market's own time is not touched. */
  setRate(rate: number, monotonic: number): void {
    this.rate = rate;
    this.startedAt = monotonic;
    this.made = 0;
  }

  /** `monotonic` decides how many are due, `now` (milliseconds since 1970) is their time. */
  slice(monotonic: number, now: number): void {
    let due = (this.rate * (monotonic - this.startedAt)) / 1_000 - this.made;
    const excess = due - this.rate * BACKLOG_SECONDS;
    if (excess > 1) {
      this.forgiven += Math.floor(excess);
      this.startedAt += (excess / this.rate) * 1_000;
      due -= excess;
    }
    const trades = Math.floor(Math.min(due, Math.max(1, this.rate * SLICE_SECONDS)));
    if (trades >= 1) this.made += this.market.advance(trades, now, this.onOrder);
  }
}
