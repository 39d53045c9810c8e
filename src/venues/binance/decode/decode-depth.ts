import type { Instrument } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type { Origin } from '../../decode/decoding.ts';
import { malformed, readNumericId, readTime, type Unchecked } from '../../decode/fields.ts';
import { readChanges, readSide } from '../../decode/read-levels.ts';
import type { BinanceBook, BinanceDepthUpdateFrame } from './wire.ts';

/** What changed in a book. */
export function readDepthUpdate(
  frame: Unchecked<BinanceDepthUpdateFrame>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): BookUpdate {
  const firstUpdateId = readNumericId(frame.U, 'U');
  const lastUpdateId = readNumericId(frame.u, 'u');
  if (Number(firstUpdateId) > Number(lastUpdateId))
    throw malformed('u', `is ${lastUpdateId}, before the first id ${firstUpdateId}`);
  return {
    kind: 'book_update',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    firstUpdateId,
    lastUpdateId,
    snapshot: false,
    bids: readChanges(frame.b, 'b'),
    asks: readChanges(frame.a, 'a'),
    timestamp: readTime(frame.E, 'E'),
  };
}

/** A whole book as far as it was asked for: a partial depth frame or a REST body, which both tell neither symbol nor time. */
export function readBook(
  book: Unchecked<BinanceBook>,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): BookUpdate {
  const updateId = readNumericId(book.lastUpdateId, 'lastUpdateId');
  return {
    kind: 'book_update',
    venue: origin.venue,
    symbol: instrument.symbol,
    venueSymbol: instrument.venueSymbol,
    coin: instrument.coin,
    environment: origin.environment,
    epoch: 0,
    receivedAt,
    firstUpdateId: updateId,
    lastUpdateId: updateId,
    snapshot: true,
    bids: readSide(book.bids, 'bids', 'bids'),
    asks: readSide(book.asks, 'asks', 'asks'),
    timestamp: null,
  };
}
