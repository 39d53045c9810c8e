import { snakeKeys } from '../../codec/key-case.ts';
import type { Decimal } from '../../domain/decimal.ts';
import type { OrderBookSnapshot, PriceTick } from '../../domain/record.ts';
import { bookFigures, imbalance, NO_TOP, topFigures } from '../../market/book/book-figures.ts';
import type { BothSides } from '../../market/book/both-sides.ts';
import { type DepthBand, depthDistribution, reaches } from '../../market/book/depth-distribution.ts';
import { groupLevels } from '../../market/book/group-levels.ts';
import { liquidityScore } from '../../market/book/liquidity-score.ts';
import { type OrderSide, quantityImpacts } from '../../market/book/price-impact.ts';
import type { Book } from '../api/asset-answers.ts';
import { recordJson } from '../api/record-schema.ts';
import type { GatewayView } from '../view/view.ts';

/* Answers about order books. Each book has only levels that are known without a gap. */

/**
 * The book cut to its best `levels`, which are summed in price steps if `step` is given. The imbalance is computed from
 * these levels, the other figures from the best bid and ask.
 */
export function bookAnswer(view: GatewayView, book: OrderBookSnapshot, levels?: number, step?: Decimal): Book {
  const bids = step === undefined ? book.bids.slice(0, levels) : groupLevels('bids', book.bids, step, levels);
  const asks = step === undefined ? book.asks.slice(0, levels) : groupLevels('asks', book.asks, step, levels);
  const cut = { ...book, bids, asks };
  return {
    ...recordJson(cut),
    ...freshnessOf(view, book),
    ...coverage(book),
    ...snakeKeys(topFigures(book) ?? NO_TOP),
    imbalance: imbalance(cut),
  };
}

export function depthSummary(view: GatewayView, book: OrderBookSnapshot, levels?: number) {
  const cut: BothSides = { bids: book.bids.slice(0, levels), asks: book.asks.slice(0, levels) };
  return {
    ...bookState(view, book),
    bid_levels: cut.bids.length,
    ask_levels: cut.asks.length,
    figures: snakeKeys(bookFigures(cut)),
    liquidity_score: liquidityScore(book),
  };
}

export function depthDistributionAnswer(view: GatewayView, book: OrderBookSnapshot) {
  const bands = depthDistribution(book)?.map((band) => coveredBand(book, band)) ?? null;
  return { ...bookState(view, book), mid: bookFigures(book).mid, bands: snakeKeys(bands) };
}

/** Returns the band without the sides of which some levels may be unknown. */
function coveredBand(book: BothSides, band: DepthBand) {
  const { bids, asks } = reaches(book, band.upTo);
  return {
    ...band,
    bids: bids ? band.bids : null,
    asks: asks ? band.asks : null,
    cumulativeBids: bids ? band.cumulativeBids : null,
    cumulativeAsks: asks ? band.cumulativeAsks : null,
  };
}

/** @throws RangeError if a quantity is not positive. */
export function priceImpacts(
  view: GatewayView,
  book: OrderBookSnapshot,
  side: OrderSide,
  quantities: readonly Decimal[],
) {
  const impacts = snakeKeys(quantityImpacts(book, side, quantities));
  return { ...bookState(view, book), mid: bookFigures(book).mid, impacts };
}

function bookState(view: GatewayView, book: OrderBookSnapshot) {
  return {
    update_id: book.updateId,
    received_at: book.receivedAt,
    ...freshnessOf(view, book),
    ...coverage(book),
  };
}

/** How much of the book is known. */
function coverage({ bids, asks }: BothSides) {
  return {
    levels_known: Math.min(bids.length, asks.length),
    price_range: { low: bids.at(-1)?.price ?? null, high: asks.at(-1)?.price ?? null },
  };
}

/** The age of a price or book, and whether it is stale. */
export function freshnessOf(view: GatewayView, of: PriceTick | OrderBookSnapshot) {
  const isOutOfStep = of.kind === 'order_book' && of.stale;
  return { age_ms: view.ageMs(of, of.receivedAt), stale: isOutOfStep || view.feed.isStale(of) };
}
