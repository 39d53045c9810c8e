import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { fromProduct, ONE, ratio, roundHalfEven } from '../../domain/exact.ts';
import { type BothSides, type ExactLevel, exactLevel, twiceMidOf } from './both-sides.ts';

/** The side of a market order: a buy takes asks, a sell takes bids. */
export type OrderSide = 'buy' | 'sell';

/** The result of a market order against one book alone, without fees. Prices are null if nothing can be filled. */
export interface PriceImpact {
  readonly side: OrderSide;
  /** The requested quantity (base asset) or value (quote asset). */
  readonly requested: Decimal;
  /** Filled value / filled quantity, rounded half-even at 18 places. */
  readonly averagePrice: Decimal | null;
  /** The worst price that the order reaches. */
  readonly worstPrice: Decimal | null;
  /**
   * Distance of the average price from the mid, basis points; positive if it is worse than the mid. Null also without a
   * mid.
   */
  readonly slippageBps: number | null;
  /** Base asset; rounded half-even at 18 places if a value was requested. */
  readonly filledQuantity: Decimal;
  /** Value of the filled part, quote asset, rounded half-even at 18 places. */
  readonly filledValue: Decimal;
  /** True if the book fills the whole request. */
  readonly complete: boolean;
}

/** Returns the impact of a market order for each quantity (base asset). @throws RangeError unless all are positive */
export function quantityImpacts(
  book: BothSides,
  side: OrderSide,
  quantities: readonly Decimal[],
): readonly PriceImpact[] {
  return impacts(book, side, quantities, fillQuantity);
}

/** Returns the impact of a market order for each value (quote asset). @throws RangeError unless all are positive */
export function valueImpacts(book: BothSides, side: OrderSide, values: readonly Decimal[]): readonly PriceImpact[] {
  return impacts(book, side, values, fillValue);
}

/**
 * An exact fill. The quantity is a fraction (`quantity` / `divisor`), because the last part of a fill by value is a
 * quotient.
 */
interface Fill {
  /** Value × 10^36. */
  readonly value: bigint;
  /** Filled quantity × 10^18 × `divisor`. */
  readonly quantity: bigint;
  readonly divisor: bigint;
  readonly worst: bigint | undefined;
  readonly complete: boolean;
}

function fillQuantity(levels: readonly ExactLevel[], requested: bigint): Fill {
  let left = requested;
  let value = 0n;
  let worst: bigint | undefined;
  for (const { price, quantity } of levels) {
    const taken = quantity < left ? quantity : left;
    value += price * taken;
    left -= taken;
    worst = price;
    if (left === 0n) break;
  }
  return { value, quantity: (requested - left) * ONE, divisor: ONE, worst, complete: left === 0n };
}

function fillValue(levels: readonly ExactLevel[], requested: bigint): Fill {
  const wanted = requested * ONE;
  let value = 0n;
  let filled = 0n;
  let worst: bigint | undefined;
  for (const { price, quantity } of levels) {
    worst = price;
    const whole = price * quantity;
    if (value + whole >= wanted) {
      const quantityTimesPrice = filled * price + wanted - value;
      return { value: wanted, quantity: quantityTimesPrice, divisor: price, worst, complete: true };
    }
    value += whole;
    filled += quantity;
  }
  return { value, quantity: filled * ONE, divisor: ONE, worst, complete: false };
}

function impacts(
  book: BothSides,
  side: OrderSide,
  requests: readonly Decimal[],
  fill: (levels: readonly ExactLevel[], requested: bigint) => Fill,
): readonly PriceImpact[] {
  const levels = (side === 'buy' ? book.asks : book.bids).map(exactLevel);
  const twiceMid = twiceMidOf(book);
  return requests.map((requested) => {
    const size = unscaled(requested);
    if (size <= 0n) throw new RangeError(`a market order for ${requested}: it must be more than 0`);
    return { side, requested, ...impactOf(fill(levels, size), side, twiceMid) };
  });
}

function impactOf(fill: Fill, side: OrderSide, twiceMid: bigint | undefined): Omit<PriceImpact, 'side' | 'requested'> {
  const { value, quantity, divisor, worst, complete } = fill;
  const filled = {
    filledQuantity: fromUnscaled(roundHalfEven(quantity, divisor)),
    filledValue: fromProduct(value),
    complete,
  };
  if (worst === undefined) return { averagePrice: null, worstPrice: null, slippageBps: null, ...filled };
  return {
    averagePrice: fromUnscaled(roundHalfEven(value * divisor, quantity)),
    worstPrice: fromUnscaled(worst),
    slippageBps: twiceMid === undefined ? null : slippageBps(fill, side, twiceMid),
    ...filled,
  };
}

/** Returns (average price − mid) / mid × 10,000, positive if the average price is worse for this side. */
function slippageBps({ value, quantity, divisor }: Fill, side: OrderSide, twiceMid: bigint): number {
  const atMid = twiceMid * quantity;
  const above = 2n * value * divisor - atMid;
  return ratio(10_000n * (side === 'buy' ? above : -above), atMid);
}
