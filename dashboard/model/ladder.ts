import { type Decimal, fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import type { BookLevel } from '../../src/domain/record.ts';

export interface Rung extends BookLevel {
  /** Sum of the quantities from the best level to this one, exact. */
  readonly total: Decimal;
}

/** Adds running totals to levels, best level first. */
export function rungs(levels: readonly BookLevel[], most = Number.POSITIVE_INFINITY): readonly Rung[] {
  let sum = 0n;
  return levels.slice(0, most).map(({ price, quantity }) => {
    sum += unscaled(quantity);
    return { price, quantity, total: fromUnscaled(sum) };
  });
}

/** The share of a part in the whole, from 0 to 1, for drawing. */
export function shareOf(part: Decimal, whole: Decimal): number {
  const of = Number(whole);
  return of === 0 ? 0 : Math.min(1, Number(part) / of);
}
