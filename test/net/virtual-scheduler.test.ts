import { interval, NEVER, take, timeout, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';

function runAll(scheduler: VirtualScheduler, until = Number.POSITIVE_INFINITY): void {
  for (let next = scheduler.nextDueAt; next !== undefined && next <= until; next = scheduler.nextDueAt)
    scheduler.runNext();
}

describe('VirtualScheduler', () => {
  it('runs tasks in the order of their time, and tasks of the same time as scheduled', () => {
    const scheduler = new VirtualScheduler(1000);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name} ${scheduler.now()}`);
    scheduler.schedule(note('c'), 30);
    scheduler.schedule(note('a'), 10);
    scheduler.schedule(note('b'), 10);
    scheduler.schedule(note('now'));
    scheduler.schedule(note('never'), 20).unsubscribe();
    expect(scheduler.nextDueAt).toBe(1000);
    runAll(scheduler);
    expect(ran).toEqual(['now 1000', 'a 1010', 'b 1010', 'c 1030']);
    expect(scheduler.nextDueAt).toBeUndefined();
  });

  it.each([68_099.99999999999, 1_795_249_830_999.9998])(
    'moves time forward for a delay below the precision of the clock, at %d',
    (now) => {
      const moment = Math.ceil(now);
      const scheduler = new VirtualScheduler(now);
      let waits = 0;
      scheduler.schedule(function again() {
        if (scheduler.now() < moment && waits++ < 10) this.schedule(undefined, (moment - scheduler.now()) / 4);
      });
      runAll(scheduler);
      expect(scheduler.now() - moment).toBeLessThan(0.001);
      expect(waits).toBe(1);
    },
  );

  it('runs thousands of tasks in order, although most are cancelled', () => {
    const scheduler = new VirtualScheduler(0);
    const expected: number[] = [];
    const ran: number[] = [];
    for (let index = 0; index < 20_000; index++) {
      const delay = (index * 7919) % 97;
      const place = delay * 100_000 + index;
      const scheduled = scheduler.schedule(() => ran.push(place), delay);
      if (index % 3 === 0) expected.push(place);
      else scheduled.unsubscribe();
    }
    runAll(scheduler);
    expect(ran).toEqual(expected.sort((a, b) => a - b));
  });

  it('runs interval, timer and timeout of rxjs', () => {
    const scheduler = new VirtualScheduler(0);
    const seen: string[] = [];
    interval(250, scheduler)
      .pipe(take(3))
      .subscribe((count) => seen.push(`${count} at ${scheduler.now()}`));
    timer(600, scheduler).subscribe(() => seen.push(`timer at ${scheduler.now()}`));
    NEVER.pipe(timeout({ first: 700, scheduler })).subscribe({
      error: () => seen.push(`timeout at ${scheduler.now()}`),
    });
    runAll(scheduler);
    expect(seen).toEqual(['0 at 250', '1 at 500', 'timer at 600', 'timeout at 700', '2 at 750']);
  });

  it('never moves time backwards', () => {
    const scheduler = new VirtualScheduler(100);
    scheduler.moveTo(50);
    expect(scheduler.now()).toBe(100);
    scheduler.schedule(() => {}, -20);
    expect(scheduler.nextDueAt).toBe(100);
  });
});
