import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { DataWarning } from '../../domain/market-event.ts';
import type { MarketFields } from '../../domain/record.ts';
import type { Decoded } from '../contract.ts';
import { marketFrame } from './decoding.ts';
import { malformed, readNotNegative } from './fields.ts';

export interface BestLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** Reads a best level; undefined if price and quantity are zero, because the side has no orders. */
export function readBestLevel(
  price: unknown,
  priceField: string,
  quantity: unknown,
  quantityField: string,
): BestLevel | undefined {
  const level = { price: readNotNegative(price, priceField), quantity: readNotNegative(quantity, quantityField) };
  if (level.price !== '0' && level.quantity !== '0') return level;
  if (level.price === level.quantity) return undefined;
  const [zero, other] = level.price === '0' ? [priceField, quantityField] : [quantityField, priceField];
  throw malformed(zero, `is 0, but ${other} is not`);
}

/**
 * Makes a book ticker, with null for a side that is undefined. A spread of zero or below is passed on with a warning.
 */
export function bookTickerFrame(
  market: MarketFields,
  bid: BestLevel | undefined,
  ask: BestLevel | undefined,
  { updateId, timestamp }: { readonly updateId: string; readonly timestamp: number | null },
): Decoded {
  return marketFrame(
    market,
    [
      {
        kind: 'book_ticker',
        venue: market.venue,
        symbol: market.symbol,
        venueSymbol: market.venueSymbol,
        coin: market.coin,
        environment: market.environment,
        epoch: market.epoch,
        receivedAt: market.receivedAt,
        bidPrice: bid?.price ?? null,
        bidQuantity: bid?.quantity ?? null,
        askPrice: ask?.price ?? null,
        askQuantity: ask?.quantity ?? null,
        updateId,
        timestamp,
        timestampUs: null,
      },
    ],
    spreadWarning(bid, ask),
  );
}

function spreadWarning(bid: BestLevel | undefined, ask: BestLevel | undefined): DataWarning | undefined {
  if (bid === undefined || ask === undefined) return undefined;
  const order = compareDecimals(bid.price, ask.price);
  return order < 0 ? undefined : order === 0 ? 'equal_spread' : 'inverted_spread';
}
