import { at } from '../../domain/at.ts';

export interface Trade {
  readonly id: number;
  /** The id of its aggregated trade (Binance), or its sequence number in the matching engine (Bybit). */
  readonly group: number;
  /** The price in ticks. */
  readonly price: number;
  /** The quantity in lots. */
  readonly quantity: number;
  /** When the trade happened, milliseconds since 1970. */
  readonly time: number;
  /** True if the taker sold. */
  readonly sell: boolean;
  /** True if the trade was negotiated off the book (Bybit). No candle has it. */
  readonly block?: boolean;
}

export type TradePredicate = (trade: Trade) => boolean;

/** Keeps the latest trades of one symbol. A trade's number counts the symbol's trades from 0. */
export class TradeRing {
  /** Number of trades since the start or the last `clear`, which is also the next trade's number. */
  count = 0;
  private readonly capacity: number;
  private readonly kept: Trade[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** The number of the oldest kept trade. */
  get first(): number {
    return Math.max(0, this.count - this.capacity);
  }

  push(trade: Trade): void {
    this.kept[this.count++ % this.capacity] = trade;
  }

  at(number: number): Trade {
    return at(this.kept, number % this.capacity);
  }

  /** The latest trades, oldest first. */
  latest(most: number): Trade[] {
    const count = Math.min(most, this.count - this.first);
    return Array.from({ length: count }, (_, i) => this.at(this.count - count + i));
  }

  clear(): void {
    this.count = 0;
  }

  /** Finds the first kept number whose trade passes; `count` if no trade passes. All later trades must pass too. */
  search(passes: TradePredicate): number {
    return firstNumber(this.first, this.count, (number) => passes(this.at(number)));
  }
}

/**
 * Finds the first number in [`low`, `high`) that passes; `high` if no number passes. All later numbers must pass too.
 */
export function firstNumber(low: number, high: number, passes: (number: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (passes(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
