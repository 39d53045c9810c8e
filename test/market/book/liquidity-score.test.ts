import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookLevel } from '../../../src/domain/record.ts';
import type { BothSides } from '../../../src/market/book/both-sides.ts';
import { liquidityScore } from '../../../src/market/book/liquidity-score.ts';
import { Fraction } from '../fraction.ts';
import { fullBook, invertedBook } from './arbitrary-book.ts';
import { bookOf } from './book-of.ts';

describe('liquidityScore', () => {
  it.each([
    {
      name: 'a value of 250,000 per side without a spread',
      // f(side) = 1 / (1 + √(250,000 / 250,000)) = 1 / 2 on both sides. The spread is 0, so the score is 100 × 0.5.
      book: bookOf(['1000×250'], ['1000×250']),
      score: 50,
    },
    {
      name: 'a value of 2,500 on one side and 25,000,000 on the other',
      // f(bids) = 1 / (1 + √(250,000 / 2,500)) = 1 / 11; f(asks) = 1 / (1 + √(250,000 / 25,000,000)) = 10 / 11. Their
      // mean is 0.5.
      book: bookOf(['1000×2.5'], ['1000×25000']),
      score: 50,
    },
    {
      name: 'a value of 250,000 per side at a spread of 10 basis points',
      // Mid 1000, spread 1: 10 basis points, which halve the score. Each side is worth 250,000.
      book: bookOf(['999.5×250.125062531265632816'], ['1000.5×249.875062468765617191']),
      score: 25,
    },
    {
      name: 'a book with levels beyond 0.5 %',
      // Mid 1000, spread 0. 995 is 0.5 % away and counts, 994.99 and 1005.01 do not.
      // The bids are worth 1000 × 1 + 995 × 2 = 2990, the asks 1000: 250,000 / 1000 = 250.
      book: bookOf(['1000×1', '995×2', '994.99×1000000'], ['1000×1', '1005.01×1000000']),
      score: (100 * (1 / (1 + Math.sqrt(250_000 / 2990)) + 1 / (1 + Math.sqrt(250)))) / 2,
    },
    {
      name: 'a spread wider than 1 %, with no level within 0.5 %',
      book: bookOf(['99×1000000'], ['101×1000000']),
      score: 0,
    },
  ])('matches a calculation by hand for $name', ({ book, score }) => {
    expect(liquidityScore(book)).toBeCloseTo(score, 9);
  });

  it.each([
    ['without bids', bookOf([], ['101×1'])],
    ['without asks', bookOf(['99×1'], [])],
    ['for an inverted book', bookOf(['101×1'], ['99×1'])],
  ])('is null %s', (_, book) => {
    expect(liquidityScore(book)).toBeNull();
  });

  it('is null for any inverted book', () => {
    fc.assert(
      fc.property(invertedBook, (book) => {
        expect(liquidityScore(book)).toBeNull();
      }),
    );
  });

  it('lies between 0 and 100 for any book that is not inverted, and agrees with exact fractions', () => {
    fc.assert(
      fc.property(fullBook, (book) => {
        const score = liquidityScore(book);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(score).toBeCloseTo(naive(book), 9);
      }),
      { numRuns: 500 },
    );
  });

  const prices = fc.integer({ min: 1, max: 1_000_000 });
  const tenths = fc.integer({ min: 1, max: 10_000_000 });
  const sides = fc.constantFrom('bids' as const, 'asks' as const);

  it('rises with depth within 0.5 %', () => {
    fc.assert(
      fc.property(prices, tenths, tenths, tenths, sides, (price, bid, ask, more, side) => {
        const quantities = { bids: bid, asks: ask };
        const deeper = { ...quantities, [side]: quantities[side] + more };
        expect(scoreAround(price, 0, deeper)).toBeGreaterThan(scoreAround(price, 0, quantities));
      }),
    );
  });

  it('falls as the spread widens around the same depth', () => {
    const spreads = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(prices, tenths, spreads, (price, quantity, [one = 0, other = 0]) => {
        const quantities = { bids: quantity, asks: quantity };
        const narrow = scoreAround(price, Math.min(one, other), quantities);
        expect(scoreAround(price, Math.max(one, other), quantities)).toBeLessThan(narrow);
      }),
    );
  });
});

/**
 * The score of a book with one level on each side, each `away` / 200,000 of mid away from it (at most 0.5 %).
 * Quantities are in tenths.
 */
function scoreAround(mid: number, away: number, tenths: { readonly bids: number; readonly asks: number }): number {
  const at = (hundredThousandths: number, quantity: number): BookLevel => ({
    price: Fraction.of(`${mid}`)
      .times(new Fraction(BigInt(hundredThousandths), 200_000n))
      .toDecimal(),
    quantity: new Fraction(BigInt(quantity), 10n).toDecimal(),
  });
  const book = { bids: [at(200_000 - away, tenths.bids)], asks: [at(200_000 + away, tenths.asks)] };
  const score = liquidityScore(book);
  if (score === null) throw new Error(`no score of ${JSON.stringify(book)}`);
  return score;
}

function naive({ bids, asks }: BothSides): number {
  const [bid, ask] = [bids, asks].map(([level]) => Fraction.of(level?.price ?? '0'));
  if (bid === undefined || ask === undefined) throw new Error('a book with both sides');
  const mid = bid.plus(ask).over(new Fraction(2n));
  const near = (levels: readonly BookLevel[]): number => {
    const values = levels
      .map(({ price, quantity }) => ({ price: Fraction.of(price), quantity: Fraction.of(quantity) }))
      .filter(({ price }) => {
        const away = price.minus(mid);
        const size = away.above < 0n ? mid.minus(price) : away;
        return size.over(mid).compare(new Fraction(1n, 200n)) <= 0;
      })
      .map(({ price, quantity }) => price.times(quantity));
    const value = Fraction.sum(values).toNumber();
    return value === 0 ? 0 : 1 / (1 + Math.sqrt(250_000 / value));
  };
  const bps = ask.minus(bid).over(mid).times(new Fraction(10_000n)).toNumber();
  return (100 * (near(bids) + near(asks))) / 2 / (1 + bps / 10);
}
