import { describe, expect, it } from 'vitest';
import type { BookDepth, Channel } from '../../src/domain/instrument.ts';
import type { BookUpdate } from '../../src/domain/market-event.ts';
import type { Decoded, DecoderContext, Venue } from '../../src/venues/contract.ts';
import type { FrameFixture, RestFixture } from '../fixtures/read-fixtures.ts';
import { valueAt, withoutValue, withValue } from './json-path.ts';
import { expectWellFormed } from './well-formed-event.ts';

/* The part of the venue contract about order books: tests that every venue must pass. */

/** Properties of the order books of a venue, for BTCUSDT. */
export interface BookContract {
  readonly topics: readonly (readonly [channel: Channel, depth: BookDepth | undefined, topic: string])[];
  /** The requests by the wanted number of levels. Empty if the venue sends the whole book by itself. */
  readonly requests: readonly { readonly levels: number; readonly path: string; readonly weight: number }[];
  readonly snapshot?: RestFixture<Partial<BookUpdate>>;
}

interface Subject {
  readonly venue: Venue;
  readonly fixtures: readonly FrameFixture[];
  readonly books: BookContract;
  readonly context: DecoderContext;
  readonly receivedAt: number;
}

type BookFixture = FrameFixture & Required<Pick<FrameFixture, 'book'>>;

const LARGEST_ID = Number.MAX_SAFE_INTEGER;

/** Rows that are no valid level, and the position of the fault in the row. */
const ABSURD_ROWS: readonly (readonly [row: unknown, place: string])[] = [
  [['1', '1', '1'], ''],
  [['1'], ''],
  [[], ''],
  [null, ''],
  ['1', ''],
  [{ 0: '1', 1: '1', length: 2 }, ''],
  [{ price: '1', quantity: '1' }, ''],
  [[1, '1'], '[0]'],
  [[null, '1'], '[0]'],
  [['0', '1'], '[0]'],
  [['0.00000000', '0.00000000'], '[0]'],
  [['-1', '1'], '[0]'],
  [['', '1'], '[0]'],
  [['NaN', '1'], '[0]'],
  [['Infinity', '1'], '[0]'],
  [['1e99', '1'], '[0]'],
  [['0.0000000000000000001', '1'], '[0]'],
  [['1', 1], '[1]'],
  [['1', null], '[1]'],
  [['1', '-0.5'], '[1]'],
  [['1', ''], '[1]'],
  [['1', 'NaN'], '[1]'],
  [['1', '100000000000000000000'], '[1]'],
  [['1', ['1']], '[1]'],
];

/** The rules for the order books of every venue: the venue contract from VC-19 on. */
export function venueBooks({ venue, fixtures, books, context, receivedAt }: Subject): void {
  const bookFixtures = fixtures.filter((fixture): fixture is BookFixture => fixture.book !== undefined);
  const instrument = context.instruments.get('BTCUSDT') ?? { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };

  function decode(json: unknown): Decoded {
    return venue.newDecoder(context)({ data: Buffer.from(JSON.stringify(json)), binary: false, receivedAt });
  }

  function update(json: unknown): BookUpdate {
    const decoded = decode(json);
    const event = decoded.kind === 'value' ? decoded.value[0] : undefined;
    if (event?.kind !== 'book_update') throw new Error(`no book update: ${JSON.stringify(decoded)}`);
    expectWellFormed(event, context);
    return event;
  }

  function request(levels: number) {
    const asked = venue.book?.({ instrument, levels, environment: 'production', receivedAt: () => receivedAt });
    if (asked === undefined) throw new Error('the venue has no book to ask for');
    return asked;
  }

  describe('order books', () => {
    it.each(books.topics)('VC-19 the channel %s with depth %j has the topic %s', (channel, depth, topic) => {
      expect(venue.topics(instrument, channel, depth)).toEqual([topic]);
      expect(venue.control('subscribe', [topic], () => 1)[0]?.frame).toContain(`"${topic}"`);
    });

    it('VC-19 the fixtures contain snapshots and changes of books', () => {
      expect(new Set(bookFixtures.map(isWhole))).toEqual(new Set([true, false]));
    });

    it.each(bookFixtures)(
      'VC-20 $name with an invalid level is malformed, and the fault names its place',
      ({ frame, book }) => {
        for (const side of [book.bids, book.asks]) {
          for (const [row, place] of ABSURD_ROWS) {
            for (const good of [[], [['1', '1']]]) {
              const decoded = decode(withValue(frame, side, [...good, row]));
              const field = decoded.kind === 'malformed' ? decoded.fault.field : undefined;
              expect(field, JSON.stringify(row)).toBe(`${side}[${good.length}]${place}`);
            }
          }
        }
      },
    );

    it.each(bookFixtures)('VC-21 $name with an empty side decodes to the levels of the other', ({ frame, book }) => {
      const whole = update(frame);
      expect(update(withValue(frame, book.bids, []))).toEqual({ ...whole, bids: [] });
      expect(update(withValue(frame, book.asks, []))).toEqual({ ...whole, asks: [] });
      const empty = withValue(withValue(frame, book.asks, []), book.bids, []);
      expect(update(empty)).toEqual({ ...whole, bids: [], asks: [] });
    });

    it.each(bookFixtures.filter((fixture) => !isWhole(fixture)))(
      'VC-22 $name keeps every changed level in order, also repeated and removed levels',
      ({ frame, book }) => {
        const rows = [
          ['5', '1'],
          ['0.00000001', '0.00'],
          ['99999999', '2.50'],
          ['5', '0'],
        ];
        const levels = [
          { price: '5', quantity: '1' },
          { price: '0.00000001', quantity: '0' },
          { price: '99999999', quantity: '2.5' },
          { price: '5', quantity: '0' },
        ];
        expect(update(withValue(frame, book.bids, rows)).bids).toEqual(levels);
        expect(update(withValue(frame, book.asks, rows)).asks).toEqual(levels);
      },
    );

    it.each(bookFixtures.filter(isWhole))(
      'VC-22 $name sorts the levels, drops levels of quantity 0, and is malformed if a price repeats',
      ({ frame, book }) => {
        const falling = [
          ['10', '1'],
          ['9.5', '0.000'],
          ['9', '2'],
        ];
        const bids = [
          { price: '10', quantity: '1' },
          { price: '9', quantity: '2' },
        ];
        expect(update(withValue(frame, book.bids, falling)).bids).toEqual(bids);
        expect(update(withValue(frame, book.asks, falling.toReversed())).asks).toEqual(bids.toReversed());
        // The order of the levels in the frame does not matter.
        expect(update(withValue(frame, book.bids, falling.toReversed())).bids).toEqual(bids);
        expect(update(withValue(frame, book.asks, falling)).asks).toEqual(bids.toReversed());
        for (const side of [book.bids, book.asks]) {
          const twice = [
            ['10', '1'],
            ['10.0', '1'],
          ];
          expect(decode(withValue(frame, side, twice))).toMatchObject({ kind: 'malformed', fault: { field: side } });
        }
      },
    );

    it.each(bookFixtures)('VC-23 $name has its exact first and last update ids', ({ frame, book }) => {
      const { firstUpdateId: first, lastUpdateId: last } = book;
      const ids = (json: unknown) => [update(json).firstUpdateId, update(json).lastUpdateId];
      const largest = withValue(frame, last, LARGEST_ID);
      if (first === undefined) {
        expect(ids(largest)).toEqual([String(LARGEST_ID), String(LARGEST_ID)]);
        expect(ids(withValue(frame, last, 1))).toEqual(['1', '1']);
      } else {
        expect(ids(withValue(largest, first, LARGEST_ID - 1))).toEqual([String(LARGEST_ID - 1), String(LARGEST_ID)]);
        expect(ids(withValue(largest, first, LARGEST_ID))).toEqual([String(LARGEST_ID), String(LARGEST_ID)]);
        const backwards = withValue(withValue(frame, first, 1000), last, 999);
        expect(decode(backwards)).toMatchObject({ kind: 'malformed', fault: { field: last } });
      }
    });

    // Skipped if the venue sends the whole book by itself.
    it.each(books.requests)('VC-24 requests $levels levels by $path, weight $weight', ({ levels, path, weight }) => {
      expect(request(levels)).toMatchObject({ path, weight });
      expect(weight).toBeLessThan(venue.restBurst ?? venue.restWeightPerMinute / 2);
    });

    it('VC-24 has a REST request for books unless the venue sends them by itself', () => {
      expect(venue.book === undefined).toBe(books.requests.length === 0);
      expect(venue.book === undefined).toBe(books.snapshot === undefined);
    });

    const { snapshot } = books;
    if (snapshot !== undefined)
      it('VC-24 parses the documented REST book, and rejects other bodies', () => {
        const { body, parsed } = snapshot;
        const asked = request(100);
        expect(asked.parse(body)).toEqual({
          kind: 'book_update',
          sequence: null,
          venue: venue.id,
          symbol: 'BTCUSDT',
          venueSymbol: 'BTCUSDT',
          coin: 'BTC',
          environment: 'production',
          epoch: 0,
          receivedAt,
          limit: Number(/limit=(\d+)/.exec(asked.path)?.[1]),
          ...parsed,
        });
        const fieldOf = (broken: unknown) => {
          try {
            return asked.parse(broken);
          } catch (error) {
            expect(error).toMatchObject({ kind: 'malformed', retry: { kind: 'never' } });
            return (error as { field?: string }).field ?? '';
          }
        };
        for (const broken of [null, [], 'x', 1]) expect(fieldOf(broken)).toBe('');
        for (const path of ['lastUpdateId', 'bids', 'asks', 'bids[0]', 'asks[0][0]', 'bids[1][1]']) {
          expect(fieldOf(withValue(body, path, null))).toBe(path);
          expect(fieldOf(withValue(body, path, { a: 1 }))).toBe(path);
          expect(fieldOf(withValue(body, path, -1))).toBe(path);
        }
      });

    // Skipped for a frame without an envelope that names its symbol, and for a frame without events.
    it.each(
      fixtures.filter(
        ({ frame, decoded }) => isEnveloped(frame) && decoded.kind === 'value' && decoded.value.length > 0,
      ),
    )('VC-25 a malformed $name names its symbol', ({ frame, decoded, reads = [] }) => {
      const symbol = decoded.kind === 'value' ? decoded.value[0]?.symbol : undefined;
      for (const path of reads.filter((one) => one.startsWith('data'))) {
        expect(decode(withoutValue(frame, path)), path).toMatchObject({ kind: 'malformed', symbol });
      }
      const twice = JSON.stringify(frame).replace('"data":', '"data":1,"data":');
      const data = Buffer.from(twice);
      expect(venue.newDecoder(context)({ data, binary: false, receivedAt })).toMatchObject({
        kind: 'malformed',
        fault: { field: 'data' },
        symbol,
      });
    });

    it('VC-25 a frame names no symbol if its symbol is missing or was not requested', () => {
      const decoder = venue.newDecoder(context);
      const unasked = venue.newDecoder({ ...context, instruments: new Map() });
      expect(decoder({ data: Buffer.from('{'), binary: false, receivedAt })).not.toHaveProperty('symbol');
      for (const { frame, reads = [] } of bookFixtures) {
        for (const path of reads) {
          const data = Buffer.from(JSON.stringify(withoutValue(frame, path)));
          expect(unasked({ data, binary: false, receivedAt })).not.toHaveProperty('symbol');
        }
      }
    });
  });
}

/** True if the fixture expects a whole book. */
function isWhole({ decoded }: FrameFixture): boolean {
  const event = decoded.kind === 'value' ? decoded.value[0] : undefined;
  return event?.kind === 'book_update' && event.snapshot;
}

function isEnveloped(frame: unknown): boolean {
  return typeof frame === 'object' && frame !== null && 'data' in frame && valueAt(frame, 'data') !== undefined;
}
