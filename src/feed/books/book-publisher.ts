import type { BooksWanted } from '../../config/config.ts';
import { compareDecimals, type Decimal } from '../../domain/decimal.ts';
import type { BookDelta, BookLevel, OrderBookSnapshot } from '../../domain/record.ts';
import type { BookSync } from '../../market/book/book-sync.ts';
import type { BookOrigin, BookStepped } from '../arbitration/merged-event.ts';

/* Makes the published records of order books: deltas, and samples of the best levels. */

type BookRecord = BookDelta | OrderBookSnapshot;

interface Published {
  readonly book: BookSync;
  readonly origin: BookOrigin;
  readonly epoch: number;
  /** The update id of the last step. The book may be ahead of it. */
  seenId: string | undefined;
  /** The last published delta's update id. Undefined if the next delta must be a snapshot. */
  lastId: string | undefined;
  /** When the last snapshot was published among the deltas, milliseconds by the caller's clock. */
  snapshotAt: number;
  /** The last published best levels. While the book is stale, they are the last correct ones. */
  sample: OrderBookSnapshot | undefined;
  stale: boolean;
}

/** Maximum levels of each side in a snapshot among the deltas. More levels would fill a whole batch. */
const SNAPSHOT_LEVELS = 5000;

/**
 * Makes records of books. Deltas form an unbroken chain that begins with a snapshot in each epoch and after each
 * resync. Samples have the best levels, at regular times and when a book becomes stale or recovers.
 */
export class BookPublisher {
  readonly #books: BooksWanted;
  readonly #wallClockMicros: () => number;
  readonly #published = new Map<string, Published>();

  /** @param wallClockMicros microseconds since 1970 */
  constructor(books: BooksWanted, wallClockMicros: () => number) {
    this.#books = books;
    this.#wallClockMicros = wallClockMicros;
  }

  stepped({ symbol, origin, step, book }: BookStepped, epoch: number, now: number): BookRecord[] {
    const known = this.#published.get(symbol);
    if (step.kind === 'stale') {
      if (known?.book !== book || known.sample === undefined || known.stale) return [];
      const receivedAt = step.receivedAt ?? this.#wallClockMicros();
      const sample = { ...known.sample, epoch, receivedAt, stale: true };
      this.#published.set(symbol, { ...known, epoch, stale: true, lastId: undefined, sample });
      return [sample];
    }
    const same = known?.book === book && known.epoch === epoch ? known : undefined;
    const published = same ?? {
      book,
      origin,
      epoch,
      seenId: undefined,
      lastId: undefined,
      snapshotAt: now,
      sample: undefined,
      stale: false,
    };
    if (same === undefined) this.#published.set(symbol, published);
    const begins = same === undefined || published.stale;
    published.stale = false;
    published.seenId = book.updateId;
    const records: BookRecord[] = this.#books.deltas ? this.#deltas(published, step, now) : [];
    if (begins) records.push(this.#sample(published));
    return records;
  }

  /** Returns a sample of each known book: its best levels. */
  sampled(): OrderBookSnapshot[] {
    return [...this.#published.values()].map((published) => this.#sample(published));
  }

  get stale(): string[] {
    return [...this.#published].flatMap(([symbol, { stale }]) => (stale ? [symbol] : []));
  }

  /** Notes that published changes were lost. With its next change, each book begins again with a snapshot. */
  lost(): void {
    for (const published of this.#published.values()) published.lastId = undefined;
  }

  /** Notes that the symbol's epoch at this venue (default: at any venue) has ended. None of its records may follow. */
  ended(symbol: string, venue = this.#published.get(symbol)?.origin.venue): void {
    if (this.#published.get(symbol)?.origin.venue === venue) this.#published.delete(symbol);
  }

  #deltas(published: Published, step: Exclude<BookStepped['step'], { kind: 'stale' }>, now: number): BookDelta[] {
    const { origin, epoch, lastId } = published;
    if (step.kind === 'replaced' || lastId === undefined || step.previousUpdateId !== lastId)
      return [this.#snapshot(published, now)];
    const { receivedAt, firstUpdateId, lastUpdateId, bids, asks, timestamp, sequence } = step.update;
    published.lastId = lastUpdateId;
    const delta: BookDelta = {
      kind: 'book_delta',
      ...origin,
      epoch,
      receivedAt,
      firstUpdateId,
      lastUpdateId,
      previousUpdateId: lastId,
      snapshot: false,
      bids,
      asks,
      timestamp,
      sequence,
      worstKnownBid: null,
      worstKnownAsk: null,
    };
    const due = now >= published.snapshotAt + this.#books.deltaSnapshotEveryMs;
    return due ? [delta, this.#snapshot(published, now)] : [delta];
  }

  #snapshot(published: Published, now: number): BookDelta {
    const { book, origin, epoch } = published;
    const updateId = book.updateId ?? '0';
    published.lastId = updateId;
    published.snapshotAt = now;
    const bids = book.book.bids(SNAPSHOT_LEVELS);
    const asks = book.book.asks(SNAPSHOT_LEVELS);
    const { bidCount, askCount } = book.book;
    return {
      kind: 'book_delta',
      ...origin,
      epoch,
      receivedAt: book.receivedAt,
      firstUpdateId: updateId,
      lastUpdateId: updateId,
      previousUpdateId: null,
      snapshot: true,
      bids,
      asks,
      timestamp: book.timestamp,
      sequence: book.sequence,
      worstKnownBid: bids.length < bidCount ? better(bids.at(-1), book.depth.worstBid, -1) : book.depth.worstBid,
      worstKnownAsk: asks.length < askCount ? better(asks.at(-1), book.depth.worstAsk, 1) : book.depth.worstAsk,
    };
  }

  #sample(published: Published): OrderBookSnapshot {
    const { book, origin, epoch, stale, seenId, sample } = published;
    if (sample !== undefined && (stale || book.updateId !== seenId)) return sample;
    const { levels } = this.#books;
    published.sample = {
      kind: 'order_book',
      ...origin,
      epoch,
      receivedAt: book.receivedAt,
      updateId: book.updateId ?? '0',
      bids: book.book.bids(levels),
      asks: book.book.asks(levels),
      timestamp: book.timestamp,
      stale: false,
    };
    return published.sample;
  }
}

/** Returns the better of two prices. `direction`: 1 for asks, of which the lower price is better, else -1. */
function better(level: BookLevel | undefined, price: Decimal | null, direction: 1 | -1): Decimal | null {
  if (level === undefined) return price;
  return price === null || direction * compareDecimals(level.price, price) < 0 ? level.price : price;
}
