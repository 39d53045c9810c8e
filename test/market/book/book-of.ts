import type { BookLevel } from '../../../src/domain/record.ts';
import type { BothSides } from '../../../src/market/book/both-sides.ts';

/** Makes a book from levels written `PRICE×QUANTITY`, best first. */
export function bookOf(bids: readonly string[], asks: readonly string[]): BothSides {
  return { bids: bids.map(levelOf), asks: asks.map(levelOf) };
}

function levelOf(text: string): BookLevel {
  const [price = '', quantity = ''] = text.split('×');
  return { price, quantity };
}
