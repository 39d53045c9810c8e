import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BothSides } from '../../../src/market/book/both-sides.ts';
import {
  type OrderSide,
  type PriceImpact,
  quantityImpacts,
  valueImpacts,
} from '../../../src/market/book/price-impact.ts';
import { Fraction } from '../fraction.ts';
import { anyBook, invertedBook, positiveDecimals } from './arbitrary-book.ts';
import { bookOf } from './book-of.ts';

/** Mid 100. All asks cost 101 + 204 + 520 = 825 for a quantity of 8. All bids pay 198 + 285 = 483 for 5. */
const BOOK = bookOf(['99×2', '95×3'], ['101×1', '102×2', '104×5']);
const SIDES = ['buy', 'sell'] as const;

type Row = readonly [
  side: OrderSide,
  requested: string,
  averagePrice: string | null,
  worstPrice: string | null,
  slippageBps: number | null,
  filledQuantity: string,
  filledValue: string,
  complete: boolean,
];

const impactOf = ([side, requested, averagePrice, worstPrice, slippageBps, ...filled]: Row): PriceImpact => {
  const [filledQuantity, filledValue, complete] = filled;
  return { side, requested, averagePrice, worstPrice, slippageBps, filledQuantity, filledValue, complete };
};

describe('quantityImpacts', () => {
  it.each<Row>([
    // within the first level; (101 − 100) / 100 = 100 basis points
    ['buy', '0.5', '101', '101', 100, '0.5', '50.5', true],
    // the first level whole: the second is not touched
    ['buy', '1', '101', '101', 100, '1', '101', true],
    // 101 + 2 × 102 = 305; 305 / 3 = 101.6̄, which is 500 / 3 basis points above mid
    ['buy', '3', '101.666666666666666667', '102', 500 / 3, '3', '305', true],
    // 305 + 1 × 104 = 409; 409 / 4 = 102.25
    ['buy', '4', '102.25', '104', 225, '4', '409', true],
    // all there is: 825 / 8 = 103.125
    ['buy', '8', '103.125', '104', 312.5, '8', '825', true],
    ['buy', '9', '103.125', '104', 312.5, '8', '825', false],
    // (100 − 99) / 100 = 100 basis points
    ['sell', '1', '99', '99', 100, '1', '99', true],
    // 198 + 2 × 95 = 388; 388 / 4 = 97
    ['sell', '4', '97', '95', 300, '4', '388', true],
    // 483 / 5 = 96.6
    ['sell', '1000', '96.6', '95', 340, '5', '483', false],
  ])('matches a calculation by hand for %s %s', (...row) => {
    expect(quantityImpacts(BOOK, row[0], [row[1]])).toEqual([impactOf(row)]);
  });

  it('returns one impact per quantity, in their order', () => {
    const worst = quantityImpacts(BOOK, 'buy', ['4', '1', '4']).map((impact) => impact.worstPrice);
    expect(worst).toEqual(['104', '101', '104']);
    expect(quantityImpacts(BOOK, 'buy', [])).toEqual([]);
  });

  it('fills nothing from an empty side, and has no slippage if the opposite side is empty', () => {
    const bidsAlone = bookOf(['99×2'], []);
    expect(quantityImpacts(bidsAlone, 'buy', ['1'])).toEqual([
      impactOf(['buy', '1', null, null, null, '0', '0', false]),
    ]);
    expect(quantityImpacts(bidsAlone, 'sell', ['1'])).toEqual([
      impactOf(['sell', '1', '99', '99', null, '1', '99', true]),
    ]);
  });

  it('has negative slippage in an inverted book', () => {
    const [buy] = quantityImpacts(bookOf(['101×1'], ['99×1']), 'buy', ['1']);
    expect(buy?.slippageBps).toBe(-100);
  });

  it('rounds the filled value to 18 decimal places', () => {
    // 0.000000001 × 0.0000000015 is 1.5 units of the last place, rounded half-even to 2. The average price stays exact.
    const [buy] = quantityImpacts(bookOf([], ['0.000000001×1']), 'buy', ['0.0000000015']);
    expect(buy).toMatchObject({ filledValue: '0.000000000000000002', averagePrice: '0.000000001' });
  });
});

describe('valueImpacts', () => {
  it.each<Row>([
    ['buy', '50.5', '101', '101', 100, '0.5', '50.5', true],
    // the first level whole
    ['buy', '101', '101', '101', 100, '1', '101', true],
    // 1 costs 101, 0.5 costs 51: 152 / 1.5 = 101.3̄, which is 400 / 3 basis points above mid
    ['buy', '152', '101.333333333333333333', '102', 400 / 3, '1.5', '152', true],
    // 1 costs 101, 99 / 102 costs 99: 200 / (201 / 102) = 101.492537…, which is 30,000 / 201 basis points above mid
    ['buy', '200', '101.492537313432835821', '102', 30_000 / 201, '1.970588235294117647', '200', true],
    ['buy', '825', '103.125', '104', 312.5, '8', '825', true],
    ['buy', '826', '103.125', '104', 312.5, '8', '825', false],
    // 2 pay 198, 2 more pay 190
    ['sell', '388', '97', '95', 300, '4', '388', true],
    ['sell', '500', '96.6', '95', 340, '5', '483', false],
  ])('matches a calculation by hand for %s with value %s', (...row) => {
    expect(valueImpacts(BOOK, row[0], [row[1]])).toEqual([impactOf(row)]);
  });

  it('fills nothing from an empty side', () => {
    expect(valueImpacts(bookOf(['99×2'], []), 'buy', ['1'])).toEqual([
      impactOf(['buy', '1', null, null, null, '0', '0', false]),
    ]);
  });
});

describe('quantityImpacts and valueImpacts', () => {
  it.each(['0', '-1'])('refuse an order for %s', (size) => {
    expect(() => quantityImpacts(BOOK, 'buy', ['1', size])).toThrow(/more than 0/);
    expect(() => valueImpacts(BOOK, 'sell', [size])).toThrow(/more than 0/);
  });

  it('agree with exact fractions for any book', () => {
    fc.assert(
      fc.property(fc.oneof(anyBook, invertedBook), fc.constantFrom(...SIDES), positiveDecimals, (book, side, size) => {
        expect(quantityImpacts(book, side, [size])).toEqual([naive(book, side, size, () => new Fraction(1n))]);
        expect(valueImpacts(book, side, [size])).toEqual([naive(book, side, size, (price) => price)]);
      }),
      { numRuns: 500 },
    );
  });

  it('never return a better average price for a larger buy order', () => {
    fc.assert(
      fc.property(anyBook, positiveDecimals, positiveDecimals, (book, one, other) => {
        const sizes = [one, other].sort((a, b) => Fraction.of(a).compare(Fraction.of(b)));
        for (const impacts of [quantityImpacts, valueImpacts]) {
          const [small, large] = impacts(book, 'buy', sizes);
          if (small?.averagePrice == null || large?.averagePrice == null) continue;
          expect(Fraction.of(small.averagePrice).compare(Fraction.of(large.averagePrice))).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

/**
 * `costOf`: how much of `size` one unit of quantity uses up: 1 if the size is a quantity, the price if it is a value.
 */
function naive(book: BothSides, side: OrderSide, size: string, costOf: (price: Fraction) => Fraction): PriceImpact {
  let left = Fraction.of(size);
  const taken: { price: Fraction; quantity: Fraction }[] = [];
  for (const level of side === 'buy' ? book.asks : book.bids) {
    if (left.above === 0n) break;
    const price = Fraction.of(level.price);
    const [offered, wanted] = [Fraction.of(level.quantity), left.over(costOf(price))];
    const quantity = offered.compare(wanted) < 0 ? offered : wanted;
    taken.push({ price, quantity });
    left = left.minus(quantity.times(costOf(price)));
  }
  const filled = Fraction.sum(taken.map(({ quantity }) => quantity));
  const value = Fraction.sum(taken.map(({ price, quantity }) => price.times(quantity)));
  const average = taken.length === 0 ? undefined : value.over(filled);
  const [bid, ask] = [book.bids[0], book.asks[0]];
  const mid = bid && ask && Fraction.of(bid.price).plus(Fraction.of(ask.price)).over(new Fraction(2n));
  const cost = mid && average && (side === 'buy' ? average.minus(mid) : mid.minus(average));
  return {
    side,
    requested: size,
    averagePrice: average?.toDecimal() ?? null,
    worstPrice: taken.at(-1)?.price.toDecimal() ?? null,
    slippageBps: mid && cost ? cost.over(mid).times(new Fraction(10_000n)).toNumber() : null,
    filledQuantity: filled.toDecimal(),
    filledValue: value.toDecimal(),
    complete: left.above === 0n,
  };
}
