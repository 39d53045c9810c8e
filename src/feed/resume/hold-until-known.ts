import { from, type Observable, type ObservableInput, type Subscriber } from 'rxjs';
import { listen } from '../../operators/listen.ts';
import type { PreviousTrades } from '../analytics/stats-epoch.ts';
import type { FeedEvent } from '../feed-event.ts';

/** Maximum events that wait for the previous run's output. If more wait, the stage starts without it. */
const MAX_WAITING = 100_000;

export interface HeldStage {
  /** Called once, before the first `next`. */
  start(this: void, previous: readonly PreviousTrades[]): void;
  next(this: void, event: FeedEvent): void;
}

/**
 * Gives a stage its events once the previous run's output is known. A feed that stops earlier drops the events that
 * wait.
 */
export function holdUntilKnown<R>(
  events$: Observable<FeedEvent>,
  recent: ObservableInput<readonly PreviousTrades[]>,
  out: Subscriber<R>,
  { start, next }: HeldStage,
): void {
  let waiting: FeedEvent[] | undefined = [];
  const begin = (previous: readonly PreviousTrades[]): void => {
    const events = waiting ?? [];
    waiting = undefined;
    start(previous);
    for (const event of events) next(event);
  };
  const known = listen(from(recent), out, { next: begin, complete() {} });
  listen(events$, out, {
    next(event) {
      if (waiting === undefined) return next(event);
      waiting.push(event);
      if (waiting.length < MAX_WAITING) return;
      known.unsubscribe();
      begin([]);
    },
  });
}
