import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { OBSERVABLE, type OptionRules, requireOptions, SCHEDULER } from './check-option.ts';
import { listen } from './listen.ts';
import {
  type Cut,
  type KeyInGroup,
  type TumblingWindowsOptions,
  tumblingWindows,
  WINDOW_RULES,
} from './window/tumbling-windows.ts';
import type { ClosedWindow } from './window/window-timeline.ts';

/** Commands of `control$` that cut and hold windows of `windowStats`. */
export type WindowControl =
  /** Closes windows at once, with `complete: false`. */
  | ({ readonly kind: 'cut' } & Cut)
  /** Keeps the windows of a key open until its `release`, because its values are known to be on their way. */
  | ({
      readonly kind: 'hold';
      /** For a new key: windows of length `windowMs` that end at or before the returned time count as closed. */
      readonly closedEnd?: (windowMs: number) => number;
    } & KeyInGroup)
  /** Ends a hold; windows that became due meanwhile are closed. */
  | ({ readonly kind: 'release' } & KeyInGroup);

/** Options of `windowStats`. */
export interface WindowStatsOptions<T, A> extends TumblingWindowsOptions<T, A> {
  /** Cuts and holds windows. Its completion has no effect; its error ends the result. */
  readonly control$?: Observable<WindowControl>;
  /** The source of time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

const RULES: OptionRules<WindowStatsOptions<unknown, unknown>> = {
  ...WINDOW_RULES,
  control$: OBSERVABLE,
  scheduler: SCHEDULER,
};

/**
 * Aggregates values by key in tumbling windows of event time.
 *
 * <span class="informal">Each window of the venue's time is emitted once, when it is certainly over.</span>
 *
 * ```
 * source   -a--b--c--d---|       timestamps: a 2, b 8, c 14, d 9
 *          windowStats({ windowMs: 10, allowedLatenessMs: 3, … })
 * result   -------w------|       w: [0, 10) with a and b: c's 14 is past 10 + 3; d is late
 * ```
 *
 * - **next**: each window with at least one value, once, when it closes, ordered by end. `complete` is false if a cut
 *   of `control$` closed it.
 * - **error**: the error of the source or of `control$`; what a callback throws.
 * - **complete**: when the source completes. Open windows are dropped, because they are not over. To get them, send a
 *   `cut` before.
 *
 * A window closes when the event time of its clock group reaches the window's end + `allowedLatenessMs`. A clock group
 * is all keys with the same `clockOf`; its event time is their highest timestamp. If a group has no value for
 * `allowedLatenessMs` + `idleAfterMs`, its event time continues with the scheduler's clock and closes its windows. A
 * pause in the middle of a long window does not close it. A value for a closed window goes to `onLate` only.
 *
 * The operator remembers the open windows, and a few numbers for each key and clock group. A `cut` of a key removes its
 * numbers. Clock groups are never removed, so their number should be small.
 *
 * @example
 * import { from } from 'rxjs';
 * import { windowStats } from 'market-feed/operators';
 *
 * const trades = [
 *   { symbol: 'BTCUSDT', timestamp: 100 },
 *   { symbol: 'BTCUSDT', timestamp: 900 },
 *   { symbol: 'BTCUSDT', timestamp: 1500 },
 * ];
 * from(trades)
 *   .pipe(
 *     windowStats({
 *       windowMs: 1000,
 *       allowedLatenessMs: 0,
 *       idleAfterMs: 5000,
 *       timestampOf: (trade) => trade.timestamp,
 *       keyOf: (trade) => trade.symbol,
 *       create: () => 0,
 *       add: (count) => count + 1,
 *     }),
 *   )
 *   .subscribe(({ key, windowStart, accumulator }) => console.log(key, windowStart, accumulator));
 * // BTCUSDT 0 2
 */
export function windowStats<T, A>(options: WindowStatsOptions<T, A>): OperatorFunction<T, ClosedWindow<A>> {
  requireOptions('windowStats', options, RULES);
  const { scheduler = asyncScheduler, control$ } = options;
  // A pause shorter than this closes no window, so a check at this interval is exact.
  const idleMs = Math.max(options.allowedLatenessMs + options.idleAfterMs, 1);

  return (source) =>
    new Observable((subscriber) => {
      const windows = tumblingWindows(options);
      const emit = (closed: readonly ClosedWindow<A>[]): void => {
        for (const window of closed) subscriber.next(window);
      };

      const alarm = createAlarm(subscriber, scheduler, () => {
        const now = scheduler.now();
        const closed = windows.idle(now);
        const next = windows.nextIdleAt();
        if (next !== undefined) alarm.by(Math.min(next, now + idleMs));
        emit(closed);
      });
      if (control$ !== undefined) {
        listen(control$, subscriber, {
          next: (control) => {
            if (control.kind === 'hold') windows.hold(control, control.closedEnd);
            else emit(control.kind === 'cut' ? windows.cut(control) : windows.release(control));
            // After a hold, the key's windows may already be due by the clock.
            if (control.kind === 'release') alarm.by(scheduler.now());
          },
          complete: () => {},
        });
      }
      listen(source, subscriber, {
        next(value) {
          const now = scheduler.now();
          const closed = windows.add(value, now);
          alarm.by(now + idleMs);
          if (closed.length > 0) emit(closed);
        },
      });
    });
}
