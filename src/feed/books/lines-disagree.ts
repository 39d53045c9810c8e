import type { BookUpdate } from '../../domain/market-event.ts';
import type { BookSync } from '../../market/book/book-sync.ts';
import type { StatusNote } from '../status/status-numbering.ts';

/**
 * Compares a book with an update that the book has already got from another line. At the same sequence number of the
 * venue's matching engine, the books of all lines must be equal, even if update ids differ. Returns the status to
 * report; undefined if nothing differs or nothing can be compared.
 */
export function linesDisagree(update: BookUpdate, { state, sequence, book }: BookSync): StatusNote | undefined {
  const isComparable = state === 'in_step' && sequence !== null && update.sequence === sequence;
  if (!isComparable || isEqual(update, book)) return undefined;
  const { venue, symbol, coin } = update;
  const reason = `two lines deliver different books of ${symbol} at the same matching sequence`;
  return { state: 'lines_disagree', reason, venue, symbol, coin, channel: 'depth', details: { sequence } };
}

/** A change lists absolute quantities, so each of them must be in the book; a whole book must have no other levels. */
function isEqual({ snapshot, bids, asks }: BookUpdate, book: BookSync['book']): boolean {
  const isAll = !snapshot || (book.bidCount === bids.length && book.askCount === asks.length);
  return isAll && book.has(bids, asks);
}
