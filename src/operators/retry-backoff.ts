import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import {
  COUNT_OR_INFINITY,
  FINITE_MS,
  FINITE_MS_ABOVE_0,
  FUNCTION,
  isOneOf,
  MS,
  type OptionRules,
  objectWith,
  required,
  requireOptions,
  SCHEDULER,
} from './check-option.ts';
import { listen } from './listen.ts';
import { type RetryDecision, retryDecision } from './retry-decision.ts';

/** Options of `retryBackoff`. */
export interface RetryBackoffOptions<T> {
  /** Upper bound of the first wait, milliseconds, above 0. The bound doubles with every attempt without data. */
  readonly initialDelayMs: number;
  /** Upper bound of every wait, milliseconds, above 0. */
  readonly maxDelayMs: number;
  /**
   * Attempts in a row without data before the operator gives up, or continues every `probeEveryMs`. Default: no limit.
   */
  readonly maxAttempts?: number;
  /** Time between attempts after `maxAttempts`, milliseconds. Without it, the result ends with an error instead. */
  readonly probeEveryMs?: number;
  /**
   * If a subscription delivered for `afterMs`, the first attempt after it comes within `jitterMs`, but only once in
   * `everyMs`. The growing waits begin with the second attempt. All in milliseconds. Default: never.
   */
  readonly immediate?: { readonly afterMs: number; readonly jitterMs: number; readonly everyMs: number };
  /** Effect of an error that says `never`: `error` (default) ends the result, `probe` retries every `probeEveryMs`. */
  readonly onNever?: 'error' | 'probe';
  /**
   * True for values that prove that the source delivers. Only these make the waits short again; an open connection does
   * not.
   */
  isData(value: T): boolean;
  /**
   * Random number in [0, 1), uniform: where a wait lies between its floor and its upper bound. Default `Math.random`.
   */
  random?(): number;
  /** The source of time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Called for each retry when its wait begins. */
  onRetry?(retry: RetryNotice): void;
}

const RULES: OptionRules<RetryBackoffOptions<unknown>> = {
  initialDelayMs: required(FINITE_MS_ABOVE_0),
  maxDelayMs: required(FINITE_MS_ABOVE_0),
  maxAttempts: COUNT_OR_INFINITY,
  probeEveryMs: FINITE_MS_ABOVE_0,
  immediate: objectWith('an object with afterMs, jitterMs and everyMs', {
    afterMs: required(MS),
    jitterMs: required(FINITE_MS),
    everyMs: required(MS),
  }),
  onNever: [isOneOf(['error', 'probe']), 'error, probe'],
  isData: required(FUNCTION),
  random: FUNCTION,
  scheduler: SCHEDULER,
  onRetry: FUNCTION,
};

/** Describes the next attempt of `retryBackoff`. */
export interface RetryNotice {
  /** Number of the attempt since the last data, from 1. */
  readonly attempt: number;
  /** Time until the next subscription to the source, milliseconds. */
  readonly delayMs: number;
  /** The source's error that ended the last subscription, unchanged. */
  readonly error: unknown;
  /** True if the slow pace of `probeEveryMs` applies. */
  readonly probing: boolean;
}

/** Error of `retryBackoff` after the last attempt. Its cause is the source's last error. */
export class RetriesExhausted extends Error {
  override readonly name = 'RetriesExhausted';
  /** Retrying the result does not help. */
  readonly retry: RetryDecision = { kind: 'never' };
}

/** Shortest delay, as a part of the first upper bound. Full jitter alone could give 0: a loop without a pause. */
const FLOOR = 0.1;

/**
 * Mirrors the source, and subscribes again after an error: exponential backoff with jitter.
 *
 * <span class="informal">It is `retry` for servers in trouble: it waits longer after each failure, and begins with
 * short waits again only after data has come.</span>
 *
 * ```
 * first    -o-d-#                        o: opened, d: data
 * second          --#                    2 ms after the first error
 * third                 -o-d-#           4 ms after the second: no data came
 * fourth                       -o--      2 ms after the third: data came
 *          retryBackoff({ initialDelayMs: 2, maxDelayMs: 8, isData: (value) => value === 'd' })
 * result   -o-d----------o-d----o---     here with every delay at its upper bound
 * ```
 *
 * - **next**: every value of every subscription to the source, unchanged.
 * - **error**: the source's error if its `retry` says `never` and `onNever` is not `'probe'`; what a callback throws.
 *   Without `probeEveryMs`, a `RetriesExhausted` after `maxAttempts` without data.
 * - **complete**: when the source completes. A completion is not retried.
 *
 * The n-th wait in a row without data is random, between a floor and `min(maxDelayMs, initialDelayMs × 2^(n−1))`. The
 * floor is a tenth of the first upper bound. An error can say by its property `retry` that the wait is `afterMs`, or
 * that it must not be retried. Every other error is retried.
 *
 * With `immediate`, if the source delivered for a while, the first attempt comes almost at once, because most failures
 * affect one connection, not the server.
 *
 * @example
 * import { defer, of, throwError } from 'rxjs';
 * import { retryBackoff } from 'market-feed/operators';
 *
 * let attempts = 0;
 * const line$ = defer(() => (++attempts < 3 ? throwError(() => new Error('refused')) : of('trade')));
 * line$
 *   .pipe(
 *     retryBackoff({
 *       initialDelayMs: 100,
 *       maxDelayMs: 5_000,
 *       isData: (value) => value === 'trade',
 *       onRetry: ({ attempt, error }) => console.log(`retry ${attempt}: ${error}`),
 *     }),
 *   )
 *   .subscribe((value) => console.log(value));
 * // retry 1: Error: refused
 * // retry 2: Error: refused
 * // trade
 */
export function retryBackoff<T>(options: RetryBackoffOptions<T>): MonoTypeOperatorFunction<T> {
  requireOptions('retryBackoff', options, RULES);
  const {
    initialDelayMs,
    maxDelayMs,
    maxAttempts = Number.POSITIVE_INFINITY,
    probeEveryMs,
    immediate,
    onNever = 'error',
    random = Math.random,
    scheduler = asyncScheduler,
  } = options;
  if (onNever === 'probe')
    requireOptions('retryBackoff', { probeEveryMs }, { probeEveryMs: required(FINITE_MS_ABOVE_0) });
  const floorMs = Math.min(initialDelayMs, maxDelayMs) * FLOOR;

  return (source) =>
    new Observable((subscriber) => {
      let attempt = 0;
      /** Time of this subscription's first data, milliseconds by the scheduler; undefined before it. */
      let deliversSince: number | undefined;
      let immediateAt = Number.NEGATIVE_INFINITY;
      /** 1 after an immediate attempt. `attempt` includes it, but the waits must not grow because of it. */
      let skipped = 0;

      const delayFor = (decision: RetryDecision, probing: boolean): number => {
        if (decision.kind === 'after') {
          const { afterMs } = decision;
          const leastMs = probing && probeEveryMs !== undefined ? probeEveryMs : floorMs;
          return afterMs > leastMs ? afterMs : leastMs;
        }
        if (probing && probeEveryMs !== undefined) return probeEveryMs;
        const now = scheduler.now();
        if (
          immediate !== undefined &&
          now - (deliversSince ?? now) >= immediate.afterMs &&
          now - immediateAt >= immediate.everyMs
        ) {
          immediateAt = now;
          skipped = 1;
          return random() * immediate.jitterMs;
        }
        const boundMs = Math.min(maxDelayMs, initialDelayMs * 2 ** (attempt - 1 - skipped));
        return floorMs + random() * (boundMs - floorMs);
      };

      const subscribe = (): void => {
        deliversSince = undefined;
        listen(source, subscriber, {
          next(value) {
            if (deliversSince === undefined && options.isData(value)) {
              deliversSince = scheduler.now();
              attempt = 0;
              skipped = 0;
            }
            subscriber.next(value);
          },
          error(error) {
            const decision = retryDecision(error);
            const isNever = decision.kind === 'never';
            if (isNever && onNever === 'error') return subscriber.error(error);
            // After an error that says `never`, the count of failed attempts begins at 0 again.
            attempt = isNever ? 0 : attempt + 1;
            const probing = isNever || attempt > maxAttempts;
            if (probing && probeEveryMs === undefined) {
              const last = error instanceof Error ? error.message : String(error);
              const message = `gave up after ${maxAttempts} attempts without data: ${last}`;
              return subscriber.error(new RetriesExhausted(message, { cause: error }));
            }
            const delayMs = delayFor(decision, probing);
            options.onRetry?.({ attempt: Math.max(1, attempt), delayMs, error, probing });
            wait.set(delayMs);
          },
        });
      };

      const wait = createAlarm(subscriber, scheduler, subscribe);
      subscribe();
    });
}
