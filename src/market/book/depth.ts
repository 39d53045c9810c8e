import { ONE } from '../../domain/exact.ts';
import type { BookLevel } from '../../domain/record.ts';
import { type BothSides, exactLevel } from './both-sides.ts';

/** Sums over levels, exact. */
export interface ExactDepth {
  /** Quantities × 10^18. */
  readonly volume: bigint;
  /** Values (price × quantity) × 10^36. */
  readonly value: bigint;
  /** Number of levels. */
  readonly levels: number;
}

const HUNDRED = 100n * ONE;
const TWO_HUNDRED = 200n * ONE;

/** The bids within each limit of mid: rising limits in percent of mid, unscaled. */
export function bidDepths(book: BothSides, twiceMid: bigint, limits: readonly bigint[]): readonly ExactDepth[] {
  const bounds = limits.map((limit) => twiceMid * (HUNDRED - limit));
  return depths(book.bids, bounds, (price, bound) => TWO_HUNDRED * price >= bound);
}

/** The asks within each limit of mid: rising limits in percent of mid, unscaled. */
export function askDepths(book: BothSides, twiceMid: bigint, limits: readonly bigint[]): readonly ExactDepth[] {
  const bounds = limits.map((limit) => twiceMid * (HUNDRED + limit));
  return depths(book.asks, bounds, (price, bound) => TWO_HUNDRED * price <= bound);
}

function depths(
  levels: readonly BookLevel[],
  bounds: readonly bigint[],
  isWithin: (price: bigint, bound: bigint) => boolean,
): readonly ExactDepth[] {
  let volume = 0n;
  let value = 0n;
  let within = 0;
  return bounds.map((bound) => {
    for (let level = levels[within]; level !== undefined; level = levels[within]) {
      const { price, quantity } = exactLevel(level);
      if (!isWithin(price, bound)) break;
      volume += quantity;
      value += price * quantity;
      within++;
    }
    return { volume, value, levels: within };
  });
}
