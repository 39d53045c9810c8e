export interface Trade {
  readonly id: number;
  /** The aggregated trade it belongs to (Binance) or its matching sequence (Bybit). */
  readonly group: number;
  /** Price and quantity steps. */
  readonly price: number;
  readonly quantity: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** True where the taker sold. */
  readonly sell: boolean;
}

/** The latest trades of one symbol, in columns, addressed by a number that counts the symbol's trades from 0. */
export class TradeRing {
  /** Trades ever pushed: the number of the next one. */
  count = 0;
  private readonly mask: number;
  private readonly ids: number[] = [];
  private readonly prices: number[] = [];
  private readonly quantities: number[] = [];
  private readonly times: number[] = [];
  private readonly groups: number[] = [];
  private readonly sells: boolean[] = [];

  /** @param capacity trades kept at most, a power of two; memory grows up to it as trades come. */
  constructor(capacity: number) {
    this.mask = capacity - 1;
  }

  /** The oldest number still kept. */
  get first(): number {
    return Math.max(0, this.count - this.mask - 1);
  }

  push(id: number, price: number, quantity: number, time: number, group: number, sell: boolean): void {
    const slot = this.count++ & this.mask;
    this.ids[slot] = id;
    this.prices[slot] = price;
    this.quantities[slot] = quantity;
    this.times[slot] = time;
    this.groups[slot] = group;
    this.sells[slot] = sell;
  }

  id(number: number): number {
    return this.ids[number & this.mask] ?? 0;
  }
  /** Price steps. */
  price(number: number): number {
    return this.prices[number & this.mask] ?? 0;
  }
  /** Quantity steps. */
  quantity(number: number): number {
    return this.quantities[number & this.mask] ?? 0;
  }
  /** Milliseconds since 1970. */
  time(number: number): number {
    return this.times[number & this.mask] ?? 0;
  }
  /** The aggregated trade it belongs to (Binance) or its matching sequence (Bybit). */
  group(number: number): number {
    return this.groups[number & this.mask] ?? 0;
  }
  /** True where the taker sold. */
  sell(number: number): boolean {
    return this.sells[number & this.mask] === true;
  }

  at(number: number): Trade {
    return {
      id: this.id(number),
      group: this.group(number),
      price: this.price(number),
      quantity: this.quantity(number),
      time: this.time(number),
      sell: this.sell(number),
    };
  }

  /** Forgets every trade. */
  clear(): void {
    this.count = 0;
  }

  /** The first kept number whose id is at least `id`; `count` where there is none. */
  fromId(id: number): number {
    return this.search((number) => this.id(number) >= id);
  }

  /** The first kept number whose group is at least `group`; `count` where there is none. */
  fromGroup(group: number): number {
    return this.search((number) => this.group(number) >= group);
  }

  /** The first kept number whose time is at least `time`; `count` where there is none. */
  fromTime(time: number): number {
    return this.search((number) => this.time(number) >= time);
  }

  private search(reached: (number: number) => boolean): number {
    let low = this.first;
    let high = this.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (reached(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
