import type { Instrument } from '../../../domain/instrument.ts';
import type { BookTicker } from '../../../domain/record.ts';
import type { Origin } from '../../decode/decoding.ts';
import { readNumericId, type Unchecked } from '../../decode/fields.ts';
import { readBestLevel } from '../../decode/top-of-book.ts';
import type { BinanceBookTickerFrame } from './wire.ts';

/** A book ticker; undefined where a side of the book is empty. Binance sends no time with it. */
export function readBookTicker(
  frame: Unchecked<BinanceBookTickerFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): BookTicker | undefined {
  const updateId = readNumericId(frame.u, 'u');
  const bid = readBestLevel(frame.b, 'b', frame.B, 'B');
  const ask = readBestLevel(frame.a, 'a', frame.A, 'A');
  if (bid === undefined || ask === undefined) return undefined;
  return {
    kind: 'book_ticker',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    bidPrice: bid.price,
    bidQuantity: bid.quantity,
    askPrice: ask.price,
    askQuantity: ask.quantity,
    updateId,
    timestamp: null,
  };
}
