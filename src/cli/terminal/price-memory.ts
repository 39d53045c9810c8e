import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import { placesOf } from './figures.ts';

/** How a symbol's price looked at the paints so far. */
export interface PriceTrail {
  /** One per paint, oldest first. */
  readonly prices: readonly Decimal[];
  /** The most places seen, so that a shorter price does not make the column jump. */
  readonly places: number;
  /** Against the paint before: negative, zero or positive. */
  readonly move: number;
  /** Of which epoch the prices are: another venue's price is no move of the market. */
  readonly epoch: number;
}

export type PriceMemory = ReadonlyMap<string, PriceTrail>;

const KEPT = 60;

/** The memory after one more paint. */
export function remember(
  memory: PriceMemory,
  coins: readonly { readonly symbol: string; readonly price: Decimal | null; readonly epoch: number }[],
): PriceMemory {
  const next = new Map<string, PriceTrail>();
  for (const { symbol, price, epoch } of coins) {
    const trail = memory.get(symbol);
    if (price === null) {
      if (trail !== undefined) next.set(symbol, { ...trail, move: 0 });
      continue;
    }
    const before = trail?.epoch === epoch ? trail : undefined;
    const last = before?.prices.at(-1);
    next.set(symbol, {
      prices: [...(before?.prices ?? []), price].slice(-KEPT),
      places: Math.max(before?.places ?? 0, placesOf(price)),
      move: last === undefined ? 0 : compareDecimals(price, last),
      epoch,
    });
  }
  return next;
}

const BARS = '▁▂▃▄▅▆▇█';

/** The last `width` prices as a row of bars, lowest to highest; blank until there are two. */
export function sparkline(prices: readonly Decimal[], width: number): string {
  const values = prices.slice(-width).map(Number);
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values.map((value) => BARS[span === 0 ? 3 : Math.round(((value - low) / span) * (BARS.length - 1))]).join('');
}
