import { unscaled } from '../../domain/decimal.ts';
import type { BookLevel } from '../../domain/record.ts';

/** Both sides of a book, best first. Prices and quantities are positive. */
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
  return { price: unscaled(price), quantity: unscaled(quantity) };
}

/**
 * Returns bid + ask, which is twice the mid, × 10^18: the mid itself may need 19 places. Undefined if a side is empty.
 */
export function twiceMidOf({ bids: [bid], asks: [ask] }: BothSides): bigint | undefined {
  return bid === undefined || ask === undefined ? undefined : unscaled(bid.price) + unscaled(ask.price);
}
