import { defer, EMPTY, merge } from 'rxjs';
import type { FeedRecord } from '../../domain/record.ts';
import type { FeedEvent, FeedStage } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import { publishEvery, publishing } from '../publish/publishing.ts';
import { BookPublisher } from './book-publisher.ts';

type BooksStageOptions = Pick<StageOptions, 'books' | 'venueOf' | 'scheduler' | 'wallClockMs' | 'watch'>;

const NONE: readonly never[] = [];

/** Publishes changes of the active venues' books, and their best levels at regular times and at a switch. */
export function publishBooks(options: BooksStageOptions): FeedStage {
  const { books, venueOf, scheduler, wallClockMs, watch } = options;
  if (books === undefined) return () => EMPTY;
  return (events$) =>
    defer(() => {
      const publisher = new BookPublisher(books, () => wallClockMs() * 1000);
      watch.staleBooks = () => publisher.stale;
      /** Publishes the venue's current book first, because the book's next change may come late. */
      const begin = (symbol: string, venue: string, epoch: number): readonly FeedRecord[] => {
        publisher.ended(symbol);
        const book = venueOf(venue)?.book(symbol);
        return book === undefined ? NONE : publisher.stepped(book, epoch, scheduler.now());
      };
      const recordsOf = (event: FeedEvent): readonly FeedRecord[] => {
        switch (event.kind) {
          case 'data': {
            const records: FeedRecord[] = [];
            for (const one of event.events)
              if (one.kind === 'book') records.push(...publisher.stepped(one, event.epoch, scheduler.now()));
            return records;
          }
          case 'epochs':
            return event.begun.flatMap(({ symbol, epoch }) => begin(symbol, event.venue, epoch));
          case 'switched':
            if (event.key !== null) publisher.ended(event.key);
            return NONE;
          case 'availability':
            // A venue that no longer serves the symbol sends no updates, so its book is not published any more.
            if (!event.serves) publisher.ended(event.symbol, event.venue);
            return NONE;
          case 'unfollowed':
            publisher.ended(event.symbol);
            return NONE;
          case 'deltas_lost':
            publisher.lost();
            return NONE;
          default:
            return NONE;
        }
      };
      return merge(
        events$.pipe(publishing(recordsOf)),
        publishEvery(books.intervalMs, scheduler, () => publisher.sampled()),
      );
    });
}
