import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOUNDS_MS, LatencyHistogram } from '../../src/telemetry/latency-histogram.ts';

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.observe(value);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('returns no summary without values', () => expect(new LatencyHistogram().summary()).toBeNull());

  it('estimates p50, p99 and p99.9 of 1000 values within 3.2 %', () => {
    const histogram = histogramOf(Array.from({ length: 1000 }, (_, index) => index + 1));
    const { count, p50, p99, p999, max } = histogram.summary() as NonNullable<ReturnType<typeof histogram.summary>>;
    expect([count, max]).toEqual([1000, 1000]);
    for (const [estimate, exact] of [
      [p50, 500],
      [p99, 990],
      [p999, 999],
    ] as const)
      expect(Math.abs(estimate - exact) / exact).toBeLessThan(0.032);
  });

  it('keeps negative latencies, which show that a clock is slow', () => {
    expect(histogramOf([-1280, -1050, -1100]).summary()).toMatchObject({ count: 3, max: -1050 });
    expect(histogramOf([-1280, -1050, -1100]).summary()?.p50).toBeCloseTo(-1100, -2);
    expect(histogramOf([-5, -5, 20]).summary()?.p50).toBeCloseTo(-5, 0);
  });

  it('counts latencies out of range in the outermost bucket, and returns the longest exactly', () => {
    expect(histogramOf([1, 3_600_000]).summary()).toMatchObject({ max: 3_600_000 });
    // More microseconds than fit into 32 bits.
    expect(histogramOf([4_294_968]).summary()?.p50).toBeGreaterThan(130_000);
    expect(histogramOf([-3_600_000]).summary()?.count).toBe(1);
    expect(histogramOf([-3_600_000, -3_600_000, -1]).summary()?.p50).toBeLessThan(-130_000);
  });

  it('estimates percentiles within 3.2 % or a microsecond for any values', () => {
    const milliseconds = fc.double({ min: -100_000, max: 100_000, noNaN: true });
    const share = fc.constantFrom(['p50', 0.5] as const, ['p99', 0.99] as const, ['p999', 0.999] as const);
    fc.assert(
      fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 200 }), share, (values, [name, part]) => {
        const figures = histogramOf(values).summary();
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1] as number;
        expect(Math.abs((figures?.[name] ?? Number.NaN) - exact)).toBeLessThanOrEqual(0.032 * Math.abs(exact) + 0.0011);
        expect(figures?.[name]).toBeLessThanOrEqual((figures?.max ?? Number.NaN) + 1e-9);
      }),
    );
  });

  it('gives recent latencies for the last 30 to 60 s, and all others since the start', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.recent(0)).toBeNull();
    histogram.observe(1000);
    expect(histogram.recent(29_000)).toMatchObject({ count: 1, max: 1000 });
    expect(histogram.recent(30_000)).toMatchObject({ count: 1, max: 1000 });
    histogram.observe(10);
    expect(histogram.recent(59_000)).toMatchObject({ count: 2, max: 1000 });
    expect(histogram.recent(60_000)).toMatchObject({ count: 1, max: 10 });
    expect(histogram.recent(90_000)).toBeNull();
    expect(histogram.summary()).toMatchObject({ count: 2, max: 1000 });
    expect(histogram.distribution().count).toBe(2);
  });

  it('has a sum that never falls, because a scraper reads a fall as a restart', () => {
    const histogram = histogramOf([20]);
    histogram.observe(-5);
    expect(histogram.distribution()).toMatchObject({ count: 2, sumMs: 20 });
    expect(histogram.distribution().within[0]).toBe(1);
  });

  it('counts exactly how many values are within each bound', () => {
    const edges = fc.constantFrom(...BOUNDS_MS, ...BOUNDS_MS.map((bound) => bound + 0.0001));
    const milliseconds = fc.oneof(edges, fc.double({ min: -1000, max: 100_000, noNaN: true }));
    fc.assert(
      fc.property(fc.array(milliseconds), (values) => {
        const { boundsMs, within, count, sumMs } = histogramOf(values).distribution();
        expect(within).toEqual(boundsMs.map((bound) => values.filter((value) => value <= bound).length));
        expect(count).toBe(values.length);
        expect(sumMs).toBeCloseTo(
          values.reduce((sum, value) => sum + Math.max(0, value), 0),
          3,
        );
      }),
    );
  });
});
