import { filter, type Observable, type SchedulerLike } from 'rxjs';
import type { VenueConnectionPool } from './connection-pool.ts';

/** Knows since when all lines of a venue have their subscriptions. */
export class LinesReady {
  readonly #lines: Pick<VenueConnectionPool, 'isSubscribed'>;
  readonly #scheduler: SchedulerLike;
  #since: number | undefined;

  constructor(lines: Pick<VenueConnectionPool, 'isSubscribed' | 'events$'>, scheduler: SchedulerLike) {
    this.#lines = lines;
    this.#scheduler = scheduler;
    lines.events$.subscribe(({ kind }) => {
      if (kind === 'change') this.#check();
    });
  }

  /** The scheduler's milliseconds. Undefined: not all lines have their subscriptions now. */
  get since(): number | undefined {
    // A venue without any of the instruments has no line that changes.
    this.#check();
    return this.#since;
  }

  #check(): void {
    if (this.#lines.isSubscribed) this.#since ??= this.#scheduler.now();
    else this.#since = undefined;
  }
}

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
