import { asyncScheduler, Observable, type SchedulerLike, take } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { type Alarm, createAlarm } from '../../src/operators/alarm.ts';
import { marbles } from '../../testing/marbles/marbles.ts';

/** Emits a value each time its alarm goes off; `arm` sets it at the subscription, `next` after each value. */
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

  it('goes off at the earliest of several times', () => {
    marbles(({ scheduler, expectObservable }) => {
      const earliest = ringing(scheduler, (alarm) => {
        for (const delayMs of [5, 3, 7]) alarm.by(scheduler.now() + delayMs);
      });
      expectObservable(earliest).toBe('---r------');
      const passed = ringing(scheduler, (alarm) => alarm.by(scheduler.now() - 1));
      expectObservable(passed).toBe('r');
    });
  });

  it('takes any time again once it went off or was cleared', () => {
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

  it('is silent once cleared', () => {
    marbles(({ scheduler, expectObservable }) => {
      const cleared = ringing(scheduler, (alarm) => {
        alarm.set(5);
        alarm.clear();
      });
      expectObservable(cleared).toBe('-');
    });
  });

  it('can be set again where it goes off', () => {
    marbles(({ scheduler, expectObservable }) => {
      const again = ringing(
        scheduler,
        (alarm) => alarm.set(2),
        (alarm) => alarm.set(3),
      );
      expectObservable(again, '-----------!').toBe('--r--r--r--');
    });
  });

  it('sets no timer for an end that has come', () => {
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

  it('waits longer than one timer can, in steps that it can', () => {
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

  it('turns what its work throws into the error of the result', () => {
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
