import { describe, expect, it } from 'vitest';
import { LagMeter } from '../../../src/client/reader/topic-lag.ts';

const now = (wall: number, monotonic = wall) => ({ wall, monotonic });

describe('LagMeter', () => {
  it('reports no lag at the end of all partitions, however old the last record is', () => {
    const meter = new LagMeter(now(0));
    meter.started([0, 1], now(1000));
    meter.reached(0, 1100);
    meter.answered(0, 0, now(90_000));
    meter.answered(1, 0, now(90_000));
    expect(meter.lag(now(90_100), [])).toEqual({ ms: 0, records: 0 });
  });

  it('measures lag from the last record read in a partition that has more records', () => {
    const meter = new LagMeter(now(0));
    meter.started([0, 1], now(1000));
    meter.answered(0, 70, now(5000));
    meter.answered(1, 0, now(5000));
    meter.reached(0, 2000);
    expect(meter.lag(now(5100), [])).toEqual({ ms: 3100, records: 70 });
  });

  it('measures lag from the first new record in a partition that was read to its end', () => {
    const meter = new LagMeter(now(0));
    meter.started([0], now(0));
    meter.reached(0, 10);
    meter.answered(0, 0, now(3_600_000));
    meter.answered(0, 9, now(3_600_100));
    expect(meter.lag(now(3_600_150), [])).toEqual({ ms: 50, records: 9 });
  });

  it('counts the records that wait for the slowest reading', () => {
    const meter = new LagMeter(now(0));
    meter.started([0], now(0));
    meter.answered(0, 0, now(1000));
    const waiting = [[{ appendedAt: 800 }, { appendedAt: 900 }], [{ appendedAt: 950 }]];
    expect(meter.lag(now(1000), waiting)).toEqual({ ms: 200, records: 2 });
  });

  it('counts the time without an answer of a broker, unaffected by steps of the wall clock', () => {
    const meter = new LagMeter(now(0));
    meter.started([0], now(0, 0));
    meter.answered(0, 0, now(1000, 1000));
    expect(meter.lag(now(1, 1900), [])).toEqual({ ms: 0, records: 0 });
    expect(meter.lag(now(1, 2500), [])).toEqual({ ms: 1500, records: 0 });
  });

  it('counts the time with unread records by the monotonic clock: a wall clock that is behind hides no lag', () => {
    const meter = new LagMeter(now(0));
    meter.started([0], now(0));
    for (let at = 250; at <= 5000; at += 250) {
      // The broker appended this record "in the future", because the consumer's clock is a minute behind.
      meter.reached(0, at + 10_000);
      meter.answered(0, 5000, now(at));
    }
    expect(meter.lag(now(5000), [])).toEqual({ ms: 4750, records: 5000 });
    meter.answered(0, 0, now(5250));
    expect(meter.lag(now(5250), [])).toEqual({ ms: 0, records: 0 });
    meter.answered(0, 1, now(5500));
    expect(meter.lag(now(5600), [])).toEqual({ ms: 100, records: 1 });
  });

  it('counts the time without an answer for each partition separately', () => {
    const meter = new LagMeter(now(0));
    meter.started([0, 1], now(0));
    for (let at = 250; at <= 5000; at += 250) meter.answered(0, 0, now(at));
    expect(meter.lag(now(5000), [])).toEqual({ ms: 5000, records: 0 });
    meter.started([0, 1, 2], now(5000));
    expect(meter.lag(now(5000), []).ms).toBe(5000);
    meter.answered(1, 0, now(5000));
    expect(meter.lag(now(5900), []).ms).toBe(0);
  });

  it('counts the time until reading starts, at first and after a rebalance', () => {
    const meter = new LagMeter(now(1000));
    expect(meter.lag(now(1900), []).ms).toBe(0);
    expect(meter.lag(now(4000), []).ms).toBe(3000);
    meter.started([0], now(4000));
    expect(meter.lag(now(4900), []).ms).toBe(0);
    for (const at of [5000, 6000]) meter.keepOnly(new Set(), now(at));
    expect(meter.lag(now(8000), []).ms).toBe(3000);
  });

  it('reports no lag for a group member without a partition', () => {
    const meter = new LagMeter(now(0));
    meter.started([0], now(0));
    meter.answered(0, 9, now(0));
    meter.keepOnly(new Set(), now(1000));
    meter.started([], now(1100));
    expect(meter.lag(now(60_000), [])).toEqual({ ms: 0, records: 0 });
  });
});
