import type { Instrument } from '../../../domain/instrument.ts';
import type { BookTicker } from '../../../domain/record.ts';
import type { Origin } from '../../decode/decoding.ts';
import { malformed, readArray, type Unchecked } from '../../decode/fields.ts';
import { type BestLevel, readBestLevel } from '../../decode/top-of-book.ts';
import { requireSymbol } from './require-symbol.ts';
import type { BybitBook } from './wire.ts';

/** The best prices of a one-level book; undefined where a side of it is empty. `timestamp`: when the venue matched what changed it. */
export function readBookTicker(
  book: Unchecked<BybitBook>,
  updateId: string,
  timestamp: number | null,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): BookTicker | undefined {
  requireSymbol(book.s, 'data.s', instrument);
  const bid = readSide(book.b, 'data.b');
  const ask = readSide(book.a, 'data.a');
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
    timestamp,
  };
}

function readSide(value: unknown, field: string): BestLevel | undefined {
  const levels = readArray(value, field);
  if (levels.length === 0) return undefined;
  if (levels.length > 1) throw malformed(field, `has ${levels.length} levels, not one`);
  const level = readArray(levels[0], `${field}[0]`);
  if (level.length !== 2) throw malformed(`${field}[0]`, `has ${level.length} elements, not price and quantity`);
  return readBestLevel(level[0], `${field}[0][0]`, level[1], `${field}[0][1]`);
}
