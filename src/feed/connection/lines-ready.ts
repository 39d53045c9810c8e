import { distinctUntilChanged, map, NEVER, type Observable, of, type SchedulerLike, switchMap, timer } from 'rxjs';
import type { VenueConnectionPool } from './connection-pool.ts';

export interface LinesReadyOptions {
  /** How long all lines must have had their subscriptions, milliseconds. Undefined: each has them, or has failed once. */
  readonly overlapMs: number | undefined;
  readonly scheduler: SchedulerLike;
}

/** Emits when the lines of a venue are ready. Subscribe before they connect. */
export function linesReady(
  lines: Pick<VenueConnectionPool, 'events$' | 'count'>,
  { overlapMs, scheduler }: LinesReadyOptions,
): Observable<unknown> {
  const ready = new Set<unknown>();
  return lines.events$.pipe(
    map((item) => {
      if (item.kind !== 'change') return ready.size >= lines.count;
      const { line, connection, event } = item;
      const isLost = event.kind === 'lost';
      if (isLost && overlapMs !== undefined) ready.delete(line);
      else if (isLost || (event.kind === 'subscribed' && connection.hasAll(line.topics.wanted))) ready.add(line);
      return ready.size >= lines.count;
    }),
    distinctUntilChanged(),
    switchMap((isReady) => {
      if (!isReady) return NEVER;
      return overlapMs === undefined ? of(isReady) : timer(overlapMs, scheduler);
    }),
  );
}
