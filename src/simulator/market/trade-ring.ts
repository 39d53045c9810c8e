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

/** Numbers of a kept trade: id, group, price, quantity, time and flags. */
const WIDTH = 6;
const SELL = 1;
const BLOCK = 2;
/** Number of trades for which a new ring has room. */
const FIRST_ROOM = 64;

/**
 * Keeps the latest trades of one symbol. A trade's number counts the symbol's trades from 0. The trades are rows of numbers,
 * because objects need more than twice the memory.
 */
export class TradeRing {
  /** Number of trades since the start or the last `clear`, which is also the next trade's number. */
  count = 0;
  private readonly capacity: number;
  private rows: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.rows = new Float64Array(Math.min(capacity, FIRST_ROOM) * WIDTH);
  }

  /** The number of the oldest kept trade. */
  get first(): number {
    return Math.max(0, this.count - this.capacity);
  }

  push({ id, group, price, quantity, time, sell, block }: Trade): void {
    const at = (this.count++ % this.capacity) * WIDTH;
    if (at === this.rows.length) this.grow();
    const { rows } = this;
    rows[at] = id;
    rows[at + 1] = group;
    rows[at + 2] = price;
    rows[at + 3] = quantity;
    rows[at + 4] = time;
    rows[at + 5] = (sell ? SELL : 0) + (block === true ? BLOCK : 0);
  }

  /** Returns a kept trade by its number. */
  at(number: number): Trade {
    const from = (number % this.capacity) * WIDTH;
    const [id = 0, group = 0, price = 0, quantity = 0, time = 0, flags = 0] = this.rows.subarray(from, from + WIDTH);
    return { id, group, price, quantity, time, sell: (flags & SELL) !== 0, block: (flags & BLOCK) !== 0 };
  }

  /** The latest trades, oldest first. */
  latest(most: number): Trade[] {
    const count = Math.min(most, this.count - this.first);
    return Array.from({ length: count }, (_, i) => this.at(this.count - count + i));
  }

  clear(): void {
    this.count = 0;
  }

  private grow(): void {
    const { rows, capacity } = this;
    this.rows = new Float64Array(Math.min(2 * rows.length, capacity * WIDTH));
    this.rows.set(rows);
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
