import { filter, type Observable } from 'rxjs';
import type { VenueConnectionPool } from './connection-pool.ts';

/** Emits when each line has its subscriptions or failed once. */
export function linesSettled(lines: Pick<VenueConnectionPool, 'events$' | 'count'>): Observable<unknown> {
  const settled = new Set<unknown>();
  return lines.events$.pipe(
    filter((item) => {
      if (item.kind === 'frame') return false;
      const { line, connection, event } = item;
      if (event.kind === 'lost' || (event.kind === 'subscribed' && connection.hasAll(line.topics.wanted)))
        settled.add(line);
      return settled.size >= lines.count;
    }),
  );
}
