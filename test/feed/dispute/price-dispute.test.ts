import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AGREES_FOR_MS,
  differenceBps,
  type PriceCheck,
  PriceDispute,
  UNCOMPARED_MS,
} from '../../../src/feed/dispute/price-dispute.ts';

const STEP_MS = 100;
const LIMITS = { disputeBps: 100, disputeAfterMs: 500 };

/** A check of a price against two venues that both have the price 100. */
const at = (price: number | undefined, others: readonly number[] = [100, 100], venue = 'bybit'): PriceCheck => ({
  venue,
  price,
  others,
});
const far = at(101.1);
const near = at(100.5);
const between = at(100.8);
const alone = at(101.1, [100]);

/** Runs checks 100 ms apart. Each pair is a check and how often it is made. Returns the changes with their times. */
function changes(...checks: readonly (readonly [PriceCheck, number])[]): string[] {
  const dispute = new PriceDispute(LIMITS);
  let now = 0;
  return checks.flatMap(([check, times]) =>
    Array.from({ length: times }, () => {
      const change = dispute.next(check, now);
      const at = now;
      now += STEP_MS;
      return change === undefined ? [] : [`${change} ${at}`];
    }).flat(),
  );
}

const AGREES = AGREES_FOR_MS / STEP_MS;

describe('PriceDispute', () => {
  it.each([
    ['begins when the price was far for the whole time', [[far, 7]], ['begun 500']],
    ['begins as well below the median', [[at(98.9), 7]], ['begun 500']],
    ['does not begin at the limit itself', [[at(101), 100]], []],
    [
      'does not begin for a shorter time',
      [
        [far, 5],
        [near, 1],
        [far, 5],
      ],
      [],
    ],
    [
      'begins anew after a price between the limits',
      [
        [far, 5],
        [between, 1],
        [far, 6],
      ],
      ['begun 1100'],
    ],
    ['needs two other venues', [[alone, 100]], []],
    ['needs a price', [[at(undefined), 100]], []],
    [
      'counts no time in which it cannot compare',
      [
        [far, 5],
        [alone, 1],
        [far, 6],
      ],
      ['begun 1100'],
    ],
    ['compares with the mean of two venues', [[at(101.1, [100, 102.2]), 100]], []],
    ['is not moved by one wrong venue among three', [[at(100, [100, 100, 150]), 100]], []],
    ['begins if the price is half of the others', [[at(50), 6]], ['begun 500']],
    [
      'ends when the price was near for three seconds',
      [
        [far, 6],
        [near, AGREES + 1],
      ],
      ['begun 500', 'agrees 3600'],
    ],
    [
      'does not end between the limits',
      [
        [far, 6],
        [between, 1000],
      ],
      ['begun 500'],
    ],
    [
      'counts the three seconds anew after another check',
      [
        [far, 6],
        [near, AGREES],
        [between, 1],
        [near, AGREES],
        [alone, 1],
        [near, AGREES],
      ],
      ['begun 500'],
    ],
    ['begins only once', [[far, 100]], ['begun 500']],
    [
      'begins again after its end',
      [
        [far, 6],
        [near, AGREES + 1],
        [far, 6],
      ],
      ['begun 500', 'agrees 3600', 'begun 4200'],
    ],
    [
      'ends when another venue serves',
      [
        [far, 6],
        [at(101.1, [100, 100], 'binance'), 3],
      ],
      ['begun 500', 'moved 600'],
    ],
    [
      'begins anew at another venue',
      [
        [far, 5],
        [at(101.1, [100, 100], 'binance'), 6],
      ],
      ['begun 1000'],
    ],
    [
      'ends when it could not compare for a minute',
      [
        [far, 6],
        [alone, 700],
      ],
      ['begun 500', `not_compared ${500 + UNCOMPARED_MS}`],
    ],
    [
      'lasts if it can compare again within a minute',
      [
        [far, 6],
        [alone, 599],
        [between, 1],
        [alone, 599],
      ],
      ['begun 500'],
    ],
  ] satisfies readonly (readonly [string, readonly (readonly [PriceCheck, number])[], readonly string[]])[])(
    '%s',
    (_, checks, expected) => {
      expect(changes(...checks)).toEqual(expected);
    },
  );

  const price = fc.double({ min: 90, max: 110, noNaN: true });
  const check = fc.record({
    venue: fc.constantFrom('bybit', 'bybit', 'bybit', 'bybit', 'binance'),
    price: fc.option(price, { nil: undefined, freq: 10 }),
    others: fc.array(price, { maxLength: 3 }),
  });
  /** Stretches of equal checks, because a dispute begins and ends only after some time. */
  const stretches = fc
    .array(fc.tuple(fc.oneof(check, fc.constantFrom(far, near, between, alone)), fc.integer({ min: 1, max: 40 })))
    .map((all) => all.flatMap(([one, times]) => Array.from({ length: times }, () => one)));
  const bpsOf = (one: PriceCheck) => differenceBps(one.price, one.others);

  it('begins only after checks that are all far, and ends only after checks that give a reason', () => {
    fc.assert(
      fc.property(stretches, (checks) => {
        const dispute = new PriceDispute(LIMITS);
        for (const [index, one] of checks.entries()) {
          const wasDisputed = dispute.isDisputed;
          const change = dispute.next(one, index * STEP_MS);
          expect(change !== undefined).toBe(dispute.isDisputed !== wasDisputed);
          expect(change === 'begun').toBe(dispute.isDisputed && !wasDisputed);
          const last = (ms: number) => checks.slice(Math.max(0, index - ms / STEP_MS), index + 1);
          const all = (ms: number, matches: (each: PriceCheck) => boolean) =>
            last(ms).length === ms / STEP_MS + 1 && last(ms).every((each) => each.venue === one.venue && matches(each));
          const wasFar = all(LIMITS.disputeAfterMs, (each) => (bpsOf(each) ?? 0) > LIMITS.disputeBps);
          if (change === 'begun') expect(wasFar).toBe(true);
          if (change === undefined && !wasDisputed) expect(wasFar).toBe(false);
          if (change === 'agrees')
            expect(all(AGREES_FOR_MS, (each) => (bpsOf(each) ?? 1000) <= LIMITS.disputeBps / 2)).toBe(true);
          if (change === 'moved') expect(checks[index - 1]?.venue).not.toBe(one.venue);
          if (change === 'not_compared')
            expect(last(UNCOMPARED_MS - STEP_MS).every((each) => bpsOf(each) === undefined)).toBe(true);
        }
      }),
    );
  });

  it('gives the same result in any unit of price, and in any order of the other venues', () => {
    fc.assert(
      fc.property(stretches, fc.constantFrom(0.5, 2, 1024), (checks, factor) => {
        const [one, other] = [new PriceDispute(LIMITS), new PriceDispute(LIMITS)];
        for (const [index, each] of checks.entries()) {
          const scaled = {
            venue: each.venue,
            price: each.price === undefined ? undefined : each.price * factor,
            others: each.others.map((mid) => mid * factor).toReversed(),
          };
          expect(other.next(scaled, index * STEP_MS)).toBe(one.next(each, index * STEP_MS));
        }
      }),
    );
  });
});

it('differenceBps is at most as large as the largest difference to a single venue', () => {
  const mid = fc.double({ min: 1, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(mid, fc.array(mid, { minLength: 2, maxLength: 5 }), (price, others) => {
      const single = others.map((other) => (Math.abs(price - other) / Math.min(other, ...others)) * 10_000);
      expect(differenceBps(price, others)).toBeLessThanOrEqual(Math.max(...single) * (1 + 1e-9) + 1e-6);
    }),
  );
});
