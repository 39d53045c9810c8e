import type { VenueId } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type { BookRequest, RestRequest } from '../../contract.ts';
import { readObject } from '../../decode/fields.ts';
import { pastFields } from '../../rest/past-records.ts';
import { readBook } from '../decode/read-events.ts';

/** Levels a side that can be asked for at one weight. */
interface BookSize {
  readonly levels: number;
  readonly weight: number;
}

/** Ascending. */
export type BookSizes = readonly [BookSize, ...BookSize[]];

/** The book by REST, the cheapest that has the wanted levels, at most the largest. */
export function bookBy(venue: VenueId, sizes: BookSizes) {
  return (wanted: BookRequest): RestRequest<BookUpdate> => {
    const { levels, weight } = sizes.find((size) => size.levels >= wanted.levels) ?? sizes.at(-1) ?? sizes[0];
    return {
      path: `/api/v3/depth?symbol=${encodeURIComponent(wanted.instrument.venueSymbol)}&limit=${levels}`,
      weight,
      parse: (body) => ({ ...readBook(readObject(body, ''), pastFields(venue, wanted)), limit: levels }),
    };
  };
}
