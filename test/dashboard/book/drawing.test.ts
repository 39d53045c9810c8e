import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { depthShape } from '../../../dashboard/book/depth-shape.ts';
import { rungs, shareOf } from '../../../dashboard/book/ladder.ts';
import { polyline } from '../../../dashboard/coins/polyline.ts';
import { reconnectDelay } from '../../../dashboard/link/reconnect-delay.ts';

const level = (price: string, quantity: string) => ({ price, quantity });

describe('rungs', () => {
  it('have exact running totals', () => {
    const levels = [level('10', '0.1'), level('9', '0.2'), level('8', '1000000000000.000000000000000001')];
    expect(rungs(levels, 'base').map(({ total }) => total)).toEqual(['0.1', '0.3', '1000000000000.300000000000000001']);
    expect(rungs(levels, 'base', 2)).toHaveLength(2);
  });

  it('have exact sizes and totals in the quote asset, too', () => {
    const levels = [level('100.25', '0.1'), level('100', '0.003')];
    expect(rungs(levels, 'quote')).toEqual([
      { price: '100.25', size: '10.025', total: '10.025' },
      { price: '100', size: '0.3', total: '10.325' },
    ]);
  });

  it('have a share of the largest total, at most 1', () => {
    expect([shareOf('1', '4'), shareOf('5', '4'), shareOf('0', '0')]).toEqual([0.25, 1, 0]);
  });
});

describe('depthShape', () => {
  it('rises from the mid price to both ends, as far as the shorter side reaches', () => {
    const shape = depthShape(
      { bids: [level('99', '1'), level('97', '3'), level('50', '9')], asks: [level('101', '2'), level('103', '2')] },
      100,
      40,
    );
    expect(shape).toEqual({
      bids: 'M33.3 40V30.0H0.0V0.0H0.0V40Z',
      asks: 'M66.7 40V20.0H100.0V0.0H100.0V40Z',
      low: 97,
      high: 103,
      most: 4,
    });
  });

  it('is undefined if a side is empty', () => {
    expect(depthShape({ bids: [], asks: [level('101', '2')] }, 100, 40)).toBeUndefined();
  });
});

describe('polyline', () => {
  it('has the highest value at the top and fills the width', () => {
    expect(polyline([1, 3, 2], 60, 10)).toBe('0.0,10.0 30.0,0.0 60.0,5.0');
  });

  it('is flat in the middle for equal values, and empty for a single value', () => {
    expect([polyline([2, 2], 10, 10), polyline([2], 10, 10)]).toEqual(['0.0,5.0 10.0,5.0', '']);
  });
});

it('the reconnect delay doubles up to ten seconds, with jitter over its upper half', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
      const longest = Math.min(10_000, 500 * 2 ** Math.min(attempt - 1, 20));
      const delay = reconnectDelay(attempt, random);
      expect(delay).toBeGreaterThanOrEqual(longest / 2);
      expect(delay).toBeLessThanOrEqual(longest);
    }),
  );
});
