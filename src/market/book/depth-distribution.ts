import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { fromProduct } from '../../domain/exact.ts';
import { type BothSides, twiceMidOf } from './both-sides.ts';
import { askDepths, bidDepths, type ExactDepth } from './depth.ts';

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
  const bids = bidDepths(book, twiceMid, limits);
  const asks = askDepths(book, twiceMid, limits);
  return bounds.map((upTo, at) => ({
    above: bounds[at - 1] ?? '0',
    upTo,
    bids: depth(bids[at], bids[at - 1]),
    asks: depth(asks[at], asks[at - 1]),
    cumulativeBids: depth(bids[at]),
    cumulativeAsks: depth(asks[at]),
  }));
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
