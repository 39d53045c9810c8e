import { DECIMAL_SCALE, type Decimal } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';
import { digitsOf, integerAt } from '../digits.ts';

/** Both sides of a book, best first: bids falling, asks rising. Prices and quantities are positive. */
export interface BothSides {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** A level as unscaled integers (value × 10^18). */
export interface ExactLevel {
  readonly price: bigint;
  readonly quantity: bigint;
}

export function exactLevel({ price, quantity }: BookLevel): ExactLevel {
  return { price: exact(price), quantity: exact(quantity) };
}

/** Twice the mid, unscaled: the mid itself can need a place more than a decimal has. Undefined where a side is empty. */
export function twiceMidOf({ bids: [bid], asks: [ask] }: BothSides): bigint | undefined {
  return bid === undefined || ask === undefined ? undefined : exact(bid.price) + exact(ask.price);
}

/** Unscaled, three times as fast as by way of text. */
function exact(decimal: Decimal): bigint {
  return integerAt(digitsOf(decimal), DECIMAL_SCALE);
}
