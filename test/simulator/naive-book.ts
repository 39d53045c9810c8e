export type Levels = readonly (readonly [price: string, quantity: string])[];

/** The simplest book: a map for each side, sorted at each read. */
export class NaiveBook {
  readonly bids = new Map<number, string>();
  readonly asks = new Map<number, string>();

  constructor(bids: Levels, asks: Levels) {
    this.set(bids, asks);
  }

  set(bids: Levels, asks: Levels): void {
    for (const [side, levels] of [
      [this.bids, bids],
      [this.asks, asks],
    ] as const)
      for (const [price, quantity] of levels) {
        if (Number(quantity) === 0) side.delete(Number(price));
        else side.set(Number(price), quantity);
      }
  }

  get bestBid(): number {
    return Math.max(...this.bids.keys());
  }

  get bestAsk(): number {
    return Math.min(...this.asks.keys());
  }

  /** Returns the bids best first, down to `lowest`; `askLevels` returns the asks up to `highest`. */
  bidLevels(lowest = 0): (readonly [number, string])[] {
    return [...this.bids].filter(([price]) => price >= lowest).sort(([a], [b]) => b - a);
  }

  askLevels(highest = Number.POSITIVE_INFINITY): (readonly [number, string])[] {
    return [...this.asks].filter(([price]) => price <= highest).sort(([a], [b]) => a - b);
  }
}

export function numbered(levels: Levels): (readonly [number, string])[] {
  return levels.map(([price, quantity]) => [Number(price), quantity]);
}
