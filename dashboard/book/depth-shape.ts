import type { BookLevel } from '../../src/domain/record.ts';

export interface DepthShape {
  /** SVG path of the area of the bids, in the requested size. */
  readonly bids: string;
  /** SVG path of the area of the asks, in the requested size. */
  readonly asks: string;
  /** Ends of the axes, as numbers for drawing. */
  readonly low: number;
  readonly high: number;
  readonly most: number;
}

interface Sides {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/**
 * Draws the running totals of both sides as steps that fall towards the mid, as far as the shorter side reaches.
 * Returns undefined if a side is empty.
 */
export function depthShape({ bids, asks }: Sides, width: number, height: number): DepthShape | undefined {
  const bestBid = Number(bids[0]?.price);
  const bestAsk = Number(asks[0]?.price);
  if (Number.isNaN(bestBid) || Number.isNaN(bestAsk)) return undefined;
  const mid = (bestBid + bestAsk) / 2;
  const reach = Math.min(mid - Number(bids.at(-1)?.price), Number(asks.at(-1)?.price) - mid) || mid * 1e-4;
  const low = mid - reach;
  const high = mid + reach;
  const totals = { bids: totalsOf(bids, (price) => price >= low), asks: totalsOf(asks, (price) => price <= high) };
  const most = Math.max(totals.bids.at(-1)?.total ?? 0, totals.asks.at(-1)?.total ?? 0) || 1;
  const x = (price: number) => (((price - low) / (high - low)) * width).toFixed(1);
  const y = (total: number) => (height - (total / most) * height).toFixed(1);
  const path = (side: readonly Total[], end: number) => {
    let line = '';
    for (const { price, total } of side)
      line += `${line === '' ? `M${x(price)} ${height}` : `H${x(price)}`}V${y(total)}`;
    return `${line}H${x(end)}V${height}Z`;
  };
  return { bids: path(totals.bids, low), asks: path(totals.asks, high), low, high, most };
}

interface Total {
  readonly price: number;
  readonly total: number;
}

function totalsOf(levels: readonly BookLevel[], within: (price: number) => boolean): readonly Total[] {
  let total = 0;
  return levels.flatMap(({ price, quantity }) => {
    if (!within(Number(price))) return [];
    total += Number(quantity);
    return { price: Number(price), total };
  });
}
