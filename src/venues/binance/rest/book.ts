import type { VenueId } from '../../../domain/instrument.ts';
import type { BookUpdate } from '../../../domain/market-event.ts';
import type { BookRequest, RestRequest } from '../../contract.ts';
import { readObject } from '../../decode/fields.ts';
import { readBook } from '../decode/decode-depth.ts';
import type { BinanceBook } from '../decode/wire.ts';

/** Levels a side that can be asked for at one weight. */
export interface BookSize {
  readonly levels: number;
  readonly weight: number;
}

/** The book by REST, the cheapest that has the wanted levels, at most the largest. `sizes`: ascending. */
export function bookBy(venue: VenueId, sizes: readonly [BookSize, ...BookSize[]]) {
  return ({ instrument, levels: wanted, environment, receivedAt }: BookRequest): RestRequest<BookUpdate> => {
    const { levels, weight } = sizes.find((size) => size.levels >= wanted) ?? sizes.at(-1) ?? sizes[0];
    return {
      path: `/api/v3/depth?symbol=${encodeURIComponent(instrument.venueSymbol)}&limit=${levels}`,
      weight,
      parse: (body) => ({
        ...readBook(readObject<BinanceBook>(body, ''), { venue, environment }, instrument, receivedAt()),
        limit: levels,
      }),
    };
  };
}
