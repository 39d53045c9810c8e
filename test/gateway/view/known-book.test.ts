import { describe, expect, it } from 'vitest';
import type { BookDelta, BookLevel, OrderBookSnapshot } from '../../../src/domain/record.ts';
import { KnownBook } from '../../../src/gateway/view/known-book.ts';
import { bookDelta, orderBook } from '../../../testing/records/gateway-records.ts';

const level = (price: string, quantity = '1'): BookLevel => ({ price, quantity });
const PUBLISHED = orderBook({ updateId: '10', bids: [level('99')], asks: [level('101')] });
const SNAPSHOT = bookDelta({
  snapshot: true,
  lastUpdateId: '10',
  bids: [level('99'), level('98'), level('97')],
  asks: [level('101'), level('102'), level('103')],
});

const change = (id: number, fields: Partial<BookDelta> = {}): BookDelta =>
  bookDelta({ previousUpdateId: String(id - 1), lastUpdateId: String(id), bids: [], asks: [], ...fields });

function bookAfter(...records: readonly (BookDelta | OrderBookSnapshot)[]) {
  const book = new KnownBook();
  for (const record of records) book.add(record);
  const { current } = book;
  const prices = (levels: readonly BookLevel[] = []) => levels.map(({ price }) => price).join(' ');
  return { id: current?.updateId, bids: prices(current?.bids), asks: prices(current?.asks), stale: current?.stale };
}

describe('KnownBook', () => {
  it('is unknown without records, and has the published levels until the changes begin with a snapshot', () => {
    expect(new KnownBook().current).toBeUndefined();
    const published = { id: '10', bids: '99', asks: '101', stale: false };
    expect(bookAfter(PUBLISHED)).toEqual(published);
    expect(bookAfter(PUBLISHED, change(11, { bids: [level('100')] }))).toEqual(published);
  });

  it('has all levels of the last snapshot, with the changes after it', () => {
    expect(bookAfter(PUBLISHED, SNAPSHOT)).toEqual({ id: '10', bids: '99 98 97', asks: '101 102 103', stale: false });
    const changes = [
      change(11, { bids: [level('99', '0'), level('98.5')] }),
      change(12, { asks: [level('100')] }),
      change(11, { asks: [level('100', '0')] }),
    ];
    expect(bookAfter(SNAPSHOT, ...changes)).toMatchObject({ id: '12', bids: '98.5 98 97', asks: '100 101 102 103' });
  });

  it('leaves out levels beyond the worst known prices, between which others may be missing', () => {
    const changes = [
      change(11, { bids: [level('90')], asks: [level('110')] }),
      change(12, { bids: [level('97', '0'), level('97.5')], asks: [level('102.5')] }),
    ];
    expect(bookAfter(SNAPSHOT, ...changes)).toMatchObject({ bids: '99 98 97.5 90', asks: '101 102 102.5 103 110' });
    const bounded = { ...SNAPSHOT, worstKnownBid: '97', worstKnownAsk: '102.5' };
    expect(bookAfter(bounded)).toMatchObject({ id: '10', bids: '99 98 97', asks: '101 102' });
    expect(bookAfter(bounded, ...changes)).toMatchObject({ id: '12', bids: '99 98 97.5', asks: '101 102 102.5' });
  });

  it('has only the published levels after a missing change, until the next snapshot', () => {
    expect(bookAfter(SNAPSHOT, PUBLISHED, change(12))).toMatchObject({ id: '10', bids: '99' });
    const again = { ...SNAPSHOT, lastUpdateId: '20' };
    expect(bookAfter(SNAPSHOT, PUBLISHED, change(12), again)).toMatchObject({ id: '20', bids: '99 98 97' });
  });

  it('is stale while the published book is, and has the published levels if the changes come more than 5 s later', () => {
    const stale = { ...PUBLISHED, stale: true, receivedAt: SNAPSHOT.receivedAt + 9_000_000 };
    expect(bookAfter(SNAPSHOT, stale)).toMatchObject({ bids: '99 98 97', stale: true });
    const later = (us: number) => ({ ...PUBLISHED, updateId: '30', receivedAt: SNAPSHOT.receivedAt + us });
    expect(bookAfter(SNAPSHOT, later(5_000_000))).toMatchObject({ id: '10', bids: '99 98 97' });
    expect(bookAfter(SNAPSHOT, later(5_000_001))).toMatchObject({ id: '30', bids: '99' });
  });
});
