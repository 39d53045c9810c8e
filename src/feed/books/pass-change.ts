import type { VenueConnectionPool } from '../connection/connection-pool.ts';
import type { LineChange } from '../connection/line-event.ts';
import type { VenueBooks } from './venue-books.ts';

/** Passes a change of a connection on to the books. */
export function passChange(
  { connection, event, wasUp }: LineChange,
  books: VenueBooks,
  lines: Pick<VenueConnectionPool, 'byTopic' | 'bookTopicsOf'>,
): void {
  if (event.kind === 'connected') books.lineJoined(connection.id);
  else if (event.kind === 'lost' && wasUp) books.lineLost(connection.id);
  else if (event.kind === 'cut_over') books.lineLost(event.from, connection.id);
  else if (event.kind === 'subscribed') {
    const acknowledged = new Set(event.topics);
    const about = new Set(event.topics.flatMap((topic) => lines.byTopic(topic) ?? []));
    books.subscribed(
      [...about].filter((instrument) => lines.bookTopicsOf(instrument).some((topic) => acknowledged.has(topic))),
    );
  }
}
