import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { FUNCTION, MS, OBSERVABLE, type OptionRules, required, requireOptions, SCHEDULER } from './check-option.ts';
import { listen } from './listen.ts';

interface ConflateByKey<T> {
  /** Groups values: only the newest of each key waits. */
  key(value: T): unknown;
  /** Called for each value that a newer one replaces. */
  onReplace?(replaced: T, by: T): void;
}

/** Options of `conflate` that release the waiting values when `release$` emits. */
export interface ConflateUntil<T> extends ConflateByKey<T> {
  /**
   * Each of its values releases the waiting values. After it completes, they wait for the source's completion. Its
   * error ends the result.
   */
  readonly release$: Observable<unknown>;
}

/** Options of `conflate` that release the waiting values at an interval. */
export interface ConflateEvery<T> extends ConflateByKey<T> {
  /** Time from the first waiting value to the release, milliseconds. */
  readonly everyMs: number;
  /** The source of time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/** Options of `conflate`: a release when `release$` emits, or at an interval. */
export type ConflateOptions<T> = ConflateUntil<T> | ConflateEvery<T>;

const RULES: OptionRules<ConflateUntil<unknown> & ConflateEvery<unknown>> = {
  key: required(FUNCTION),
  release$: OBSERVABLE,
  everyMs: MS,
  onReplace: FUNCTION,
  scheduler: SCHEDULER,
};

/**
 * Collects values and emits only the newest value of each key, when `release$` emits or at an interval.
 *
 * <span class="informal">A slow consumer gets the latest price of every symbol, as often as it can take one.</span>
 *
 * ```
 * source   -a-b-A----c----b-|     A: newer, of a's key
 * release$ -------x-x----x---
 *          conflate({ key: (value) => value.toLowerCase(), release$ })
 * result   -------r------s--(t|)  r: [A, b], s: [c], t: [b]
 * ```
 *
 * - **next**: an array of the waiting values, one for each key, in the order in which the keys began to wait. The array
 *   is never empty.
 * - **error**: the error of the source or of `release$`, or what a callback throws. It comes at once, and the waiting
 *   values are dropped.
 * - **complete**: when the source completes, after a last array of the waiting values.
 *
 * The operator remembers one value for each waiting key. No timer runs while no value waits. After `release$` has
 * completed, the waiting values come when the source completes.
 *
 * @example
 * import { from } from 'rxjs';
 * import { conflate } from 'market-feed/operators';
 *
 * const ticks = [
 *   { symbol: 'BTCUSDT', price: '1' },
 *   { symbol: 'ETHUSDT', price: '2' },
 *   { symbol: 'BTCUSDT', price: '3' },
 * ];
 * from(ticks)
 *   .pipe(conflate({ key: (tick) => tick.symbol, everyMs: 100 }))
 *   .subscribe((latest) => console.log(latest.map(({ symbol, price }) => `${symbol} ${price}`)));
 * // [ 'BTCUSDT 3', 'ETHUSDT 2' ]
 */
export function conflate<T>(options: ConflateOptions<T>): OperatorFunction<T, T[]> {
  requireOptions('conflate', options, RULES);
  const { release$, everyMs, scheduler = asyncScheduler }: Partial<ConflateUntil<T> & ConflateEvery<T>> = options;
  if ((release$ === undefined) === (everyMs === undefined)) {
    const found = everyMs === undefined ? 'neither' : 'both';
    throw new TypeError(`conflate: either release$ or everyMs is needed, found ${found}`);
  }

  return (source) =>
    new Observable((subscriber) => {
      let waiting = new Map<unknown, { value: T }>();

      const release = (): void => {
        if (waiting.size === 0) return;
        const released = waiting;
        waiting = new Map();
        subscriber.next(Array.from(released.values(), ({ value }) => value));
      };

      const pace = createAlarm(subscriber, scheduler, release);
      if (release$ !== undefined) listen(release$, subscriber, { next: release, complete: () => {} });

      listen(source, subscriber, {
        next(value) {
          const key = options.key(value);
          const known = waiting.get(key);
          if (known !== undefined) {
            options.onReplace?.(known.value, value);
            known.value = value;
            return;
          }
          if (waiting.size === 0 && everyMs !== undefined) pace.set(everyMs);
          waiting.set(key, { value });
        },
        complete() {
          release();
          subscriber.complete();
        },
      });
    });
}
