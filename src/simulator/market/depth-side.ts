import type { Listing, Quote } from './listing.ts';

/** Best levels of a side whose quantities change; those beyond rest unchanged. */
const ACTIVE_LEVELS = 500;

/** One side of a whole book at one update id. */
export class DepthSide {
  readonly best: number;
  /** The last price whose quantity changes. */
  readonly last: number;
  private readonly listing: Listing;
  private readonly bids: boolean;
  private readonly active: readonly Quote[];
  private readonly quantities: ReadonlyMap<number, number>;

  constructor(listing: Listing, side: 'bids' | 'asks') {
    this.listing = listing;
    this.bids = side === 'bids';
    this.best = this.bids ? listing.bestBid : listing.bestAsk;
    this.active = this.bids ? listing.bids(ACTIVE_LEVELS) : listing.asks(ACTIVE_LEVELS);
    this.last = this.active.at(-1)?.price ?? this.best;
    this.quantities = new Map(this.active.map(({ price, quantity }) => [price, quantity]));
  }

  /** Quantity steps at a price that holds an order on this side or has held one; 0 where none is left. */
  quantityAt(price: number): number {
    const beyond = this.bids ? price < this.last : price > this.last;
    return beyond ? this.listing.deepQuantityAt(price) : (this.quantities.get(price) ?? 0);
  }

  /** The best `count` levels, best first. */
  first(count: number): Quote[] {
    const levels = this.active.slice(0, count);
    const { listing } = this;
    for (let price = this.beyond(this.last); levels.length < count && price > 1; price = this.beyond(price))
      levels.push({ price, quantity: listing.deepQuantityAt(price) });
    return levels;
  }

  /** The prices whose quantities differ from those of a later side, best first. */
  changesTo(after: DepthSide): number[] {
    const changes: number[] = [];
    const lowest = Math.min(this.best, this.last, after.best, after.last);
    const highest = Math.max(this.best, this.last, after.best, after.last);
    for (
      let price = this.listing.restingAtOrAbove(lowest);
      price <= highest;
      price = this.listing.restingAtOrAbove(price + 1)
    ) {
      if (this.quantityAt(price) !== after.quantityAt(price)) changes.push(price);
    }
    return this.bids ? changes.reverse() : changes;
  }

  private beyond(price: number): number {
    return this.bids ? this.listing.restingAtOrBelow(price - 1) : this.listing.restingAtOrAbove(price + 1);
  }
}
