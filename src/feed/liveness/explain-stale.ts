import { Observable, type OperatorFunction, type SchedulerLike, Subject, Subscription } from 'rxjs';
import type { Fault } from '../../domain/fault.ts';
import type { StaleCause } from '../../domain/venue-state.ts';
import { detectStale } from '../../operators/detect-stale.ts';
import { listen } from '../../operators/listen.ts';

/* Detects that a source is stale, and why: dead socket, idle market or a subscription without data. */

export interface ExplainStaleOptions<T> {
  /** Without data for this time, the source is stale. Milliseconds. */
  readonly staleAfterMs: number;
  readonly isData: (value: T) => boolean;
  readonly isAnswer: (value: T) => boolean;
  /** True if other venues show that the market is idle. */
  readonly isIdle: (now: number) => boolean;
  /**
   * True for the event that reports an open socket; before it, nothing counts as stale. Default: data can be stale from
   * the subscription on.
   */
  readonly isOpening?: (value: T) => boolean;
  /** Returns a Fault to end the stream when it is stale. Default: the stream continues. */
  readonly faultOf?: (stale: Extract<Staleness, { kind: 'stale' }>) => Fault | undefined;
  readonly scheduler: SchedulerLike;
}

export type Staleness =
  | { readonly kind: 'stale'; readonly cause: StaleCause; readonly ageMs: number }
  /** `cause`: the last cause before data came again. */
  | { readonly kind: 'recovered'; readonly cause: StaleCause; readonly staleForMs: number };

/**
 * Returns the age of the last answer above which a socket counts as dead, milliseconds. While no data comes, the
 * connection pings after each half of `staleAfterMs`, sometimes a little later.
 */
export function answerWindowMs(staleAfterMs: number): number {
  return staleAfterMs * 0.6;
}

/**
 * Passes all values. When data is stale, it emits the cause. While the cause is an idle market, it checks again regularly,
 * and emits `stale` again if the cause has changed.
 */
export function explainStale<T>(options: ExplainStaleOptions<T>): OperatorFunction<T, T | Staleness> {
  const { staleAfterMs, isData, isAnswer, isIdle, isOpening, faultOf, scheduler } = options;
  return (source) =>
    new Observable((subscriber) => {
      let isOpen = isOpening === undefined;
      let lastDataAt: number | undefined;
      let lastAnswerAt = Number.NEGATIVE_INFINITY;
      let cause: StaleCause | undefined;
      let again = Subscription.EMPTY;
      subscriber.add(() => again.unsubscribe());
      const data$ = new Subject<'data'>();

      const judge = (since: number): void => {
        const now = scheduler.now();
        const before = cause;
        const isDead = lastAnswerAt < now - answerWindowMs(staleAfterMs);
        cause = isDead ? 'socket_dead' : isIdle(now) ? 'quiet_market' : 'subscription_mute';
        if (cause === 'quiet_market') again = scheduler.schedule(() => judge(since), staleAfterMs / 5);
        if (cause === before) return;
        const stale = { kind: 'stale', cause, ageMs: now - since } as const;
        subscriber.next(stale);
        const fault = faultOf?.(stale);
        if (fault !== undefined) subscriber.error(fault);
      };

      listen(source, subscriber, {
        next(item) {
          if (isData(item)) {
            const now = scheduler.now();
            // All frames from one read of the socket have the same time. The first of them is enough.
            if (now !== lastDataAt) data$.next('data');
            lastDataAt = now;
          } else if (isAnswer(item)) lastAnswerAt = scheduler.now();
          if (!isOpen) isOpen = isOpening?.(item) === true;
          subscriber.next(item);
        },
      });
      listen(data$.pipe(detectStale({ staleAfterMs, isData: () => true, scheduler })), subscriber, {
        next(item) {
          if (item === 'data') return;
          if (item.kind === 'stale') {
            if (isOpen) judge(scheduler.now() - item.ageMs);
          } else {
            again.unsubscribe();
            if (cause !== undefined) subscriber.next({ kind: 'recovered', cause, staleForMs: item.staleForMs });
            cause = undefined;
          }
        },
      });
    });
}
