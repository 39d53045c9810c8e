import fc from 'fast-check';
import { fromUnscaled } from '../../../src/domain/decimal.ts';
import type { BookLevel } from '../../../src/domain/record.ts';
import type { BothSides } from '../../../src/market/book/both-sides.ts';

/** Positive decimals from 10^-18 to about 10^9: round ones, and those with more digits than a double holds. */
export const positiveDecimals = fc
  .oneof(
    fc
      .tuple(fc.bigInt({ min: 1n, max: 999_999_999n }), fc.integer({ min: 0, max: 18 }))
      .map(([digits, places]) => digits * 10n ** BigInt(places)),
    fc.bigInt({ min: 1n, max: 10n ** 27n }),
  )
  .map(fromUnscaled);

/** Levels that start at a price and move away from mid: up for asks, down for bids. */
function levels(
  first: bigint,
  direction: 1n | -1n,
  steps: readonly (readonly [bigint, string])[],
): readonly BookLevel[] {
  let price = first;
  const made: BookLevel[] = [];
  for (const [step, quantity] of steps) {
    if (price <= 0n) break;
    made.push({ price: fromUnscaled(price), quantity });
    price += direction * step;
  }
  return made;
}

/**
 * Generates books around a mid price. The levels of a side are at most 1 % of mid apart. `spread`: millionths of mid.
 * `emptySides`: a side may be empty.
 */
function books(spread: fc.Arbitrary<bigint>, emptySides: boolean): fc.Arbitrary<BothSides> {
  return fc
    .record({
      mid: fc.tuple(fc.bigInt({ min: 1_000_000n, max: 99_999_999_999n }), fc.integer({ min: 0, max: 13 })),
      spread,
      bids: steps(emptySides ? 0 : 1),
      asks: steps(emptySides ? 0 : 1),
    })
    .map(({ mid: [digits, places], spread, bids, asks }) => {
      const mid = digits * 10n ** BigInt(places);
      const away = (mid * spread) / 2_000_000n;
      const millionths = (side: readonly (readonly [bigint, string])[]): readonly (readonly [bigint, string])[] =>
        side.map(([step, quantity]) => [(mid * step) / 1_000_000n, quantity]);
      return { bids: levels(mid - away, -1n, millionths(bids)), asks: levels(mid + away, 1n, millionths(asks)) };
    });
}

function steps(minLength: number): fc.Arbitrary<readonly (readonly [bigint, string])[]> {
  return fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 10_000n }), positiveDecimals), { minLength, maxLength: 12 });
}

/** Valid books. Sides may be empty; the spread is up to 2 % of mid. */
export const anyBook = books(fc.bigInt({ min: 2n, max: 20_000n }), true);

/** Valid books with at least one level on both sides. */
export const fullBook = books(fc.bigInt({ min: 2n, max: 20_000n }), false);

/** Books whose best bid is above their best ask. */
export const invertedBook = books(fc.bigInt({ min: -20_000n, max: -2n }), false);
