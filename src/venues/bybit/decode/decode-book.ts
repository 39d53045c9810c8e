import type { Instrument } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type { Origin } from '../../decode/decoding.ts';
import { readNumericId, type Unchecked } from '../../decode/fields.ts';
import { readChanges, readSide } from '../../decode/read-levels.ts';
import { requireSymbol } from './require-symbol.ts';
import type { BybitBook } from './wire.ts';

/** A whole book of the topic's levels, or what changed in it. `timestamp`: when the venue matched what changed it. */
export function readBook(
  book: Unchecked<BybitBook>,
  snapshot: boolean,
  timestamp: number | null,
  origin: Origin,
  instrument: Instrument,
  receivedAt: number,
): BookUpdate {
  requireSymbol(book.s, 'data.s', instrument);
  const updateId = readNumericId(book.u, 'data.u');
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
    snapshot,
    bids: snapshot ? readSide(book.b, 'data.b', 'bids') : readChanges(book.b, 'data.b'),
    asks: snapshot ? readSide(book.a, 'data.a', 'asks') : readChanges(book.a, 'data.a'),
    timestamp,
  };
}
