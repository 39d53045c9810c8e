import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { fromProduct, ONE } from '../../domain/exact.ts';
import type { BookLevel } from '../../domain/record.ts';
import { type BothSides, exactLevel, twiceMidOf } from './both-sides.ts';

/** What levels of one side come to. */
export interface Depth {
  /** Sum of quantities, in the base asset, exact. */
  readonly volume: Decimal;
  /** Sum of price × quantity, in the quote asset, rounded half-even at 18 places. */
  readonly value: Decimal;
  /** Number of levels. */
  readonly levels: number;
}

/** The levels whose distance from mid is more than `above` and at most `upTo`; the first band begins with the mid itself. */
export interface DepthBand {
  /** Percent of mid. */
  readonly above: Decimal;
  /** Percent of mid. */
  readonly upTo: Decimal;
  readonly bids: Depth;
  readonly asks: Depth;
  /** All from the mid to `upTo`. */
  readonly cumulativeBids: Depth;
  readonly cumulativeAsks: Depth;
}

/** Distances from mid in percent. */
export const DEPTH_BOUNDS: readonly Decimal[] = ['0.1', '0.25', '0.5', '1', '2', '5'];

/**
 * How the book's depth lies around mid: a band for each bound, from the one before it; levels past the last bound are left out.
 * Of a book that was cut to its best levels, bands past the last of them are too small.
 * Null where a side is empty, for then there is no mid.
 * Throws RangeError where the bounds (percent of mid) are not positive and rising.
 */
export function depthDistribution(
  book: BothSides,
  bounds: readonly Decimal[] = DEPTH_BOUNDS,
): readonly DepthBand[] | null {
  const limits = bounds.map(unscaled);
  if (limits.some((limit, at) => limit <= (limits[at - 1] ?? 0n))) {
    throw new RangeError(`depth bounds ${bounds.join(', ')}: they have to be positive and rising`);
  }
  const twiceMid = twiceMidOf(book);
  if (twiceMid === undefined) return null;
  const bids = depthsWithin(book.bids, BELOW, twiceMid, limits);
  const asks = depthsWithin(book.asks, ABOVE, twiceMid, limits);
  return bounds.map((upTo, at) => ({
    above: bounds[at - 1] ?? '0',
    upTo,
    bids: depth(bids[at], bids[at - 1]),
    asks: depth(asks[at], asks[at - 1]),
    cumulativeBids: depth(bids[at]),
    cumulativeAsks: depth(asks[at]),
  }));
}

/** Sums over levels, exact. */
interface ExactDepth {
  /** Quantities × 10^18. */
  readonly volume: bigint;
  /** Values (price × quantity) × 10^36. */
  readonly value: bigint;
  /** Number of levels. */
  readonly levels: number;
}

/** The side of mid on which levels lie: the bids below, the asks above. */
export const BELOW = -1n;
export const ABOVE = 1n;

const HUNDRED = 100n * ONE;

/** What levels of one side, best first, come to within each limit of mid: rising limits in percent of mid, unscaled. */
export function depthsWithin(
  levels: readonly BookLevel[],
  side: typeof BELOW | typeof ABOVE,
  twiceMid: bigint,
  limits: readonly bigint[],
): readonly ExactDepth[] {
  let volume = 0n;
  let value = 0n;
  let within = 0;
  return limits.map((limit) => {
    const bound = side * twiceMid * (HUNDRED + side * limit);
    for (let level = levels[within]; level !== undefined; level = levels[within]) {
      const { price, quantity } = exactLevel(level);
      if (side * price * 2n * HUNDRED > bound) break;
      volume += quantity;
      value += price * quantity;
      within++;
    }
    return { volume, value, levels: within };
  });
}

const NOTHING: ExactDepth = { volume: 0n, value: 0n, levels: 0 };

/** What `whole` has more than `inner`. */
function depth(whole = NOTHING, inner = NOTHING): Depth {
  return {
    volume: fromUnscaled(whole.volume - inner.volume),
    value: fromProduct(whole.value - inner.value),
    levels: whole.levels - inner.levels,
  };
}
