import { defer, EMPTY, merge, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { BooksWanted } from '../../config/config.ts';
import type { FeedRecord } from '../../domain/record.ts';
import type { BookStepped } from '../arbitration/merged-event.ts';
import type { FeedEvent, FeedOutput } from '../feed-event.ts';
import { publishEvery, publishing } from '../publish/publishing.ts';
import { BookPublisher } from './book-publisher.ts';

export interface BookVenue {
  /** A symbol's book as it is, if it is in step. */
  book(symbol: string): BookStepped | undefined;
}

export interface BooksStageOptions {
  /** Undefined: no books are published. */
  readonly books?: BooksWanted;
  readonly venueOf: (id: string) => BookVenue | undefined;
  readonly scheduler: SchedulerLike;
  readonly wallClockMs: () => number;
  readonly watch: { staleBooks: () => readonly string[] };
}

const NONE: readonly never[] = [];

/** Publishes the changes of the books that are served, and their best levels at regular times; at a switch the next venue's book at once. */
export function publishBooks(options: BooksStageOptions): OperatorFunction<FeedEvent, FeedOutput> {
  const { books, scheduler, wallClockMs, watch } = options;
  if (books === undefined) return () => EMPTY;
  return (events$) =>
    defer(() => {
      const publisher = new BookPublisher({ books, wallClockMicros: () => wallClockMs() * 1000 });
      watch.staleBooks = () => publisher.stale;
      const served = new ServedBooks(publisher, options);
      return merge(
        events$.pipe(publishing((event) => served.next(event))),
        publishEvery(books.intervalMs, scheduler, () => publisher.sampled()),
      );
    });
}

class ServedBooks {
  readonly #publisher: BookPublisher;
  readonly #options: BooksStageOptions;
  readonly #venues = new Map<string, string>();

  constructor(publisher: BookPublisher, options: BooksStageOptions) {
    this.#publisher = publisher;
    this.#options = options;
  }

  next(event: FeedEvent): readonly FeedRecord[] {
    switch (event.kind) {
      case 'data': {
        const records: FeedRecord[] = [];
        for (const one of event.events) if (one.kind === 'book') records.push(...this.#stepped(one, event.epoch));
        return records;
      }
      case 'epochs':
        return event.begun.flatMap(({ symbol, epoch }) => this.#begin(symbol, event.venue, epoch));
      case 'switched':
        if (event.key !== null) this.#publisher.ended(event.key);
        return NONE;
      case 'availability':
        // Nobody keeps the book of a symbol up that its venue does not have any more.
        if (!event.serves && this.#venues.get(event.symbol) === event.venue) this.#publisher.ended(event.symbol);
        return NONE;
      case 'unfollowed':
        this.#publisher.ended(event.symbol);
        return NONE;
      case 'deltas_lost':
        this.#publisher.lost();
        return NONE;
      default:
        return NONE;
    }
  }

  /** The venue's book as it is: its next change may be long in coming. */
  #begin(symbol: string, venue: string, epoch: number): readonly FeedRecord[] {
    this.#venues.set(symbol, venue);
    this.#publisher.ended(symbol);
    const book = this.#options.venueOf(venue)?.book(symbol);
    return book === undefined ? NONE : this.#stepped(book, epoch);
  }

  #stepped(book: BookStepped, epoch: number): readonly FeedRecord[] {
    return this.#publisher.stepped(book.symbol, book, epoch, this.#options.scheduler.now());
  }
}
