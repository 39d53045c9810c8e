import { compareDecimals, type Decimal, unscaled } from '../../src/domain/decimal.ts';
import { fromProduct } from '../../src/domain/exact.ts';
import { placesOf } from '../text/number-text.ts';

/** What sizes are shown in: the base asset, or its value in the quote asset. */
export type SizeUnit = 'base' | 'quote';

/** The size in a unit, exact; a value beyond 18 decimal places is rounded half-even. */
export function sizeIn(unit: SizeUnit, { price, quantity }: { readonly price: Decimal; readonly quantity: Decimal }) {
  return unit === 'base' ? quantity : fromProduct(unscaled(price) * unscaled(quantity));
}

/** Decimal places in which all sizes of a column are shown: those of the base asset, or whole amounts or cents. */
export function sizePlaces(unit: SizeUnit, sizes: readonly Decimal[]): number {
  if (unit === 'base') return Math.max(0, ...sizes.map(placesOf));
  return sizes.some((size) => compareDecimals(size, '1000') >= 0) ? 0 : 2;
}
