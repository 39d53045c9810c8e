import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KLINE_INTERVALS } from '../../../src/domain/instrument.ts';
import { addIntervals, isMadeOf, nextOpenTime, openTimeOf } from '../../../src/market/candles/kline-interval.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);

describe('kline intervals', () => {
  it.each([
    ['1s', '2026-11-21T14:42:24.999', '2026-11-21T14:42:24', '2026-11-21T14:42:25'],
    ['1m', '2026-11-21T14:42:24.999', '2026-11-21T14:42:00', '2026-11-21T14:43:00'],
    ['3m', '2026-11-21T14:44:00', '2026-11-21T14:42:00', '2026-11-21T14:45:00'],
    ['15m', '2026-11-21T14:42:24', '2026-11-21T14:30:00', '2026-11-21T14:45:00'],
    ['1h', '2026-11-21T14:59:59.999', '2026-11-21T14:00:00', '2026-11-21T15:00:00'],
    ['8h', '2026-11-21T14:42:00', '2026-11-21T08:00:00', '2026-11-21T16:00:00'],
    ['1d', '2026-11-21T00:00:00', '2026-11-21T00:00:00', '2026-11-22T00:00:00'],
    // A Saturday; the week began on Monday the 16th.
    ['1w', '2026-11-21T14:42:00', '2026-11-16T00:00:00', '2026-11-23T00:00:00'],
    ['1w', '2026-11-16T00:00:00', '2026-11-16T00:00:00', '2026-11-23T00:00:00'],
    ['1w', '2026-11-15T23:59:59.999', '2026-11-09T00:00:00', '2026-11-16T00:00:00'],
    ['1M', '2026-11-21T14:42:00', '2026-11-01T00:00:00', '2026-12-01T00:00:00'],
    ['1M', '2026-12-31T23:59:59.999', '2026-12-01T00:00:00', '2027-01-01T00:00:00'],
    ['1M', '2028-02-29T12:00:00', '2028-02-01T00:00:00', '2028-03-01T00:00:00'],
  ] as const)('finds the open time of the %s candle at %s and of the next candle', (interval, time, open, next) => {
    expect(openTimeOf(interval, utc(time))).toBe(utc(open));
    expect(nextOpenTime(interval, utc(open))).toBe(utc(next));
  });

  it.each([
    ['1M', '1d', true],
    ['1w', '12h', true],
    ['1w', '3d', false],
    ['1M', '1w', false],
    ['5m', '3m', false],
    ['15m', '5m', true],
    ['1d', '1d', false],
    ['1m', '1h', false],
  ] as const)('isMadeOf(%s, %s) is %s', (interval, part, made) => {
    expect(isMadeOf(interval, part)).toBe(made);
  });

  it('counts 3d intervals from 1970-01-01', () => {
    expect(openTimeOf('3d', 4 * 86_400_000)).toBe(3 * 86_400_000);
  });

  it('covers every time with one interval, and the next one follows without a gap', () => {
    const times = fc.integer({ min: 0, max: utc('2100-01-01T00:00:00') });
    fc.assert(
      fc.property(fc.constantFrom(...KLINE_INTERVALS), times, (interval, time) => {
        const open = openTimeOf(interval, time);
        const next = nextOpenTime(interval, open);
        expect(open).toBeLessThanOrEqual(time);
        expect(next).toBeGreaterThan(time);
        expect(openTimeOf(interval, next)).toBe(next);
        expect(openTimeOf(interval, next - 1)).toBe(open);
      }),
      { numRuns: 1000 },
    );
  });
});

const time = (text: string) => Date.parse(`${text}Z`);

describe('addIntervals', () => {
  it.each([
    ['1m', '2026-11-21T08:59:00', 1, '2026-11-21T09:00:00'],
    ['3d', '2026-11-21T00:00:00', -1, '2026-11-18T00:00:00'],
    ['1M', '2026-11-01T00:00:00', 3, '2027-02-01T00:00:00'],
    ['1M', '2026-11-01T00:00:00', -11, '2025-12-01T00:00:00'],
  ] as const)('%s: %s plus %i intervals is %s', (interval, from, count, to) => {
    expect(addIntervals(time(from), interval, count)).toBe(time(to));
  });

  it('is reversed by the negated count, and always returns an open time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KLINE_INTERVALS),
        fc.integer({ min: time('2015-01-01T00:00:00'), max: time('2035-01-01T00:00:00') }),
        fc.integer({ min: -200, max: 200 }),
        (interval, at, count) => {
          const open = openTimeOf(interval, at);
          const other = addIntervals(open, interval, count);
          expect(openTimeOf(interval, other)).toBe(other);
          expect(addIntervals(other, interval, -count)).toBe(open);
          expect(open <= at && at < addIntervals(open, interval, 1)).toBe(true);
        },
      ),
    );
  });
});
