import {
  asyncScheduler,
  type MonoTypeOperatorFunction,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import { createAlarm } from './alarm.ts';
import { FUNCTION, isOneOf, MS, type OptionRules, required, requireOptions, SCHEDULER } from './check-option.ts';
import { listen } from './listen.ts';

/** Options of `requireFresh`. */
export interface RequireFreshOptions<T> {
  /** Age from which a value is too old, milliseconds. */
  readonly maxAgeMs: number;
  /**
   * What happens if data is too old: `error` ends the result with a `StaleDataError`; `halt` emits `halted` and
   * `resumed`.
   */
  readonly onStale: 'error' | 'halt';
  /** When the value was made, milliseconds by `clock`. Default: when it arrives. */
  receivedAt?(value: T): number;
  /** The clock of `receivedAt`, milliseconds. Default: the scheduler's. */
  clock?(): number;
  /**
   * The source of time. Default `asyncScheduler`. If the wall clock may be set, pass a scheduler with a monotonic
   * clock.
   */
  readonly scheduler?: SchedulerLike;
}

const RULES: OptionRules<RequireFreshOptions<unknown>> = {
  maxAgeMs: required(MS),
  onStale: required([isOneOf(['error', 'halt']), 'error, halt']),
  receivedAt: FUNCTION,
  clock: FUNCTION,
  scheduler: SCHEDULER,
};

/** Events that `requireFresh` emits with `onStale: 'halt'`. */
export type Fresh<T> =
  | { readonly kind: 'value'; readonly value: T }
  /** The last value is `ageMs` old; before the first value, this counts from the subscription. */
  | { readonly kind: 'halted'; readonly ageMs: number }
  /**
   * The next value is fresh again, `haltedForMs` after `halted`. `leftOut`: number of values that were too old and
   * dropped meanwhile.
   */
  | { readonly kind: 'resumed'; readonly haltedForMs: number; readonly leftOut: number };

/** Error of `requireFresh`: the last value is too old. */
export class StaleDataError extends Error {
  override readonly name = 'StaleDataError';
  /** Age of the last value, milliseconds; before the first value, the time since the subscription. */
  readonly ageMs: number;

  constructor(ageMs: number) {
    super(`the last value is ${ageMs} ms old`);
    this.ageMs = ageMs;
  }
}

/**
 * Mirrors the source while its data is fresh, and turns old data into an error or a `halted` event.
 *
 * <span class="informal">A price that was true a while ago is not a price to trade on.</span>
 *
 * ```
 * source   -a-b-------c---o-d---      o: made 6 ms before it comes
 *          requireFresh({ maxAgeMs: 5, onStale: 'halt', receivedAt: (value) => madeAt[value] })
 * result   -a-b----h--(rc)i-(sd)      h, i: halted; r, s: resumed
 * ```
 *
 * - **next**: with `onStale: 'error'`, each value. With `'halt'`, each value as `{ kind: 'value', value }`, `halted` as
 *   soon as the last value is `maxAgeMs` old, and `resumed` right before the next fresh value. A value that is too old
 *   on arrival is dropped, and also leads to `halted`.
 * - **error**: the source's error; a `StaleDataError` with `onStale: 'error'`; what `receivedAt` or `clock` throws.
 * - **complete**: when the source completes.
 *
 * Before the first value, the age counts from the subscription. `clock` measures a value's age on arrival; the
 * scheduler measures how it ages from then on. A value costs one reading of each clock. It sets a timer only if no
 * timer runs, or if the running timer would fire too late.
 *
 * @example
 * import { concat, delay, of } from 'rxjs';
 * import { requireFresh } from 'market-feed/operators';
 *
 * concat(of('61837.63'), of('61838.01').pipe(delay(120)))
 *   .pipe(requireFresh({ maxAgeMs: 50, onStale: 'halt' }))
 *   .subscribe((event) => console.log(event.kind === 'value' ? event.value : event.kind));
 * // 61837.63
 * // halted
 * // resumed
 * // 61838.01
 */
export function requireFresh<T>(
  options: RequireFreshOptions<T> & { readonly onStale: 'error' },
): MonoTypeOperatorFunction<T>;
export function requireFresh<T>(
  options: RequireFreshOptions<T> & { readonly onStale: 'halt' },
): OperatorFunction<T, Fresh<T>>;
export function requireFresh<T>(options: RequireFreshOptions<T>): OperatorFunction<T, T | Fresh<T>> {
  requireOptions('requireFresh', options, RULES);
  const { maxAgeMs, onStale, scheduler = asyncScheduler } = options;
  const ageOf = (value: T): number => {
    if (options.receivedAt === undefined) return 0;
    const now = options.clock === undefined ? scheduler.now() : options.clock();
    return Math.max(0, now - options.receivedAt(value));
  };

  return (source) =>
    new Observable((subscriber) => {
      let freshUntil = scheduler.now() + maxAgeMs;
      let halted: { readonly at: number; leftOut: number } | undefined;

      const halt = (now: number, ageMs: number): void => {
        halted = { at: now, leftOut: 0 };
        if (onStale === 'error') subscriber.error(new StaleDataError(ageMs));
        else subscriber.next({ kind: 'halted', ageMs });
      };

      // When the alarm fires, the age of the data is computed anew. So the alarm need not be set again with each value.
      const alarm = createAlarm(subscriber, scheduler, () => {
        const now = scheduler.now();
        if (now < freshUntil) alarm.by(freshUntil);
        else halt(now, now - (freshUntil - maxAgeMs));
      });

      listen(source, subscriber, {
        next(value) {
          const now = scheduler.now();
          const ageMs = ageOf(value);
          // Negated, so that an age of NaN counts as too old.
          if (!(ageMs < maxAgeMs)) {
            if (halted === undefined) {
              alarm.clear();
              halt(now, ageMs);
            }
            if (halted !== undefined) halted.leftOut++;
            return;
          }
          freshUntil = now + maxAgeMs - ageMs;
          alarm.by(freshUntil);
          if (halted !== undefined) {
            const { at, leftOut } = halted;
            halted = undefined;
            subscriber.next({ kind: 'resumed', haltedForMs: now - at, leftOut });
          }
          subscriber.next(onStale === 'error' ? value : { kind: 'value', value });
        },
      });
      // Set after the source is subscribed: if a value and the alarm are due in the same millisecond, the value comes
      // first.
      if (halted === undefined) alarm.by(freshUntil);
    });
}
