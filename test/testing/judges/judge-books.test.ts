import { describe, expect, it } from 'vitest';
import type { BookDelta, FeedRecord, OrderBookSnapshot } from '../../../src/domain/record.ts';
import { bookProblems, placeOf, topOf } from '../../../testing/judges/judge-books.ts';

const BASE = {
  ...({ venue: 'binance', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT', coin: 'BTC', environment: 'simulated' } as const),
  ...{ epoch: 1, receivedAt: 0, timestamp: null },
};
const level = (price: string, quantity = '1') => ({ price, quantity });
const whole = (id: number): BookDelta => ({
  ...{
    ...BASE,
    kind: 'book_delta',
    ...{ sequence: null, worstKnownBid: null, worstKnownAsk: null },
    snapshot: true,
    firstUpdateId: String(id),
    lastUpdateId: String(id),
  },
  ...{ previousUpdateId: null, bids: [level('9'), level('8')], asks: [level('10'), level('11')] },
});
/** Removes the best bid and lowers the best ask. */
const change = (id: number, previous = id - 1): BookDelta => ({
  ...{
    ...BASE,
    kind: 'book_delta',
    ...{ sequence: null, worstKnownBid: null, worstKnownAsk: null },
    snapshot: false,
    firstUpdateId: String(id),
    lastUpdateId: String(id),
  },
  ...{ previousUpdateId: String(previous), bids: [level('9', '0')], asks: [level('9.5', '2')] },
});
const book = (id: number, over: Partial<OrderBookSnapshot> = {}): OrderBookSnapshot => ({
  ...{ ...BASE, kind: 'order_book', updateId: String(id), stale: false },
  ...{ bids: [level('8')], asks: [level('9.5', '2'), level('10'), level('11')] },
  ...over,
});
/** A record so much later that a stale book should be back. */
const later = (record: OrderBookSnapshot): OrderBookSnapshot => ({
  ...record,
  receivedAt: record.receivedAt + 3_000_001,
});
const stale = book(6, { stale: true });
const MADE = new Map([[placeOf('binance', 'BTCUSDT', '6'), new Set([topOf('8.00', '9.50')])]]);
const judged = (...records: readonly FeedRecord[]) => bookProblems(records, MADE);

describe('bookProblems', () => {
  it('finds nothing if the changes produce the published book and the venue had it', () => {
    expect(judged(whole(5), change(6), book(6), change(6), whole(9), change(10))).toEqual([]);
  });

  it.each<[string, FeedRecord[], string]>([
    ['a best price that the venue did not have', [book(6, { bids: [level('7')] })], "the venue's was 8 9.5"],
    ['a quantity that no change made', [whole(5), change(6), book(6, { bids: [level('8', '3')] })], 'other levels'],
    [
      'a level that no change made',
      [whole(5), change(6), book(6, { asks: [level('9.5', '2'), level('9.7')] })],
      'other',
    ],
    ['fewer levels than the book has', [whole(5), change(6), book(6, { asks: [level('9.5', '2')] })], 'other levels'],
    ['a change before a complete book', [change(6)], 'before a whole book'],
    ['a change of another epoch before a complete book', [whole(5), { ...change(6), epoch: 2 }], 'before a whole book'],
    ['a change that is missing', [whole(5), change(8)], '8 follows 7, not 5'],
    [
      'a book that is stale at the end',
      [later({ ...book(6), symbol: 'ETHUSDT', stale: true }), book(6), stale],
      'stale in the end',
    ],
  ])('finds %s', (_, records, problem) => {
    expect(judged(...records)).toEqual([expect.stringContaining(problem)]);
  });

  it('accepts missing changes if they are allowed', () => {
    expect(bookProblems([whole(5), change(8)], MADE, { mayMiss: true })).toEqual([]);
  });

  it('accepts a book that has just become stale', () => {
    expect(judged(stale)).toEqual([]);
  });
});
