import { compareDecimals, type Decimal } from '../../domain/decimal.ts';

/** A coin's prices at the last 60 paints. */
export interface PriceTrail {
  /** One price for each paint, oldest first. */
  readonly prices: readonly Decimal[];
  /** The epoch of the prices: another venue's price is not a move of the market. */
  readonly epoch: number;
}

export type PriceMemory = ReadonlyMap<string, PriceTrail>;

const KEPT_PAINTS = 60;

/** Returns the memory with one more paint. */
export function remember(
  memory: PriceMemory,
  coins: readonly { readonly id: string; readonly price: Decimal | null; readonly epoch: number }[],
): PriceMemory {
  const next = new Map<string, PriceTrail>();
  for (const { id, price, epoch } of coins) {
    const trail = memory.get(id);
    const before = trail?.epoch === epoch ? trail.prices : [];
    if (price !== null) next.set(id, { prices: [...before, price].slice(-KEPT_PAINTS), epoch });
    else if (trail !== undefined) next.set(id, trail);
  }
  return next;
}

/** The price's move since the previous paint: negative, zero or positive. */
export function moveOf({ prices }: PriceTrail): number {
  const [last, before] = [prices.at(-1), prices.at(-2)];
  return last === undefined || before === undefined ? 0 : compareDecimals(last, before);
}

/** The largest number of decimal places among the prices, so that the column keeps its alignment. */
export const placesOf = ({ prices }: PriceTrail): number =>
  Math.max(0, ...prices.map((price) => price.split('.')[1]?.length ?? 0));

const BARS = '▁▂▃▄▅▆▇█';

/** The last `width` prices as a row of bars, scaled from the lowest to the highest price; empty until there are two. */
export function sparkline(prices: readonly Decimal[], width: number): string {
  const values = prices.slice(-width).map(Number);
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values.map((value) => BARS[span === 0 ? 3 : Math.round(((value - low) / span) * (BARS.length - 1))]).join('');
}
