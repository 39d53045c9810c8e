import { type Decimal, fromUnscaled, unscaled } from '../../src/domain/decimal.ts';
import type { BookLevel } from '../../src/domain/record.ts';
import { type SizeUnit, sizeIn } from './book-size.ts';

export interface Rung {
  readonly price: Decimal;
  readonly size: Decimal;
  /** Sum of the sizes from the best level to this one, exact. */
  readonly total: Decimal;
}

/** Adds running totals to levels, best level first. */
export function rungs(levels: readonly BookLevel[], unit: SizeUnit, most = Number.POSITIVE_INFINITY): readonly Rung[] {
  let sum = 0n;
  return levels.slice(0, most).map((level) => {
    const size = sizeIn(unit, level);
    sum += unscaled(size);
    return { price: level.price, size, total: fromUnscaled(sum) };
  });
}

/** The share of a part in the whole, from 0 to 1, for drawing. */
export function shareOf(part: Decimal, whole: Decimal): number {
  const of = Number(whole);
  return of === 0 ? 0 : Math.min(1, Number(part) / of);
}
