import { describe, expect, it } from 'vitest';
import type { BookUpdate } from '../../../src/domain/market-event.ts';
import type { BookLevel } from '../../../src/domain/record.ts';
import type { BookStepped } from '../../../src/feed/arbitration/merged-event.ts';
import { BookPublisher } from '../../../src/feed/books/book-publisher.ts';
import { type BookStep, BookSync } from '../../../src/market/book/book-sync.ts';
import { bookUpdate } from '../../../testing/judges/events.ts';

const EVERY_MS = 60_000;
const books = { levels: 2, intervalMs: 1000, deltas: true, deltaSnapshotEveryMs: EVERY_MS };
const level = (price: string, quantity = '1'): BookLevel => ({ price, quantity });

/** The book of a venue, with one line. */
class Venue {
  readonly sync: BookSync;

  constructor(mode: 'sent' | 'fetched' = 'sent') {
    this.sync = new BookSync({ mode });
    this.sync.joined(1);
  }

  update(changes: Partial<BookUpdate>): BookStepped[] {
    return this.steps(this.sync.update(1, bookUpdate(Number(changes.lastUpdateId), changes), 0));
  }

  lost(): BookStepped[] {
    return this.steps(this.sync.lost(1, 0));
  }

  steps(steps: readonly BookStep[]): BookStepped[] {
    const { venue, symbol, venueSymbol, coin, environment } = bookUpdate(1);
    const origin = { venue, symbol, venueSymbol, coin, environment };
    return steps.map((step) => ({ kind: 'book', symbol, coin, origin, receivedAt: 0, step, book: this.sync }));
  }
}

const SNAPSHOT = {
  lastUpdateId: '10',
  snapshot: true,
  receivedAt: 10,
  bids: [level('99'), level('98'), level('97')],
  asks: [level('100'), level('101'), level('102')],
} as const;

function publish(publisher: BookPublisher, stepped: readonly BookStepped[], { epoch = 1, now = 0 } = {}) {
  return stepped.flatMap((step) => publisher.stepped(step, epoch, now));
}

describe('BookPublisher', () => {
  const newPublisher = (over: Partial<typeof books> = {}) => new BookPublisher({ ...books, ...over }, () => 999);

  it('begins with a delta that is a snapshot of the complete book, and with its best levels', () => {
    const venue = new Venue();
    const records = publish(newPublisher(), venue.update(SNAPSHOT));
    expect(records).toMatchObject([
      {
        kind: 'book_delta',
        snapshot: true,
        epoch: 1,
        firstUpdateId: '10',
        lastUpdateId: '10',
        previousUpdateId: null,
        bids: SNAPSHOT.bids,
        asks: SNAPSHOT.asks,
      },
      {
        kind: 'order_book',
        updateId: '10',
        stale: false,
        receivedAt: 10,
        bids: [level('99'), level('98')],
        asks: [level('100'), level('101')],
      },
    ]);
  });

  it("passes the venue's matching sequence on, in changes and in snapshots", () => {
    const venue = new Venue();
    const publisher = newPublisher();
    const deltas = [
      ...publish(publisher, venue.update({ ...SNAPSHOT, sequence: '70' })),
      ...publish(publisher, venue.update({ lastUpdateId: '11', bids: [], asks: [], sequence: '75' })),
    ].filter(({ kind }) => kind === 'book_delta');
    expect(deltas).toMatchObject([
      { snapshot: true, sequence: '70' },
      { snapshot: false, sequence: '75' },
    ]);
  });

  it('starts the chain of deltas again with a snapshot after deltas were lost', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    const change = (id: string) => publish(publisher, venue.update({ lastUpdateId: id, bids: [], asks: [] }));
    publish(publisher, venue.update(SNAPSHOT));
    publisher.lost();
    expect(change('11')).toMatchObject([{ kind: 'book_delta', snapshot: true, lastUpdateId: '11' }]);
    expect(change('12')).toMatchObject([{ kind: 'book_delta', snapshot: false, previousUpdateId: '11' }]);
  });

  it('chains deltas by the previous update id, with a snapshot at regular times', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const change = (id: number, price: string) =>
      venue.update({ lastUpdateId: String(id), bids: [level(price)], asks: [] });
    expect(publish(publisher, change(11, '99.5'), { now: EVERY_MS - 1 })).toMatchObject([
      { kind: 'book_delta', snapshot: false, firstUpdateId: '11', previousUpdateId: '10', bids: [level('99.5')] },
    ]);
    expect(publish(publisher, change(12, '99.6'), { now: EVERY_MS })).toMatchObject([
      { snapshot: false, lastUpdateId: '12', previousUpdateId: '11' },
      { snapshot: true, lastUpdateId: '12', previousUpdateId: null, bids: [level('99.6'), level('99.5'), {}, {}, {}] },
    ]);
    expect(publish(publisher, change(13, '99.7'), { now: EVERY_MS + 1 })).toMatchObject([
      { snapshot: false, previousUpdateId: '12' },
    ]);
  });

  it('publishes with a snapshot up to which price every level is known, if more levels were not fetched', () => {
    const venue = new Venue('fetched');
    const publisher = newPublisher();
    venue.sync.subscribed();
    const fetched = bookUpdate(10, { ...SNAPSHOT, asks: SNAPSHOT.asks.slice(1), limit: SNAPSHOT.bids.length });
    const known = { worstKnownBid: '97', worstKnownAsk: null };
    const [whole] = publish(publisher, venue.steps(venue.sync.snapshot(fetched, 0)));
    expect(whole).toMatchObject({ kind: 'book_delta', snapshot: true, ...known });
    const change = (id: number, bids: BookLevel[]) =>
      publish(publisher, venue.update({ lastUpdateId: String(id), bids, asks: [level('110')] }), {
        now: id * EVERY_MS,
      });
    expect(change(11, [level('90'), level('98.5')])).toMatchObject([
      { snapshot: false, worstKnownBid: null, worstKnownAsk: null },
      { snapshot: true, bids: ['99', '98.5', '98', '97', '90'].map((price) => level(price)), ...known },
    ]);
    const large = Array.from({ length: 5001 }, (_, at) => level(String(101 + at)));
    expect(publish(newPublisher(), new Venue().update({ ...SNAPSHOT, asks: large }))[0]).toMatchObject({
      worstKnownBid: null,
      worstKnownAsk: '5100',
    });
    const sent = publish(newPublisher(), new Venue().update(SNAPSHOT));
    expect(sent[0]).toMatchObject({ snapshot: true, worstKnownBid: null, worstKnownAsk: null });
  });

  it('samples a book whether it changed or not', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    expect(publisher.sampled()).toEqual([]);
    publish(publisher, venue.update(SNAPSHOT));
    publish(publisher, venue.update({ lastUpdateId: '11', bids: [level('99', '0')], asks: [], receivedAt: 11 }));
    const sample = publisher.sampled();
    expect(sample).toMatchObject([{ updateId: '11', receivedAt: 11, bids: [level('98'), level('97')] }]);
    expect(publisher.sampled()).toEqual(sample);
  });

  it('publishes at once that a book is stale, with its last correct levels, and that it has recovered', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const [stale, ...rest] = publish(publisher, venue.lost());
    expect(rest).toEqual([]);
    expect(stale).toMatchObject({ kind: 'order_book', stale: true, updateId: '10', receivedAt: 999, bids: [{}, {}] });
    expect(publisher.stale).toEqual(['BTCUSDT']);
    expect(publisher.sampled()).toEqual([stale]);
    venue.sync.joined(1);
    const back = publish(publisher, venue.update({ ...SNAPSHOT, lastUpdateId: '20', receivedAt: 20 }));
    expect(back).toMatchObject([
      { kind: 'book_delta', snapshot: true, lastUpdateId: '20' },
      { kind: 'order_book', stale: false, updateId: '20' },
    ]);
    expect(publisher.stale).toEqual([]);
  });

  it('starts again with a snapshot in each epoch, also with the book of another venue', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const change = venue.update({ lastUpdateId: '11', bids: [], asks: [] });
    expect(publish(publisher, change, { epoch: 2 })).toMatchObject([
      { kind: 'book_delta', snapshot: true, epoch: 2, lastUpdateId: '11' },
      { kind: 'order_book', epoch: 2 },
    ]);
    publisher.ended('BTCUSDT');
    expect(publisher.sampled()).toEqual([]);
    const other = new Venue();
    expect(publish(publisher, other.update({ ...SNAPSHOT, lastUpdateId: '5' }), { epoch: 3 })).toMatchObject([
      { snapshot: true, epoch: 3, lastUpdateId: '5' },
      { epoch: 3, updateId: '5' },
    ]);
  });

  it('publishes that a book is stale with the epoch that has begun meanwhile', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const [stale, ...rest] = publish(publisher, venue.lost(), { epoch: 2 });
    expect(rest).toEqual([]);
    expect(stale).toMatchObject({ kind: 'order_book', stale: true, epoch: 2, updateId: '10' });
    expect(publisher.sampled()).toEqual([stale]);
    expect(publisher.stale).toEqual(['BTCUSDT']);
  });

  it('publishes nothing if the book of a venue that is not active becomes stale', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const other = new Venue();
    other.update(SNAPSHOT);
    expect(publish(publisher, other.lost(), { epoch: 2 })).toEqual([]);
    expect(publisher.stale).toEqual([]);
  });

  it('samples a book only up to the last step that it received', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    publish(publisher, venue.update(SNAPSHOT));
    const [unseen] = venue.update({ lastUpdateId: '11', bids: [level('99.5')], asks: [] });
    expect(unseen).toBeDefined();
    expect(publisher.sampled()).toMatchObject([{ updateId: '10' }]);
    const next = publish(publisher, venue.update({ lastUpdateId: '12', bids: [], asks: [] }));
    expect(next).toMatchObject([{ kind: 'book_delta', snapshot: true, lastUpdateId: '12' }]);
    expect(publisher.sampled()).toMatchObject([{ updateId: '12', bids: [level('99.5'), level('99')] }]);
  });

  it('publishes nothing about a book that was never complete', () => {
    const venue = new Venue();
    const publisher = newPublisher();
    expect(publish(publisher, venue.lost())).toEqual([]);
    expect(publisher.sampled()).toEqual([]);
  });

  it('publishes no deltas if only the best levels are subscribed', () => {
    const venue = new Venue();
    const publisher = newPublisher({ deltas: false });
    expect(publish(publisher, venue.update(SNAPSHOT))).toMatchObject([{ kind: 'order_book' }]);
    expect(publish(publisher, venue.update({ ...SNAPSHOT, lastUpdateId: '11' }))).toEqual([]);
    expect(publisher.sampled()).toMatchObject([{ updateId: '11' }]);
  });
});
