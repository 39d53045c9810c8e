import { unscaled } from '../../domain/decimal.ts';
import { ONE, ratio } from '../../domain/exact.ts';
import { topFigures } from './book-figures.ts';
import { type BothSides, twiceMidOf } from './both-sides.ts';
import { ABOVE, BELOW, depthsWithin } from './depth-distribution.ts';

/** Depth counts up to this distance from mid, percent. */
const NEAR = unscaled('0.5');
/** The value of a side, in the quote asset, for which `f` (see below) is 0.5. */
const HALF_DEPTH = 250_000;
/** The spread that halves the score, percent of mid. */
const HALF_SPREAD_PCT = 0.1;

/**
 * Scores how well a market order of common size would fare, from 0 to 100. Scores are comparable across coins with the
 * same dollar-like quote asset:
 *
 *     score   = 100 × (f(bids) + f(asks)) / 2 × 1 / (1 + spread in basis points / 10)
 *     f(side) = 1 / (1 + √(250,000 / value of the side within 0.5 % of mid))
 *
 * f is an S-curve over the logarithm of the value: 2,500 → 0.09, 250,000 → 0.5, 25,000,000 → 0.91.
 * If a book is cut to its best levels and these end before 0.5 % from mid, the score is too low.
 * Null if a side is empty or the best bid is above the best ask.
 */
export function liquidityScore(book: BothSides): number | null {
  const twiceMid = twiceMidOf(book);
  const spreadPct = topFigures(book)?.spreadPct;
  if (twiceMid === undefined || spreadPct === undefined || spreadPct < 0) return null;
  const [bids] = depthsWithin(book.bids, BELOW, twiceMid, [NEAR]);
  const [asks] = depthsWithin(book.asks, ABOVE, twiceMid, [NEAR]);
  const depth = (depthFactor(bids?.value) + depthFactor(asks?.value)) / 2;
  return (100 * depth) / (1 + spreadPct / HALF_SPREAD_PCT);
}

function depthFactor(value = 0n): number {
  return 1 / (1 + Math.sqrt(HALF_DEPTH / ratio(value, ONE * ONE)));
}
