import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { DataWarning } from '../../domain/market-event.ts';
import { readNotNegative, readPositive } from './fields.ts';

/** The best level of one side of a book. */
export interface BestLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** A best level; undefined where its quantity is zero, for then the side has no orders. */
export function readBestLevel(
  price: unknown,
  priceField: string,
  quantity: unknown,
  quantityField: string,
): BestLevel | undefined {
  const amount = readNotNegative(quantity, quantityField);
  if (amount !== '0') return { price: readPositive(price, priceField), quantity: amount };
  readNotNegative(price, priceField);
  return undefined;
}

/** What is odd about a spread: it is passed on all the same. */
export function spreadWarning(bidPrice: Decimal, askPrice: Decimal): DataWarning | undefined {
  const order = compareDecimals(bidPrice, askPrice);
  return order < 0 ? undefined : order === 0 ? 'equal_spread' : 'inverted_spread';
}
