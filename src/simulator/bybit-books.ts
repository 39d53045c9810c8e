import { type BookView, changedLevels, viewBook } from './book-view.ts';
import { bookFrame } from './bybit-frames.ts';
import type { Listing } from './listing.ts';
import type { Topic } from './topic.ts';

const EVERY_MS: Readonly<Record<number, number>> = { 50: 20, 200: 100, 1000: 200 };

interface Book {
  readonly topic: Topic;
  readonly listing: Listing;
  readonly levels: number;
  /** As last published; undefined while nobody listens. */
  view: BookView | undefined;
  updateId: number;
  sentAt: number;
}

/** Told of every delta sent. `sent`: the connections, as JSON. */
export type OnDelta = (topic: Topic, listing: Listing, updateId: number, sent: string) => void;

/** Bybit's `orderbook.50`, `.200` and `.1000`: a snapshot to each new listener, then deltas numbered one by one per topic. */
export class BybitBooks {
  private readonly books = new Map<string, Book>();

  /** The snapshot frame that a new listener begins with. */
  snapshot(topic: Topic, listing: Listing, levels: number, now: number, sequence: number): string {
    let book = this.books.get(topic.name);
    if (book === undefined) {
      book = { topic, listing, levels, view: undefined, updateId: 1_000_000 + levels * 1_000, sentAt: now };
      this.books.set(topic.name, book);
    }
    book.view ??= viewBook(listing, levels);
    const { bids, asks } = book.view;
    return bookFrame(listing, {
      topic: topic.name,
      type: 'snapshot',
      now,
      updateId: book.updateId,
      sequence,
      bids,
      asks,
    });
  }

  slice(now: number, sequence: number, onDelta: OnDelta): void {
    for (const book of this.books.values()) this.publish(book, now, sequence, onDelta);
  }

  private publish(book: Book, now: number, sequence: number, onDelta: OnDelta): void {
    const { topic, listing, levels, view } = book;
    if (topic.size === 0 || view === undefined) {
      book.view = undefined;
      return;
    }
    if (view.updateId === listing.updateId || now - book.sentAt < (EVERY_MS[levels] ?? 20)) return;
    const after = viewBook(listing, levels);
    const bids = changedLevels(view.bids, after.bids);
    const asks = changedLevels(view.asks, after.asks);
    book.view = after;
    book.sentAt = now;
    if (bids.length + asks.length === 0) return;
    book.updateId++;
    const { updateId } = book;
    const sent = topic.publish(
      bookFrame(listing, { topic: topic.name, type: 'delta', now, updateId, sequence, bids, asks }),
    );
    onDelta(topic, listing, updateId, sent);
  }
}
