import { Observable, type OperatorFunction, type SchedulerLike, Subscription } from 'rxjs';
import type { Fault } from '../../domain/fault.ts';
import type { StaleCause } from '../../domain/venue-state.ts';
import type { Freshness } from '../../operators/detect-stale.ts';
import { listen } from '../../operators/listen.ts';

export interface ExplainStaleOptions<T> {
  /** As of `detectStale`. */
  readonly staleAfterMs: number;
  readonly isAnswer: (value: T) => boolean;
  /** True if other venues show that the market is idle. */
  readonly isQuiet: (now: number) => boolean;
  /** The socket is open. Before that, silence is not judged. Default: from the start. */
  readonly isOpening?: (value: T) => boolean;
  /** Returns a Fault to end the stream after a silence. Default: it continues. */
  readonly faultOf?: (silence: Extract<ExplainedSilence, { kind: 'stale' }>) => Fault | undefined;
  readonly scheduler: SchedulerLike;
}

export type ExplainedSilence =
  | { readonly kind: 'stale'; readonly cause: StaleCause; readonly ageMs: number }
  /** `cause`: the last one of the silence. */
  | { readonly kind: 'recovered'; readonly cause: StaleCause; readonly staleForMs: number };

/** The time within which a live socket answers: it is probed every half of `staleAfterMs`, at times a little late. */
export function answerWindowMs(staleAfterMs: number): number {
  return staleAfterMs * 0.6;
}

/** Finds the cause of a silence, behind `detectStale`. Judges an idle market again and emits a new cause. */
export function explainStale<T extends { readonly kind: string }>(
  options: ExplainStaleOptions<T>,
): OperatorFunction<T | Freshness, T | ExplainedSilence> {
  const { staleAfterMs, isAnswer, isQuiet, isOpening, faultOf, scheduler } = options;
  return (source) =>
    new Observable((subscriber) => {
      let isOpen = isOpening === undefined;
      let lastAnswerAt = Number.NEGATIVE_INFINITY;
      let cause: StaleCause | undefined;
      let again = Subscription.EMPTY;
      subscriber.add(() => again.unsubscribe());

      const judge = (lastDataAt: number): void => {
        const now = scheduler.now();
        const before = cause;
        const isDead = lastAnswerAt < now - answerWindowMs(staleAfterMs);
        cause = isDead ? 'socket_dead' : isQuiet(now) ? 'quiet_market' : 'subscription_mute';
        if (cause === 'quiet_market') again = scheduler.schedule(() => judge(lastDataAt), staleAfterMs / 5);
        if (cause === before) return;
        const silence = { kind: 'stale', cause, ageMs: now - lastDataAt } as const;
        subscriber.next(silence);
        const fault = faultOf?.(silence);
        if (fault !== undefined) subscriber.error(fault);
      };

      listen(source, subscriber, {
        next(item) {
          if (!isFreshness(item)) {
            if (isAnswer(item)) lastAnswerAt = scheduler.now();
            else if (!isOpen) isOpen = isOpening?.(item) === true;
            subscriber.next(item);
          } else if (item.kind === 'stale') {
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

function isFreshness<T extends { readonly kind: string }>(item: T | Freshness): item is Freshness {
  return item.kind === 'stale' || item.kind === 'recovered';
}
