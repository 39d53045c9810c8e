import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionBudget } from '../../../src/venues/connection/rate-limit.ts';

describe('ConnectionBudget', () => {
  it('allows attempts at once until the window is full, then one whenever the oldest leaves it', () => {
    const budget = new ConnectionBudget(10, 0.35);
    expect([0, 1000, 2000, 3000, 4000].map((now) => budget.reserve(now))).toEqual([0, 0, 0, 297_000, 297_000]);
    expect(budget.reserve(700_000)).toBe(0);
  });

  it('allows at most 90 % of the limit in any five minutes', () => {
    const waits = fc.array(fc.nat(40_000), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), waits, (limit, pauses) => {
        const budget = new ConnectionBudget(limit);
        let now = 0;
        const gone = pauses.map((pause) => {
          now += pause;
          return now + budget.reserve(now);
        });
        const most = Math.floor(limit * 0.9);
        gone.forEach((at, index) => {
          const before = gone[index - most];
          if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(300_000);
        });
      }),
    );
  });
});
