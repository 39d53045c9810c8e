import { type SchedulerAction, Subject, type Subscription, VirtualAction, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type ConditionReport, circuitBreaker } from '../../src/operators/circuit-breaker.ts';
import { detectStale } from '../../src/operators/detect-stale.ts';
import type { SourceEvent } from '../../src/operators/failover/failover-events.ts';
import { failover } from '../../src/operators/failover.ts';
import { repairGaps } from '../../src/operators/repair-gaps.ts';

/**
 * Real clocks have fractions of a millisecond, and sums of fractions are rounded: 0.7 + 0.1 - 0.7 is less than 0.1. An
 * operator that computes the due time in two ways could set its timer again forever.
 */
const START = 0.7;
const SPAN = 0.1;

class BoundedTime extends VirtualTimeScheduler {
  #left = 1000;

  constructor() {
    super(VirtualAction, 100);
  }

  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    if (--this.#left < 0) throw new Error('time stands still');
    return super.schedule(work, delay, state as T);
  }
}

/** Runs `begin` at START. Returns what it noted, with the times. */
function noted(begin: (scheduler: BoundedTime, note: (what: string) => void) => void): string[] {
  const scheduler = new BoundedTime();
  const lines: string[] = [];
  scheduler.schedule(() => begin(scheduler, (what) => lines.push(`${scheduler.now().toFixed(3)} ${what}`)), START);
  scheduler.flush();
  return lines;
}

describe('operators with fractional milliseconds', () => {
  it('detectStale emits stale once at a fractional due time', () => {
    const lines = noted((scheduler, note) => {
      new Subject<string>()
        .pipe(detectStale({ staleAfterMs: SPAN, isData: () => true, scheduler }))
        .subscribe((event) => note(typeof event === 'string' ? event : event.kind));
    });
    expect(lines).toEqual(['0.800 stale']);
  });

  it('failover switches once at a fractional due time', () => {
    const value: SourceEvent<string> = { kind: 'value', key: 'btc', at: 1, value: 'v' };
    const lines = noted((scheduler, note) => {
      const [a, b] = [new Subject<SourceEvent<string>>(), new Subject<SourceEvent<string>>()];
      const timing = { graceMs: SPAN, failBackAfterMs: SPAN, connectTimeoutMs: 10 };
      failover(
        [
          { id: 'a', events$: a },
          { id: 'b', events$: b },
        ],
        { ...timing, ringSpan: 10, scheduler },
      ).subscribe((event) => {
        if (event.kind === 'switched') note(`${event.from} > ${event.to}`);
      });
      for (const source of [a, b]) {
        source.next({ kind: 'connected' });
        source.next(value);
      }
      a.next({ kind: 'disconnected', blocked: false });
    });
    expect(lines).toEqual(['0.700 null > a', '0.800 a > b']);
  });

  it('circuitBreaker halts once at a fractional due time', () => {
    const lines = noted((scheduler, note) => {
      const reports$ = new Subject<ConditionReport<'feed'>>();
      reports$
        .pipe(circuitBreaker({ sources: { feed: { maxSilenceMs: SPAN } }, resumeAfterMs: SPAN, scheduler }))
        .subscribe(({ state, reason }) => note(`${state} ${reason}`));
      reports$.next({ source: 'feed', ok: true });
    });
    expect(lines).toEqual(['0.700 halted starting', '0.700 allowed ok', '0.800 halted feed: silence']);
  });

  it('repairGaps announces and gives up a gap once at fractional due times', () => {
    const lines = noted((scheduler, note) => {
      const ids$ = new Subject<number>();
      const fetch = () => new Subject<number[]>();
      ids$
        .pipe(repairGaps({ first: Number, timestamp: Number, fetch, graceMs: SPAN / 2, holdMs: SPAN, scheduler }))
        .subscribe((event) => note(event.kind));
      for (const id of [1, 3]) ids$.next(id);
    });
    expect(lines).toEqual(['0.700 value', '0.750 pending', '0.800 gap', '0.800 value']);
  });
});
