import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BookLevel } from '../../../src/domain/record.ts';
import type { BothSides } from '../../../src/market/book/both-sides.ts';
import { DEPTH_BOUNDS, type Depth, depthDistribution, reaches } from '../../../src/market/book/depth-distribution.ts';
import { Fraction } from '../fraction.ts';
import { fullBook, invertedBook } from './arbitrary-book.ts';
import { bookOf } from './book-of.ts';

const depth = (volume: string, value: string, levels: number): Depth => ({ volume, value, levels });
const NOTHING = depth('0', '0', 0);

describe('depthDistribution', () => {
  it('counts a level on a bound in the inner band, and ignores levels beyond the last bound', () => {
    // Mid 1000, so 0.1 % is 1, 0.5 % is 5, 1 % is 10.
    const book = bookOf(
      ['999.5×2', '999×1', '995×4', '994.99×1', '980×7'], // away by 0.5, 1, 5, 5.01, 20
      ['1000.5×3', '1003×2', '1010×1', '1010.01×9'], // away by 0.5, 3, 10, 10.01
    );
    expect(depthDistribution(book, ['0.1', '0.5', '1'])).toEqual([
      {
        above: '0',
        upTo: '0.1',
        bids: depth('3', '2998', 2), // 1999 + 999
        asks: depth('3', '3001.5', 1),
        cumulativeBids: depth('3', '2998', 2),
        cumulativeAsks: depth('3', '3001.5', 1),
      },
      {
        above: '0.1',
        upTo: '0.5',
        bids: depth('4', '3980', 1),
        asks: depth('2', '2006', 1),
        cumulativeBids: depth('7', '6978', 3),
        cumulativeAsks: depth('5', '5007.5', 2),
      },
      {
        above: '0.5',
        upTo: '1',
        bids: depth('1', '994.99', 1),
        asks: depth('1', '1010', 1),
        cumulativeBids: depth('8', '7972.99', 4),
        cumulativeAsks: depth('6', '6017.5', 3),
      },
    ]);
  });

  it('measures distances from the exact mid price', () => {
    // In units of the last place, mid is 1.5. The ask 2 is 0.5 away, which is 100 / 3 = 33.3̄ %.
    const book = bookOf(['0.000000000000000001×1'], ['0.000000000000000002×1']);
    const bands = depthDistribution(book, ['33.333333333333333333', '33.333333333333333334']);
    expect(bands?.map((band) => [band.bids.levels, band.asks.levels])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it('uses the default bounds if none are given', () => {
    const bands = depthDistribution(bookOf(['99.96×1'], ['100.04×1', '103×2']));
    expect(bands?.map((band) => band.upTo)).toEqual(DEPTH_BOUNDS);
    // The asks are 0.04 % and 3 % away from mid.
    expect(bands?.map((band) => band.asks.volume)).toEqual(['1', '0', '0', '0', '0', '2']);
    expect(bands?.[1]?.asks).toEqual(NOTHING);
    expect(bands?.at(-1)?.cumulativeAsks).toEqual(depth('3', '306.04', 2));
  });

  it('counts levels of an inverted book across the mid price in the first band', () => {
    const [band] = depthDistribution(bookOf(['101×1'], ['99×2']), ['0.1']) ?? [];
    expect(band).toMatchObject({ bids: depth('1', '101', 1), asks: depth('2', '198', 1) });
  });

  it.each([
    ['without bids', bookOf([], ['101×1'])],
    ['without asks', bookOf(['99×1'], [])],
    ['without levels', bookOf([], [])],
  ])('is null %s', (_, book) => {
    expect(depthDistribution(book)).toBeNull();
  });

  it.each([[['0']], [['-1', '2']], [['1', '1']], [['2', '1']]])('refuses the bounds %j', (bounds) => {
    expect(() => depthDistribution(bookOf(['99×1'], ['101×1']), bounds)).toThrow(RangeError);
    expect(() => depthDistribution(bookOf([], []), bounds)).toThrow(RangeError);
  });

  it('agrees with exact fractions for any book', () => {
    const bounds = ['0.1', '0.25', '1.5', '7'];
    fc.assert(
      fc.property(fc.oneof(fullBook, invertedBook), (book) => {
        const bands = depthDistribution(book, bounds);
        const found = bands?.map(({ bids, asks, cumulativeBids, cumulativeAsks }) => ({
          bids,
          asks,
          cumulativeBids,
          cumulativeAsks,
        }));
        expect(found).toEqual(
          bounds.map((upTo, at) => ({
            bids: naive(book, 'bids', bounds[at - 1], upTo),
            asks: naive(book, 'asks', bounds[at - 1], upTo),
            cumulativeBids: naive(book, 'bids', undefined, upTo),
            cumulativeAsks: naive(book, 'asks', undefined, upTo),
          })),
        );
      }),
      { numRuns: 500 },
    );
  });
});

/** All levels of a side whose distance is above the lower bound, if there is one, and not above the upper one. */
function naive(book: BothSides, side: 'bids' | 'asks', above: string | undefined, upTo: string): Depth {
  const best = [...book.bids.slice(0, 1), ...book.asks.slice(0, 1)].map(({ price }) => Fraction.of(price));
  const mid = Fraction.sum(best).over(new Fraction(2n));
  const distance = ({ price }: BookLevel): Fraction => {
    const away = Fraction.of(price)
      .minus(mid)
      .times(new Fraction(side === 'asks' ? 1n : -1n));
    return away.over(mid).times(new Fraction(100n));
  };
  const inside = book[side].filter(
    (level) =>
      distance(level).compare(Fraction.of(upTo)) <= 0 &&
      (above === undefined || distance(level).compare(Fraction.of(above)) > 0),
  );
  return depth(
    Fraction.sum(inside.map(({ quantity }) => Fraction.of(quantity))).toDecimal(),
    Fraction.sum(inside.map(({ price, quantity }) => Fraction.of(price).times(Fraction.of(quantity)))).toDecimal(),
    inside.length,
  );
}

describe('reaches', () => {
  it('is true for a side whose last level is at least this far from the mid', () => {
    const book = bookOf(['999×1', '990×1'], ['1001×1', '1002×1']); // The last bid is 1 % away, the last ask 0.2 %.
    expect(reaches(book, '0.2')).toEqual({ bids: true, asks: true });
    expect(reaches(book, '0.21')).toEqual({ bids: true, asks: false });
    expect(reaches(book, '1.01')).toEqual({ bids: false, asks: false });
    expect(reaches(bookOf(['999×1'], []), '0.1')).toEqual({ bids: false, asks: false });
  });
});
