import type { Listing, Quote } from './listing.ts';

/** The best levels of a book at one moment. */
export interface BookView {
  /** The listing's update id. */
  readonly updateId: number;
  /** The venue's matching sequence. */
  readonly sequence: number;
  /** When the book changed last, milliseconds since 1970. */
  readonly changedAt: number;
  readonly bids: readonly Quote[];
  readonly asks: readonly Quote[];
}

export function viewBook(listing: Listing, levels: number, sequence: number): BookView {
  const { updateId, changedAt } = listing;
  return { updateId, sequence, changedAt, bids: listing.bids(levels), asks: listing.asks(levels) };
}

/** What turns one side into another: levels to set, quantity 0 removes; best first. */
export function changedLevels(before: readonly Quote[], after: readonly Quote[]): Quote[] {
  const old = new Map(before.map(({ price, quantity }) => [price, quantity]));
  const changes: Quote[] = [];
  for (const level of after) {
    if (old.get(level.price) !== level.quantity) changes.push(level);
    old.delete(level.price);
  }
  for (const price of old.keys()) changes.push({ price, quantity: 0 });
  return changes;
}
