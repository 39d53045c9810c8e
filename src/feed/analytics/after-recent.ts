import { from, Observable, type ObservableInput, type OperatorFunction, of } from 'rxjs';
import { listen } from '../../operators/listen.ts';
import type { FeedEvent } from '../feed-event.ts';
import type { PreviousTrades } from './stats-epoch.ts';

export type RecentTrades = readonly PreviousTrades[];

/** What previous runs published lately; comes before any other event. */
export interface RecentKnown {
  readonly kind: 'recent';
  readonly trades: RecentTrades;
}

/** Holds events back until it is known what previous runs published. A feed that stops before drops them. */
export function afterRecent(
  recent: ObservableInput<RecentTrades> = of([]),
): OperatorFunction<FeedEvent, FeedEvent | RecentKnown> {
  return (events$) =>
    new Observable((out) => {
      let held: FeedEvent[] | undefined = [];
      listen(from(recent), out, {
        next(trades) {
          const waiting = held ?? [];
          held = undefined;
          out.next({ kind: 'recent', trades });
          for (const event of waiting) out.next(event);
        },
        complete() {},
      });
      listen(events$, out, {
        next(event) {
          if (held === undefined) out.next(event);
          else held.push(event);
        },
      });
    });
}
