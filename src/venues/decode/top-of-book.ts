import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { DataWarning } from '../../domain/market-event.ts';
import type { MarketFields } from '../../domain/record.ts';
import type { Decoded } from '../contract.ts';
import { ignored, marketFrame } from './decoding.ts';
import { readNotNegative, readPositive } from './fields.ts';

export interface BestLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** Reads a best level; undefined if its quantity is zero, because the side is empty. */
export function readBestLevel(
  price: unknown,
  priceField: string,
  quantity: unknown,
  quantityField: string,
): BestLevel | undefined {
  const amount = readNotNegative(quantity, quantityField);
  if (amount !== '0') return { price: readPositive(price, priceField), quantity: amount };
  readNotNegative(price, priceField);
  return undefined;
}

/** Makes a book ticker. Ignores one without a side; an odd spread is passed on with a warning. */
export function bookTickerFrame(
  market: MarketFields,
  bid: BestLevel | undefined,
  ask: BestLevel | undefined,
  { updateId, timestamp }: { readonly updateId: string; readonly timestamp: number | null },
): Decoded {
  if (bid === undefined || ask === undefined) return ignored('one_sided_book');
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
        bidPrice: bid.price,
        bidQuantity: bid.quantity,
        askPrice: ask.price,
        askQuantity: ask.quantity,
        updateId,
        timestamp,
      },
    ],
    spreadWarning(bid.price, ask.price),
  );
}

function spreadWarning(bidPrice: Decimal, askPrice: Decimal): DataWarning | undefined {
  const order = compareDecimals(bidPrice, askPrice);
  return order < 0 ? undefined : order === 0 ? 'equal_spread' : 'inverted_spread';
}
