import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookLevel } from '../../../src/domain/record.ts';
import { bookFigures, imbalance } from '../../../src/market/book/book-figures.ts';
import type { BothSides } from '../../../src/market/book/both-sides.ts';
import { Fraction } from '../fraction.ts';
import { anyBook, invertedBook } from './arbitrary-book.ts';
import { bookOf } from './book-of.ts';

describe('bookFigures', () => {
  it('returns all figures of a small book', () => {
    // Spread 101 − 99 = 2; mid (99 + 101) / 2 = 100; 2 / 100 × 100 = 2 %.
    // Microprice (99 × 1 + 101 × 3) / (3 + 1) = 402 / 4 = 100.5: more is bid than asked, so it lies nearer to the ask.
    // Volumes 3 + 5 = 8 and 1 + 1 = 2; imbalance (8 − 2) / 10 = 0.6.
    expect(bookFigures(bookOf(['99×3', '98×5'], ['101×1', '102×1']))).toEqual({
      bestBid: { price: '99', quantity: '3' },
      bestAsk: { price: '101', quantity: '1' },
      spread: '2',
      spreadPct: 2,
      mid: '100',
      microprice: '100.5',
      bidVolume: '8',
      askVolume: '2',
      imbalance: 0.6,
    });
  });

  it.each([
    {
      name: 'a usual book',
      // Spread 0.01; mid 61837.635; 0.01 / 61837.635 × 100 = 1 / 61837.635.
      // Microprice (61837.63 × 0.5 + 61837.64 × 1.5) / 2 = (30918.815 + 92756.46) / 2 = 61837.6375.
      sides: bookOf(['61837.63×1.5'], ['61837.64×0.5']),
      figures: { spread: '0.01', mid: '61837.635', spreadPct: 1 / 61837.635, microprice: '61837.6375' },
    },
    {
      name: 'a book whose microprice has infinitely many decimals',
      // (1 × 2 + 2 × 1) / 3 = 4 / 3; mid 1.5; spread 1 / 1.5 × 100 = 66.67 %.
      sides: bookOf(['1×1'], ['2×2']),
      figures: { spread: '1', mid: '1.5', spreadPct: 200 / 3, microprice: '1.333333333333333333' },
    },
    {
      name: 'a book whose mid is rounded half-even at the last place',
      // In units of the last place, mid (1 + 2) / 2 and microprice are 1.5, rounded to 2. Spread 1 / 1.5 × 100 %.
      sides: bookOf(['0.000000000000000001×1'], ['0.000000000000000002×1']),
      figures: {
        spread: '0.000000000000000001',
        mid: '0.000000000000000002',
        spreadPct: 200 / 3,
        microprice: '0.000000000000000002',
      },
    },
    {
      name: 'a locked book',
      sides: bookOf(['7×2'], ['7×1']),
      figures: { spread: '0', mid: '7', spreadPct: 0, microprice: '7' },
    },
    {
      name: 'an inverted book',
      // 99 − 101 = −2; mid 100. Microprice (101 × 1 + 99 × 1) / 2 = 100.
      sides: bookOf(['101×1'], ['99×1']),
      figures: { spread: '-2', mid: '100', spreadPct: -2, microprice: '100' },
    },
    {
      name: 'a book with only bids',
      sides: bookOf(['99×3'], []),
      figures: {
        bestAsk: null,
        spread: null,
        mid: null,
        spreadPct: null,
        microprice: null,
        askVolume: '0',
        imbalance: 1,
      },
    },
    {
      name: 'a book with only asks',
      sides: bookOf([], ['99×3']),
      figures: {
        bestBid: null,
        spread: null,
        mid: null,
        spreadPct: null,
        microprice: null,
        bidVolume: '0',
        imbalance: -1,
      },
    },
    {
      name: 'an empty book',
      sides: bookOf([], []),
      figures: { bestBid: null, bestAsk: null, bidVolume: '0', askVolume: '0', imbalance: null },
    },
  ])('returns the figures of $name', ({ sides, figures }) => {
    expect(bookFigures(sides)).toMatchObject(figures);
  });

  it('agrees with exact fractions for any book', () => {
    fc.assert(
      fc.property(fc.oneof(anyBook, invertedBook), (sides) => {
        expect(bookFigures(sides)).toEqual(naive(sides));
      }),
      { numRuns: 500 },
    );
  });
});

function naive(sides: BothSides): unknown {
  const [bid, ask] = [sides.bids[0], sides.asks[0]];
  const volume = (levels: readonly BookLevel[]): Fraction => Fraction.sum(levels.map((l) => Fraction.of(l.quantity)));
  const [bids, asks] = [volume(sides.bids), volume(sides.asks)];
  const both = bids.plus(asks);
  const base = {
    bestBid: bid ?? null,
    bestAsk: ask ?? null,
    bidVolume: bids.toDecimal(),
    askVolume: asks.toDecimal(),
    imbalance: both.above === 0n ? null : bids.minus(asks).over(both).toNumber(),
  };
  if (bid === undefined || ask === undefined) {
    return { ...base, spread: null, spreadPct: null, mid: null, microprice: null };
  }
  const [b, bq] = [Fraction.of(bid.price), Fraction.of(bid.quantity)];
  const [a, aq] = [Fraction.of(ask.price), Fraction.of(ask.quantity)];
  const mid = a.plus(b).over(new Fraction(2n));
  return {
    ...base,
    spread: a.minus(b).toDecimal(),
    spreadPct: a.minus(b).over(mid).times(new Fraction(100n)).toNumber(),
    mid: mid.toDecimal(),
    microprice: b.times(aq).plus(a.times(bq)).over(aq.plus(bq)).toDecimal(),
  };
}

describe('imbalance over the best levels', () => {
  const sides = bookOf(['99×3', '98×5', '97×4'], ['101×1', '102×1']);

  it.each([
    [1, (3 - 1) / 4],
    [2, (8 - 2) / 10],
    [3, (12 - 2) / 14], // the asks have only two levels
    [50, (12 - 2) / 14],
    [0, null],
  ])('for %s levels is %s', (levels, expected) => {
    expect(imbalance(sides, levels)).toBe(expected);
  });

  it('is null without levels', () => {
    expect(imbalance({ bids: [], asks: [] }, 5)).toBeNull();
  });

  it('lies between −1 and 1, changes sign when the sides are swapped, and agrees with exact fractions', () => {
    fc.assert(
      fc.property(anyBook, fc.integer({ min: 1, max: 15 }), (sides, levels) => {
        const bids = Fraction.sum(sides.bids.slice(0, levels).map((l) => Fraction.of(l.quantity)));
        const asks = Fraction.sum(sides.asks.slice(0, levels).map((l) => Fraction.of(l.quantity)));
        const found = imbalance(sides, levels);
        const both = bids.plus(asks);
        expect(found).toBe(both.above === 0n ? null : bids.minus(asks).over(both).toNumber());
        if (found === null) return;
        expect(Math.abs(found)).toBeLessThanOrEqual(1);
        expect(imbalance({ bids: sides.asks, asks: sides.bids }, levels)).toBe(found === 0 ? 0 : -found);
      }),
    );
  });
});
