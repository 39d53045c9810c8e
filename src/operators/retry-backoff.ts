import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { listen } from './listen.ts';
import { type RetryDecision, retryDecision } from './retry-decision.ts';

export interface RetryBackoffOptions<T> {
  /** Upper bound of the first delay, milliseconds, above 0. It doubles with every attempt without data. */
  readonly initialDelayMs: number;
  /** Upper bound of every delay, milliseconds. */
  readonly maxDelayMs: number;
  /** Attempts in a row without data before it gives up or goes on as probes; default: no limit. */
  readonly maxAttempts?: number;
  /** Pace of the attempts after `maxAttempts`, milliseconds; without it the result errors instead. */
  readonly probeEveryMs?: number;
  /**
   * After a subscription that delivered for `afterMs`, the first attempt follows within `jitterMs` instead of a backoff,
   * unless there was such an attempt in the last `everyMs`; the backoff begins with the second attempt. Default: never.
   */
  readonly immediate?: { readonly afterMs: number; readonly jitterMs: number; readonly everyMs: number };
  /** What an error does that says `never`: `error` ends the result (default), `probe` slows down to `probeEveryMs`. */
  readonly onNever?: 'error' | 'probe';
  /** True for what proves that the source delivers. Only this resets the attempts: a connect or an acknowledgement does not. */
  isData(value: T): boolean;
  /** Uniform in [0, 1); default `Math.random`. */
  random?(): number;
  /** Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Told of each retry when its wait begins. */
  onRetry?(retry: RetryNotice): void;
}

export interface RetryNotice {
  /** Attempts since the last data, this one included: from 1. */
  readonly attempt: number;
  /** Until the source is subscribed to again. */
  readonly delayMs: number;
  /** Why the last subscription ended: what the source gave, unchanged. */
  readonly error: unknown;
  /** True when `maxAttempts` is used up and the slow pace applies. */
  readonly probing: boolean;
}

/** The result's error when every attempt is used up; its cause is the source's last error. */
export class RetriesExhausted extends Error {
  override readonly name = 'RetriesExhausted';
  /** Whoever retries the result is told not to. */
  readonly retry: RetryDecision = { kind: 'never' };
}

/** No delay is shorter than this part of the first bound: full jitter alone may give 0, and a loop without a pause. */
const FLOOR = 0.1;

/**
 * Mirrors the source, and subscribes again after an error, with random waits that grow until data arrives.
 *
 * <span class="informal">It is `retry` for servers in trouble: it waits longer after each failure, and starts over only
 * when data flows.</span>
 *
 * ```
 * first    -o-d-#                        o: opened, d: data
 * second          --#                    2 ms after the first error
 * third                 -o-d-#           4 ms after the second: no data came
 * fourth                       -o--      2 ms after the third: it did
 *          retryBackoff({ initialDelayMs: 2, maxDelayMs: 8, isData: (value) => value === 'd' })
 * result   -o-d----------o-d----o---     here with every delay at its upper bound
 * ```
 *
 * - **next**: every value of every subscription to the source, unchanged.
 * - **error**: the source's error if it says `never` and `onNever` is not `probe`; `RetriesExhausted`, with the last
 *   error as its cause, after `maxAttempts` without data and without `probeEveryMs`; what a callback throws.
 * - **complete**: when the source completes. A completion is not retried.
 *
 * The n-th wait in a row without data is random, between a floor and `min(maxDelayMs, initialDelayMs × 2^(n−1))`. The
 * floor is a tenth of `initialDelayMs`. An error with the property `retry` decides for itself: `{ kind: 'never' }` ends
 * the result, `{ kind: 'after', afterMs }` sets the wait. Every other error is retried. With `immediate`, the first
 * attempt after a source that delivered for a while comes at once, because most failures affect one connection and not
 * the server.
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
  if (!(initialDelayMs > 0))
    throw new RangeError(`retryBackoff: initialDelayMs must be above 0, found ${initialDelayMs}`);
  const floorMs = Math.min(initialDelayMs, maxDelayMs) * FLOOR;

  if (onNever === 'probe' && probeEveryMs === undefined)
    throw new RangeError("retryBackoff: onNever 'probe' needs probeEveryMs");

  return (source) =>
    new Observable((subscriber) => {
      let attempt = 0;
      /** Since the first data of the subscription; undefined: none came. */
      let deliversSince: number | undefined;
      let immediateAt = Number.NEGATIVE_INFINITY;
      /** The immediate attempt counts, but the backoff begins behind it. */
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
            // A refusal is no failed attempt of a row: once it is over, the row begins.
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
