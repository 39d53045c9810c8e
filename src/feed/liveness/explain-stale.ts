import { Observable, type OperatorFunction, type SchedulerLike, Subscription } from 'rxjs';
import type { Fault } from '../../domain/fault.ts';
import type { StaleCause } from '../../domain/venue-state.ts';
import type { Freshness } from '../../operators/detect-stale.ts';
import { listen } from '../../operators/listen.ts';

export interface ExplainStaleOptions<T> {
  /** As of `detectStale`. */
  readonly staleAfterMs: number;
  /** The socket answered a ping or a request. */
  readonly isAnswer: (value: T) => boolean;
  /** True when other venues show that nothing happens in the market. */
  readonly isQuiet: (now: number) => boolean;
  /** The socket is open: earlier there is nothing to explain. Default: from the start. */
  readonly isOpening?: (value: T) => boolean;
  /** The Fault that ends the stream after a silence; undefined: the stream goes on, as by default. */
  readonly faultOf?: (silence: Extract<ExplainedSilence, { kind: 'stale' }>) => Fault | undefined;
  readonly scheduler: SchedulerLike;
}

export type ExplainedSilence =
  | { readonly kind: 'stale'; readonly cause: StaleCause; readonly ageMs: number }
  /** `cause`: the last one of the silence. */
  | { readonly kind: 'recovered'; readonly cause: StaleCause; readonly staleForMs: number };

/** In a silence the socket is probed every half of `staleAfterMs`, a little late at times: an answer must have come within this. */
export function answerWindowMs(staleAfterMs: number): number {
  return staleAfterMs * 0.6;
}

/**
 * Tells why data does not come, behind `detectStale`: the socket does not answer either, or the market is idle, or data
 * should come. While the market is idle it judges again from time to time, and emits `stale` again when the cause changes.
 */
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
