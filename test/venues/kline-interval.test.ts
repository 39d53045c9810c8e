import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KLINE_INTERVALS } from '../../src/domain/instrument.ts';
import { addIntervals, openTimeAt } from '../../src/venues/kline-interval.ts';

const time = (text: string) => Date.parse(`${text}Z`);

describe('openTimeAt', () => {
  it.each([
    ['1s', '2026-11-21T08:31:17.999', '2026-11-21T08:31:17'],
    ['1m', '2026-11-21T08:31:17', '2026-11-21T08:31:00'],
    ['15m', '2026-11-21T08:31:17', '2026-11-21T08:30:00'],
    ['12h', '2026-11-21T08:31:17', '2026-11-21T00:00:00'],
    ['1d', '2026-11-21T08:31:17', '2026-11-21T00:00:00'],
    ['1w', '2026-11-21T08:31:17', '2026-11-16T00:00:00'],
    ['1w', '2026-11-16T00:00:00', '2026-11-16T00:00:00'],
    ['1M', '2026-11-21T08:31:17', '2026-11-01T00:00:00'],
  ] as const)('%s at %s is %s', (interval, at, open) => {
    expect(openTimeAt(time(at), interval)).toBe(time(open));
  });
});

describe('addIntervals', () => {
  it.each([
    ['1m', '2026-11-21T08:59:00', 1, '2026-11-21T09:00:00'],
    ['3d', '2026-11-21T00:00:00', -1, '2026-11-18T00:00:00'],
    ['1M', '2026-11-01T00:00:00', 3, '2027-02-01T00:00:00'],
    ['1M', '2026-11-01T00:00:00', -11, '2025-12-01T00:00:00'],
  ] as const)('%s: %s and %i more is %s', (interval, from, count, to) => {
    expect(addIntervals(time(from), interval, count)).toBe(time(to));
  });

  it('is undone by as many in the other direction, and never leaves the open times', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KLINE_INTERVALS),
        fc.integer({ min: time('2015-01-01T00:00:00'), max: time('2035-01-01T00:00:00') }),
        fc.integer({ min: -200, max: 200 }),
        (interval, at, count) => {
          const open = openTimeAt(at, interval);
          const other = addIntervals(open, interval, count);
          expect(openTimeAt(other, interval)).toBe(other);
          expect(addIntervals(other, interval, -count)).toBe(open);
          expect(open <= at && at < addIntervals(open, interval, 1)).toBe(true);
        },
      ),
    );
  });
});
