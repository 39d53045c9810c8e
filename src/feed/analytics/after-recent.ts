import { from, Observable, type OperatorFunction } from 'rxjs';
import { listen } from '../../operators/listen.ts';
import type { FeedEvent } from '../feed-event.ts';
import type { StageOptions } from '../feed-options.ts';
import type { PreviousTrades } from './stats-epoch.ts';

/** What previous runs published lately; comes before any other event. */
export interface RecentKnown {
  readonly kind: 'recent';
  readonly trades: readonly PreviousTrades[];
}

/** Holds events back until it is known what previous runs published. A feed that stops before drops them. */
export function afterRecent(
  recent: NonNullable<StageOptions['recent']> = [[]],
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
