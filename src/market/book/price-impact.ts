import { type Decimal, fromUnscaled, unscaled } from '../../domain/decimal.ts';
import { fromProduct, ONE, ratio, roundHalfEven } from '../../domain/exact.ts';
import { type BothSides, type ExactLevel, exactLevel, twiceMidOf } from './both-sides.ts';

/** What the taker of a market order does: a buy takes asks, a sell takes bids. */
export type OrderSide = 'buy' | 'sell';

/**
 * What a market order would come to if it met this book alone, fees and lot sizes left out.
 * Where nothing can be filled, prices and slippage are null.
 */
export interface PriceImpact {
  readonly side: OrderSide;
  /** What was asked for: a quantity in the base asset, or a value in the quote asset. */
  readonly requested: Decimal;
  /** Filled value / filled quantity, rounded half-even at 18 places. */
  readonly averagePrice: Decimal | null;
  /** Price of the last level that is touched. */
  readonly worstPrice: Decimal | null;
  /** Average price from mid in basis points of mid, positive where the order pays: null, too, where there is no mid. */
  readonly slippageBps: number | null;
  /** In the base asset; rounded half-even at 18 places where a value was asked for. */
  readonly filledQuantity: Decimal;
  /** In the quote asset, rounded half-even at 18 places. */
  readonly filledValue: Decimal;
  /** True: the book holds all that was asked for. */
  readonly complete: boolean;
}

/** The impact of a market order for each quantity (base asset). Throws RangeError where one is not positive. */
export function quantityImpacts(
  book: BothSides,
  side: OrderSide,
  quantities: readonly Decimal[],
): readonly PriceImpact[] {
  return impacts(book, side, quantities, fillQuantity);
}

/** The impact of a market order for each value (quote asset). Throws RangeError where one is not positive. */
export function valueImpacts(book: BothSides, side: OrderSide, values: readonly Decimal[]): readonly PriceImpact[] {
  return impacts(book, side, values, fillValue);
}

/** What was filled, exact. */
interface Fill {
  /** Value × 10^36. */
  readonly value: bigint;
  /** The quantity as a fraction, for the last part of a fill by value is a quotient: (quantity × 10^36) / 10^18. */
  readonly quantity: bigint;
  readonly divisor: bigint;
  /** Price of the last level that is touched; undefined where there is none. */
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
    if (size <= 0n) throw new RangeError(`a market order for ${requested}: it has to be more than 0`);
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

/** (Average price − mid) / mid × 10,000, with the sign of a cost to this side. */
function slippageBps({ value, quantity, divisor }: Fill, side: OrderSide, twiceMid: bigint): number {
  const atMid = twiceMid * quantity;
  const above = 2n * value * divisor - atMid;
  return ratio(10_000n * (side === 'buy' ? above : -above), atMid);
}
