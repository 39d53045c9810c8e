import {
  filter,
  interval,
  type MonoTypeOperatorFunction,
  map,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscriber,
} from 'rxjs';
import type { BookTicker, FeedRecord, Kline } from '../../domain/record.ts';
import { listen } from '../../operators/listen.ts';
import { areOf } from '../arbitration/merged-event.ts';
import type { FeedEvent, FeedOutput, FeedStage } from '../feed-event.ts';

/** Makes a stage of the feed from a function that receives each event and the output. */
export function stage<T, R>(next: (event: T, out: Subscriber<R>) => void): OperatorFunction<T, R> {
  return (events$) => new Observable((out) => listen(events$, out, { next }));
}

/** Calls observers with each event and passes it. One stage for all observers costs less than a `tap` for each. */
export function showTo<T>(...observers: readonly ((event: T) => void)[]): MonoTypeOperatorFunction<T> {
  return stage((event, out) => {
    for (const observe of observers) observe(event);
    out.next(event);
  });
}

/** Makes a stage that publishes the records of each event. */
export function publishing(recordsOf: (event: FeedEvent) => readonly FeedRecord[]): FeedStage {
  return stage((event, out) => {
    const records = recordsOf(event);
    if (records.length > 0) out.next({ records, barrier: false });
  });
}

/** Publishes the venue's events of one kind unchanged. */
export function publishEach(kind: (BookTicker | Kline)['kind']): FeedStage {
  return publishing((event) => (event.kind === 'data' && areOf(event.events, kind) ? event.events : []));
}

/** Publishes records at regular times. */
export function publishEvery(
  ms: number,
  scheduler: SchedulerLike,
  records: () => readonly FeedRecord[],
): Observable<FeedOutput> {
  return interval(ms, scheduler).pipe(
    map(() => ({ records: records(), barrier: false })),
    filter((output) => output.records.length > 0),
  );
}
