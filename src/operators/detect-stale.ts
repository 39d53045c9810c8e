import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { FUNCTION, MS_ABOVE_0, type OptionRules, required, requireOptions, SCHEDULER } from './check-option.ts';
import { listen } from './listen.ts';

/** Options of `detectStale`. */
export interface DetectStaleOptions<T> {
  /** Longest healthy time without data, milliseconds. */
  readonly staleAfterMs: number;
  /**
   * True for values that count as data. Pongs and acknowledgements do not: they pass, but do not prove that data comes.
   */
  isData(value: T): boolean;
  /**
   * The source of time. Default `asyncScheduler`. If the wall clock may be set, pass a scheduler with a monotonic
   * clock.
   */
  readonly scheduler?: SchedulerLike;
}

const RULES: OptionRules<DetectStaleOptions<unknown>> = {
  staleAfterMs: required(MS_ABOVE_0),
  isData: required(FUNCTION),
  scheduler: SCHEDULER,
};

/** Events that `detectStale` emits between the values. Times are the scheduler's, in milliseconds. */
export type Freshness =
  /** No data has come for `ageMs`: since `lastDataAt`, or since the subscription if `lastDataAt` is null. */
  | { readonly kind: 'stale'; readonly ageMs: number; readonly lastDataAt: number | null }
  /** The next value is data again. It comes `staleForMs` after the last `stale`. */
  | { readonly kind: 'recovered'; readonly staleForMs: number };

/**
 * Mirrors the source, and emits an event when data stops and another when it comes back.
 *
 * <span class="informal">A socket can be open and answer pings although no data comes; only data proves that it
 * works.</span>
 *
 * ```
 * source   -d--p---p-d---d--       d: data, p: pong
 *          detectStale({ staleAfterMs: 5, isData: (value) => value === 'd' })
 * result   -d--p-s-p-(rd)d--       s: stale, ageMs 5; r: recovered, staleForMs 4
 * ```
 *
 * - **next**: each value, unchanged. `stale` comes once in each pause, exactly `staleAfterMs` after the last data or
 *   the subscription. `recovered` comes right before the next data.
 * - **error**: the source's error; what `isData` throws.
 * - **complete**: when the source completes.
 *
 * Each value costs at most one reading of the clock. While data flows, the operator sets about one timer every
 * `staleAfterMs`.
 *
 * @example
 * import { concat, delay, of } from 'rxjs';
 * import { detectStale } from 'market-feed/operators';
 *
 * concat(of('trade'), of('trade').pipe(delay(120)))
 *   .pipe(detectStale({ staleAfterMs: 50, isData: () => true }))
 *   .subscribe((event) => console.log(typeof event === 'string' ? event : event.kind));
 * // trade
 * // stale
 * // recovered
 * // trade
 */
export function detectStale<T>(options: DetectStaleOptions<T>): OperatorFunction<T, T | Freshness> {
  requireOptions('detectStale', options, RULES);
  const { staleAfterMs, scheduler = asyncScheduler } = options;

  return (source) =>
    new Observable<T | Freshness>((subscriber) => {
      let lastDataAt: number | null = null;
      let countedFrom = scheduler.now();
      let staleSince: number | undefined;

      // When the alarm fires, the age of the data is computed anew. So the alarm need not be set again with each value.
      const alarm = createAlarm(subscriber, scheduler, () => {
        const now = scheduler.now();
        // Compares times, not ages: a rounded age could stay just below the limit for ever.
        const dueAt = countedFrom + staleAfterMs;
        if (now < dueAt) return alarm.set(dueAt - now);
        staleSince = now;
        subscriber.next({ kind: 'stale', ageMs: now - countedFrom, lastDataAt });
      });

      listen(source, subscriber, {
        next(value) {
          if (options.isData(value)) {
            const now = scheduler.now();
            lastDataAt = now;
            countedFrom = now;
            if (staleSince !== undefined) {
              const staleForMs = now - staleSince;
              staleSince = undefined;
              alarm.set(staleAfterMs);
              subscriber.next({ kind: 'recovered', staleForMs });
            }
          }
          subscriber.next(value);
        },
      });
      // Set after the source is subscribed: if a value and the alarm are due in the same millisecond, the value comes
      // first.
      alarm.set(staleAfterMs);
    });
}
