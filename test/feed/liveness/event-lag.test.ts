import { describe, expect, it } from 'vitest';
import type { ClockEstimate } from '../../../src/domain/status-snapshot.ts';
import { EventLag, type EventLagOptions } from '../../../src/feed/liveness/event-lag.ts';

type Report = Parameters<EventLagOptions['report']>[0];

/** An `EventLag` of four lines. Lines 1 and 2 carry the same symbols, and so do 3 and 4. */
class Lagging {
  clock: ClockEstimate | null = { offsetMs: 0, uncertaintyMs: 5 };
  isFresherElsewhere = true;
  now = 0;
  /** The fraction of each second in which the thread computes. */
  busyShare = 0.1;
  #busyMs = 0;
  readonly replaced: number[] = [];
  readonly judged: (boolean | undefined)[] = [];
  readonly reports: Report[] = [];
  readonly lag = new EventLag({
    venue: 'bybit',
    maxEventLagMs: 2000,
    againAfterMs: 30_000,
    clock: () => this.clock,
    busyMs: () => this.#busyMs,
    groupOf: (line) => (line + 1) >> 1,
    judged: (isLate) => this.judged.push(isLate),
    isFresherElsewhere: () => this.isFresherElsewhere,
    replace: (line) => this.replaced.push(line),
    report: (event) => this.reports.push(event),
  });

  /** Passes this many seconds, in each of which the lines have these least lags, in milliseconds. */
  seconds(count: number, lags: Readonly<Record<number, number>>): this {
    const symbol = 'BTCUSDT';
    for (let second = 0; second < count; second++) {
      this.now += 1000;
      this.#busyMs += 1000 * this.busyShare;
      const measured = Object.entries(lags).map(([line, lagMs]) => ({ symbol, line: Number(line), lagMs }));
      this.lag.sweep(measured, this.now);
    }
    return this;
  }

  /** What was reported, in short. */
  get said(): readonly string[] {
    return this.reports.map((event) => {
      if (event.kind !== 'status') return event.kind;
      const { state, line = 'all', cause = '', details } = event.note;
      return [state, line, cause ?? '', details?.place ?? details?.step ?? ''].join(' ').trim();
    });
  }
}

describe('EventLag', () => {
  it('reports nothing while data is in time, and gives the least lag of the last second', () => {
    const lagging = new Lagging().seconds(1, { 1: 40, 2: 35 }).seconds(1, { 1: 30, 2: 1990 });
    expect(lagging.said).toEqual([]);
    expect(lagging.lag.venueMs(lagging.now)).toBe(30);
    expect(lagging.lag.linesMs(lagging.now)).toEqual([
      { line: 1, eventLagMs: 30 },
      { line: 2, eventLagMs: 1990 },
    ]);
    expect(lagging.lag.symbolMs('BTCUSDT', lagging.now)).toBe(30);
    expect(lagging.judged).toEqual([false, false]);
  });

  it('adds the clock offset: a venue whose clock is ahead seems to be faster than it is', () => {
    const lagging = new Lagging();
    lagging.clock = { offsetMs: 1500, uncertaintyMs: 5 };
    lagging.seconds(2, { 1: 600, 2: 600 });
    expect(lagging.lag.venueMs(lagging.now)).toBe(2100);
    expect(lagging.said).toEqual(['feed_stale all late venue', 'stale']);
  });

  it('replaces a late line if another line of its group is in time, and again only after a pause', () => {
    const lagging = new Lagging().seconds(1, { 1: 3000, 2: 20 });
    expect(lagging.said).toEqual([]);
    lagging.seconds(20, { 1: 3000, 2: 20 });
    expect(lagging.said).toEqual(['feed_stale 1 late connection_replaced']);
    expect(lagging.replaced).toEqual([1]);
    lagging.seconds(20, { 1: 9000, 2: 20 });
    expect(lagging.replaced).toEqual([1, 1]);
    lagging.seconds(1, { 1: 20, 2: 20 });
    expect(lagging.said.at(-1)).toBe('feed_recovered 1');
    expect(lagging.lag.isLate).toBe(false);
  });

  it('finds the venue late if no line of a group is in time, and replaces none', () => {
    const lagging = new Lagging().seconds(3, { 1: 3000, 2: 3000, 3: 10, 4: 10 });
    expect(lagging.said).toEqual(['feed_stale all late venue', 'stale']);
    expect(lagging.lag.isLate).toBe(true);
    expect(lagging.replaced).toEqual([]);
    expect(lagging.judged).toEqual([false, true, true]);
    lagging.seconds(1, { 1: 10, 2: 10, 3: 10, 4: 10 });
    expect(lagging.said.slice(2)).toEqual(['feed_recovered all', 'recovered']);
  });

  it('stays with a late venue if no other venue is in time, and reports this process as the place', () => {
    const lagging = new Lagging();
    lagging.isFresherElsewhere = false;
    lagging.seconds(5, { 1: 3000, 2: 3000 });
    expect(lagging.said).toEqual(['feed_stale all late process']);
    expect(lagging.replaced).toEqual([]);
    lagging.isFresherElsewhere = true;
    lagging.seconds(1, { 1: 3000, 2: 3000 });
    expect(lagging.said.slice(1)).toEqual(['feed_stale all late venue', 'stale']);
  });

  it('does not count as in time for other venues after a single late second, but reports nothing yet', () => {
    const lagging = new Lagging().seconds(1, { 1: 3000, 2: 3000 });
    expect(lagging.judged).toEqual([true]);
    expect(lagging.said).toEqual([]);
  });

  it('takes this process for the place while its thread is busy, and replaces no line then', () => {
    const lagging = new Lagging().seconds(1, { 1: 10, 2: 10 });
    lagging.busyShare = 0.9;
    lagging.seconds(2, { 1: 3000, 2: 3000 });
    expect(lagging.said).toEqual(['feed_stale all late process']);
    lagging.busyShare = 0.7;
    lagging.seconds(1, { 1: 3000, 2: 3000 });
    expect(lagging.said.slice(1)).toEqual(['feed_stale all late venue', 'stale']);
    const one = new Lagging().seconds(1, { 1: 10, 2: 10 });
    one.busyShare = 0.9;
    expect(one.seconds(5, { 1: 3000, 2: 10 }).replaced).toEqual([]);
  });

  it('ignores lines without data for ten seconds', () => {
    const lagging = new Lagging().seconds(1, { 1: 10, 2: 10 }).seconds(9, { 1: 3000 });
    expect(lagging.said).toEqual(['feed_stale 1 late connection_replaced']);
    lagging.seconds(2, { 1: 3000 });
    expect(lagging.said.slice(1)).toEqual(['feed_stale all late venue', 'stale']);
  });

  it('judges nothing without a measured clock, and shows no lag', () => {
    const lagging = new Lagging();
    lagging.clock = null;
    lagging.seconds(3, { 1: 9000, 2: 9000 });
    expect(lagging.said).toEqual([]);
    expect(lagging.judged).toEqual([undefined, undefined, undefined]);
    expect(lagging.lag.venueMs(lagging.now)).toBeNull();
  });

  it('does not exceed the limit within the uncertainty of the clock', () => {
    const lagging = new Lagging();
    lagging.clock = { offsetMs: 0, uncertaintyMs: 800 };
    expect(lagging.seconds(3, { 1: 2700, 2: 2700 }).said).toEqual([]);
    expect(lagging.seconds(2, { 1: 2900, 2: 2900 }).said).toEqual(['feed_stale all late venue', 'stale']);
  });

  it('finds a venue late anew after a time without data', () => {
    const lagging = new Lagging().seconds(2, { 1: 3000, 2: 3000 });
    lagging.lag.restart();
    expect(lagging.said).toEqual(['feed_stale all late venue', 'stale', 'recovered']);
    expect(lagging.lag.isLate).toBe(false);
    lagging.seconds(2, { 1: 3000, 2: 3000 });
    expect(lagging.said.slice(3)).toEqual(['feed_stale all late venue', 'stale']);
  });
});
