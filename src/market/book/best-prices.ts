import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { BookTicker, Environment } from '../../domain/record.ts';

/** A price or book ticker older than this does not show the present market, milliseconds. */
export const FRESH_PRICE_MS = 5000;

/** One side's best price of several venues. */
export interface BestPrice {
  readonly venue: string;
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** When the feed received it, microseconds since 1970. */
  readonly receivedAt: number;
  /** The venue's time, milliseconds since 1970; null if the venue sends none. */
  readonly timestamp: number | null;
}

/**
 * The best bid and ask of a symbol over several venues. A side is null if no venue has it. The bid may be above the ask:
 * they may be from two venues.
 */
export interface BestPrices {
  readonly coin: string;
  readonly symbol: string;
  readonly environment: Environment;
  readonly bid: BestPrice | null;
  readonly ask: BestPrice | null;
}

/** Returns the highest bid and the lowest ask. Of equal prices, the one with the larger quantity counts. */
export function bestOf(tickers: readonly BookTicker[]): Pick<BestPrices, 'bid' | 'ask'> {
  return {
    bid: bestSide(tickers, 'bid', (a, b) => compareDecimals(a, b)),
    ask: bestSide(tickers, 'ask', (a, b) => compareDecimals(b, a)),
  };
}

/** `compare` returns a positive number if its first price is better. */
function bestSide(
  tickers: readonly BookTicker[],
  side: 'bid' | 'ask',
  compare: (a: Decimal, b: Decimal) => number,
): BestPrice | null {
  let best: BestPrice | null = null;
  for (const ticker of tickers) {
    const [price, quantity] = [ticker[`${side}Price`], ticker[`${side}Quantity`]];
    if (price === null || quantity === null) continue;
    const order = best === null ? 1 : compare(price, best.price) || compareDecimals(quantity, best.quantity);
    if (order <= 0) continue;
    const { venue, receivedAt, timestamp } = ticker;
    best = { venue, price, quantity, receivedAt, timestamp };
  }
  return best;
}
