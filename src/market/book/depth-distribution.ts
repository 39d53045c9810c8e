import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { fromProduct, ONE } from '../../domain/exact.ts';
import type { BookLevel } from '../../domain/record.ts';
import { type BothSides, exactLevel, twiceMidOf } from './both-sides.ts';

/** Sums over levels of one side. */
export interface Depth {
  /** Sum of quantities, base asset, exact. */
  readonly volume: Decimal;
  /** Sum of price × quantity, quote asset, rounded half-even at 18 places. */
  readonly value: Decimal;
  /** Number of levels. */
  readonly levels: number;
}

/** The levels more than `above` and at most `upTo` away from the mid; the first band includes the mid. */
export interface DepthBand {
  /** Distance from the mid, percent. */
  readonly above: Decimal;
  /** Distance from the mid, percent. */
  readonly upTo: Decimal;
  readonly bids: Depth;
  readonly asks: Depth;
  /** Depth from the mid to `upTo`. */
  readonly cumulativeBids: Depth;
  readonly cumulativeAsks: Depth;
}

/** The default bounds of the bands: distances from the mid in percent. */
export const DEPTH_BOUNDS: readonly Decimal[] = ['0.1', '0.25', '0.5', '1', '2', '5'];

/**
 * Sums the levels of a book in bands around the mid; null if a side is empty.
 * @throws RangeError unless `bounds` are positive and rising
 */
export function depthDistribution(
  book: BothSides,
  bounds: readonly Decimal[] = DEPTH_BOUNDS,
): readonly DepthBand[] | null {
  const limits = bounds.map(unscaled);
  if (limits.some((limit, at) => limit <= (limits[at - 1] ?? 0n))) {
    throw new RangeError(`depth bounds ${bounds.join(', ')}: they must be positive and rising`);
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

/** Exact sums: volume × 10^18, value × 10^36. */
interface ExactDepth {
  readonly volume: bigint;
  readonly value: bigint;
  /** Number of levels. */
  readonly levels: number;
}

/** On which side of the mid the levels are: bids below, asks above. */
export const BELOW = -1n;
export const ABOVE = 1n;

const HUNDRED = 100n * ONE;

/**
 * Sums the levels of one side up to each limit. Levels come best first. Limits are rising distances from the mid, in
 * percent × 10^18.
 */
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
    const bound = boundOf(side, twiceMid, limit);
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

/**
 * Returns for each side whether its last level is at least `upTo` percent away from the mid. If not, a book that is cut
 * to its best levels does not show the whole depth up to there. False if a side is empty.
 */
export function reaches(book: BothSides, upTo: Decimal): { readonly bids: boolean; readonly asks: boolean } {
  const twiceMid = twiceMidOf(book);
  const isFar = (levels: readonly BookLevel[], side: typeof BELOW | typeof ABOVE): boolean => {
    const last = levels.at(-1);
    if (twiceMid === undefined || last === undefined) return false;
    return side * unscaled(last.price) * 2n * HUNDRED >= boundOf(side, twiceMid, unscaled(upTo));
  };
  return { bids: isFar(book.bids, BELOW), asks: isFar(book.asks, ABOVE) };
}

/** Returns the price at a distance from the mid, times the side, 2 × 100 and 10^36. */
function boundOf(side: typeof BELOW | typeof ABOVE, twiceMid: bigint, limit: bigint): bigint {
  return side * twiceMid * (HUNDRED + side * limit);
}

const NOTHING: ExactDepth = { volume: 0n, value: 0n, levels: 0 };

/** Returns the part of `whole` outside of `inner`. */
function depth(whole = NOTHING, inner = NOTHING): Depth {
  return {
    volume: fromUnscaled(whole.volume - inner.volume),
    value: fromProduct(whole.value - inner.value),
    levels: whole.levels - inner.levels,
  };
}
