import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { listen } from './listen.ts';
import {
  type Cut,
  createTumblingWindows,
  type KeyInGroup,
  type TumblingWindowsOptions,
} from './window/tumbling-windows.ts';
import type { ClosedWindow } from './window/window-timeline.ts';

export type WindowControl =
  /** Closes windows before their time, at once and with `complete: false`. */
  | ({ readonly kind: 'cut' } & Cut)
  /** Keeps the windows of a key open until its `release`, as its values are known to be on their way. */
  | ({
      readonly kind: 'hold';
      /** For a key that begins: the windows of a length that end there or before have closed for it, and no other. */
      readonly closedEnd?: (windowMs: number) => number;
    } & KeyInGroup)
  | ({ readonly kind: 'release' } & KeyInGroup);

export interface WindowStatsOptions<T, A> extends TumblingWindowsOptions<T, A> {
  /** Cuts and holds windows. Its completion means nothing; its error is the result's. */
  readonly control$?: Observable<WindowControl>;
  /** Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Sums values up by key and by tumbling window of event time.
 *
 * <span class="informal">What happened each second, by the venue's own clock, told once, when it is certain that the
 * second is over.</span>
 *
 * ```
 * source   -a--b--c--d---|       timestamps: a 2, b 8, c 14, d 9
 *          windowStats({ windowMs: 10, allowedLatenessMs: 3, … })
 * result   -------w------|       w: [0, 10) with a and b: c's 14 is past 10 + 3; d is late
 * ```
 *
 * - **next**: each window that has a value, when it closes, by end; never twice. `complete` is false for those
 *   that a cut of `control$` closed.
 * - **error**: the source's or `control$`'s; whatever a callback throws.
 * - **complete**: when the source completes. Open windows are dropped: a window that is not over is not told as if it
 *   were. Who wants them sends a cut first.
 *
 * A window closes when the event time of its clock group (the highest timestamp seen there) reaches its end +
 * `allowedLatenessMs`. Where values stop coming, time stands in for them: after `allowedLatenessMs` + `idleAfterMs`
 * without any value of the group, event time is taken to have gone on with the scheduler's clock, and windows whose end
 * + `allowedLatenessMs` it has reached close. (So a quiet spell in the middle of a long window does not close it.) A
 * value for a window that has closed goes to `onLate` and nowhere else.
 *
 * Its memory is the open windows and a few numbers a key and clock group; a cut of a key forgets it. `clockOf` should
 * name a bounded number of groups.
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
  const { scheduler = asyncScheduler, control$ } = options;
  // No silence of a value that is yet to come can close a window sooner than this, so a look every so often is exact.
  const silenceMs = Math.max(options.allowedLatenessMs + options.idleAfterMs, 1);

  return (source) =>
    new Observable((subscriber) => {
      const windows = createTumblingWindows(options);
      const emit = (closed: readonly ClosedWindow<A>[]): void => {
        for (const window of closed) subscriber.next(window);
      };

      const alarm = createAlarm(subscriber, scheduler, () => {
        const now = scheduler.now();
        const closed = windows.idle(now);
        const next = windows.nextIdleAt();
        if (next !== undefined) alarm.by(Math.min(next, now + silenceMs));
        emit(closed);
      });
      if (control$ !== undefined) {
        listen(control$, subscriber, {
          next: (control) => {
            if (control.kind === 'hold') windows.hold(control, control.closedEnd);
            else emit(control.kind === 'cut' ? windows.cut(control) : windows.release(control));
            // What was held may be silent for long enough.
            if (control.kind === 'release') alarm.by(scheduler.now());
          },
          complete: () => {},
        });
      }
      listen(source, subscriber, {
        next(value) {
          const now = scheduler.now();
          const closed = windows.add(value, now);
          alarm.by(now + silenceMs);
          if (closed.length > 0) emit(closed);
        },
      });
    });
}
