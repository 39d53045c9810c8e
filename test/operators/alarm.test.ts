import { asyncScheduler, Observable, type SchedulerLike, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type Alarm, createAlarm } from '../../src/operators/alarm.ts';
import { marbles } from '../../testing/marbles/marbles.ts';

/** Emits a value each time its alarm fires. `arm` sets the alarm at subscription, `next` after each value. */
function ringing(scheduler: SchedulerLike, arm: (alarm: Alarm) => void, next?: (alarm: Alarm) => void) {
  return new Observable<string>((subscriber) => {
    const alarm = createAlarm(subscriber, scheduler, () => {
      subscriber.next('r');
      next?.(alarm);
    });
    arm(alarm);
  });
}

describe('createAlarm', () => {
  it('goes off once, at the last time that was set', () => {
    marbles(({ scheduler, expectObservable }) => {
      const expected = '---r------';
      const twice = ringing(scheduler, (alarm) => {
        alarm.set(5);
        alarm.set(3);
      });
      expectObservable(twice).toBe(expected);
    });
  });

  it('goes off at the earliest time that was passed to by()', () => {
    marbles(({ scheduler, expectObservable }) => {
      const earliest = ringing(scheduler, (alarm) => {
        for (const delayMs of [5, 3, 7]) alarm.by(scheduler.now() + delayMs);
      });
      expectObservable(earliest).toBe('---r------');
      const passed = ringing(scheduler, (alarm) => alarm.by(scheduler.now() - 1));
      expectObservable(passed).toBe('r');
    });
  });

  it('accepts a later time again after it went off or was cleared', () => {
    marbles(({ scheduler, expectObservable }) => {
      const again = ringing(
        scheduler,
        (alarm) => {
          alarm.by(scheduler.now() + 1);
          alarm.clear();
          alarm.by(scheduler.now() + 2);
        },
        (alarm) => alarm.by(scheduler.now() + 3),
      );
      expectObservable(again, '---------!').toBe('--r--r--r-');
    });
  });

  it('does not go off after it was cleared', () => {
    marbles(({ scheduler, expectObservable }) => {
      const cleared = ringing(scheduler, (alarm) => {
        alarm.set(5);
        alarm.clear();
      });
      expectObservable(cleared).toBe('-');
    });
  });

  it('can be set again in its callback', () => {
    marbles(({ scheduler, expectObservable }) => {
      const again = ringing(
        scheduler,
        (alarm) => alarm.set(2),
        (alarm) => alarm.set(3),
      );
      expectObservable(again, '-----------!').toBe('--r--r--r--');
    });
  });

  it('schedules no timer after the result has ended', () => {
    let timers = 0;
    marbles(({ scheduler, expectObservable }) => {
      const schedule = vi.fn(asyncScheduler.schedule.bind(scheduler));
      const counted: SchedulerLike = { now: () => scheduler.now(), schedule };
      const again = ringing(
        counted,
        (alarm) => alarm.set(2),
        (alarm) => {
          if (schedule.mock.calls.length < 3) alarm.set(3);
          timers = schedule.mock.calls.length;
        },
      );
      expectObservable(again.pipe(take(1))).toBe('--(r|)');
    });
    expect(timers).toBe(1);
  });

  it('splits a delay that exceeds the longest timer into several timers', () => {
    const day = 24 * 3_600_000;
    const delays: (number | undefined)[] = [];
    marbles(({ scheduler, expectObservable }) => {
      const bound = scheduler.schedule.bind(scheduler);
      const recording: SchedulerLike = {
        now: () => scheduler.now(),
        schedule: vi.fn((work: () => void, delay?: number) => {
          delays.push(delay);
          return bound(work, delay);
        }),
      };
      const month = ringing(recording, (alarm) => alarm.set(30 * day));
      const expected = `${30 * day}ms r`;
      expectObservable(month).toBe(expected);
    });
    expect(delays).toEqual([2 ** 31 - 1, 30 * day - (2 ** 31 - 1)]);
  });

  it('ends the result with the error that its callback throws', () => {
    marbles(({ scheduler, expectObservable }) => {
      const throwing = new Observable<string>((subscriber) => {
        const alarm = createAlarm(subscriber, scheduler, () => {
          throw 'work';
        });
        alarm.set(2);
      });
      expectObservable(throwing).toBe('--#', undefined, 'work');
    });
  });
});
