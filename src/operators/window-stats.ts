import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { createAlarm } from './alarm.ts';
import { listen } from './listen.ts';
import { type Cut, createTumblingWindows, type TumblingWindowsOptions } from './window/tumbling-windows.ts';
import type { ClosedWindow } from './window/window-timeline.ts';

export interface WindowStatsOptions<T, A> extends TumblingWindowsOptions<T, A> {
  /** Closes windows before their time, at once and marked as incomplete. Its completion means nothing; its error is the result's. */
  readonly cut$?: Observable<Cut>;
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
 * - **next**: each window that has a value, when it closes, by end; never twice. `complete` is false for those that
 *   `cut$` closed.
 * - **error**: the source's or `cut$`'s; whatever a callback throws.
 * - **complete**: when the source completes. Open windows are dropped: a window that is not over is not told as if it
 *   were. Who wants them sends a cut first.
 *
 * A window closes when the event time of its clock group (the highest timestamp seen there) reaches its end +
 * `allowedLatenessMs`. Where values stop coming, time stands in for them: after `allowedLatenessMs` + `idleAfterMs`
 * without any value of the group, event time is taken to have gone on with the scheduler's clock, and windows whose end
 * + `allowedLatenessMs` it has reached close. (So a quiet spell in the middle of a long window does not close it.) A
 * value for a window that has closed goes to `onLate` and nowhere else.
 *
 * Its memory is the open windows and a few numbers a clock group, of which `clockOf` should name a bounded number.
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
  const { scheduler = asyncScheduler, cut$ } = options;
  // No silence of a value that is yet to come can close a window sooner than this, so a look every so often is exact.
  const silenceMs = Math.max(options.allowedLatenessMs + options.idleAfterMs, 1);

  return (source) =>
    new Observable((subscriber) => {
      const windows = createTumblingWindows(options);
      let armed = false;
      const arm = (delayMs: number): void => {
        armed = true;
        alarm.set(delayMs);
      };
      const tell = (closed: readonly ClosedWindow<A>[]): void => {
        for (const window of closed) subscriber.next(window);
      };

      const alarm = createAlarm(subscriber, scheduler, () => {
        armed = false;
        const now = scheduler.now();
        const closed = windows.idle(now);
        const next = windows.nextIdleAt();
        if (next !== undefined) arm(Math.min(next - now, silenceMs));
        tell(closed);
      });
      if (cut$ !== undefined) {
        listen(cut$, subscriber, { next: (which) => tell(windows.cut(which)), complete: () => {} });
      }
      listen(source, subscriber, {
        next(value) {
          const closed = windows.add(value, scheduler.now());
          if (!armed) arm(silenceMs);
          if (closed.length > 0) tell(closed);
        },
      });
    });
}
