import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import type { BookLevel } from '../../../src/domain/record.ts';
import { OrderBook } from '../../../src/market/book/order-book.ts';

/** `'100:1 99.5:2'` as levels. */
function levels(text: string): BookLevel[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [price = '', quantity = ''] = word.split(':');
      return { price, quantity };
    });
}

function textOf(book: readonly BookLevel[]): string {
  return book.map(({ price, quantity }) => `${price}:${quantity}`).join(' ');
}

function bookOf(bids: string, asks: string): OrderBook {
  const book = new OrderBook();
  book.replace(levels(bids), levels(asks));
  return book;
}

describe('OrderBook', () => {
  it('is empty at first', () => {
    const book = new OrderBook();
    expect([book.bidCount, book.askCount, book.bestBid, book.bestAsk, book.crossed]).toEqual([
      0,
      0,
      undefined,
      undefined,
      false,
    ]);
    expect([book.bids(), book.asks(5)]).toEqual([[], []]);
  });

  it('returns its sides best first, all levels or the requested number', () => {
    const book = bookOf('100:1 99.5:2 9:3', '100.5:4 101:5 1000:6');
    expect(textOf(book.bids())).toBe('100:1 99.5:2 9:3');
    expect(textOf(book.asks())).toBe('100.5:4 101:5 1000:6');
    expect(textOf(book.bids(2))).toBe('100:1 99.5:2');
    expect(book.asks(0)).toEqual([]);
    expect([book.bidCount, book.askCount]).toEqual([3, 3]);
    expect([book.bestBid?.price, book.bestAsk?.price]).toEqual(['100', '100.5']);
  });

  it('returns arrays that the caller may change', () => {
    const book = bookOf('100:1 99:1', '');
    book.bids().length = 0;
    expect(book.bids()).toHaveLength(2);
  });

  it.each([
    ['a level is set', '100:1 98:1', '99:2', '100:1 99:2 98:1'],
    ['a quantity is replaced', '100:1 98:1', '98:7', '100:1 98:7'],
    ['a new best level is inserted', '100:1', '100.01:2', '100.01:2 100:1'],
    ['a new worst level is inserted', '100:1', '0.5:2', '100:1 0.5:2'],
    ['quantity 0 removes a level', '100:1 99:1 98:1', '99:0', '100:1 98:1'],
    ['quantity 0 of an unknown level has no effect', '100:1', '99:0', '100:1'],
    ['quantity 0 in an empty book has no effect', '', '99:0', ''],
    ['a level is set and removed in one update', '100:1', '99:2 99:0', '100:1'],
    ['the last quantity of a price wins', '100:1', '99:2 99:3', '100:1 99:3'],
    ['levels come in any order', '100:1', '97:1 103:1 99:1', '103:1 100:1 99:1 97:1'],
    ['all levels are removed', '100:1 99:1', '99:0 100:0', ''],
    [
      'prices have different numbers of digits',
      '100:1',
      '9:1 1000:1 99.999999999999999999:1',
      '1000:1 100:1 99.999999999999999999:1 9:1',
    ],
  ])('applies an update: %s', (_, before, change, after) => {
    const book = bookOf(before, '');
    book.apply(levels(change), []);
    expect(textOf(book.bids())).toBe(after);
    const mirrored = bookOf(
      '',
      [...levels(before)]
        .reverse()
        .map(({ price, quantity }) => `${price}:${quantity}`)
        .join(' '),
    );
    mirrored.apply([], levels(change));
    expect(textOf(mirrored.asks().reverse())).toBe(after);
  });

  it('replaces the complete book with levels in any order, and can be cleared', () => {
    const book = bookOf('100:1 99:1', '101:1');
    book.replace(levels('95:1 97:0 96:1 98:2'), levels('103:1 102:1'));
    expect(textOf(book.bids())).toBe('98:2 96:1 95:1');
    expect(textOf(book.asks())).toBe('102:1 103:1');
    book.clear();
    expect([book.bids(), book.asks()]).toEqual([[], []]);
  });

  it.each([
    ['100:1', '100.01:1', false],
    ['100:1', '100:1', true],
    ['100.000000000000000001:1', '100:1', true],
    ['99.999999999999999999:1', '100:1', false],
    ['10:1', '9:1', true],
    ['100:1', '', false],
    ['', '100:1', false],
  ])('for bid %s and ask %s, crossed is %s', (bids, asks, crossed) => {
    expect(bookOf(bids, asks).crossed).toBe(crossed);
  });

  it.each([
    ['that are equal as doubles', '90071992547409931:1 90071992547409930:1 90071992547409929:1'],
    ['with 20 digits', '99999999999999999999:1 99999999999999999998:1'],
    [
      'with 20 digits and 18 places',
      '12345678901234567890.123456789012345678:1 12345678901234567890.123456789012345677:1',
    ],
    ['with 18 places', '0.000000000000000003:1 0.000000000000000002:1 0.000000000000000001:1'],
    ['that are many orders of magnitude apart', '1000000000000000000:1 1000:1 0.5:1 0.000000000000000001:1'],
  ])('orders prices %s', (_, inOrder) => {
    const best = levels(inOrder);
    for (const given of [best, [...best].reverse()]) {
      const book = new OrderBook();
      book.apply(given, given);
      expect(textOf(book.bids())).toBe(inOrder);
      expect(book.asks()).toEqual([...best].reverse());
      book.apply([{ price: best[1]?.price ?? '', quantity: '0' }], []);
      expect(book.bids()).toEqual(best.toSpliced(1, 1));
    }
  });
});

describe('OrderBook with random changes', () => {
  const ONE = 10n ** 18n;
  /**
   * Prices near each other, so that changes often meet at a price: in cents, in the last decimal place, with about 20
   * digits, or arbitrary.
   */
  const prices = fc
    .oneof(
      fc.bigInt({ min: 1n, max: 60n }).map((tick) => 61_837n * ONE + tick * 10n ** 16n),
      fc.bigInt({ min: 1n, max: 30n }),
      fc.bigInt({ min: 1n, max: 30n }).map((tick) => 61_837n * ONE + tick),
      fc.bigInt({ min: 1n, max: 30n }).map((tick) => 10n ** 38n - tick),
      fc.bigInt({ min: 1n, max: 30n }).map((tick) => 10n ** 38n - tick * ONE),
      fc
        .tuple(fc.bigInt({ min: 1n, max: 12n }), fc.integer({ min: 0, max: 36 }))
        .map(([n, zeros]) => n * 10n ** BigInt(zeros)),
      fc.bigInt({ min: 1n, max: 10n ** 38n - 1n }),
    )
    .map(fromUnscaled);
  const someLevels = fc.array(
    fc.record({ price: prices, quantity: fc.constantFrom('0', '0', '1', '0.00000001', '2.5') }),
    { maxLength: 60 },
  );
  const changes = fc.array(
    fc.record({
      how: fc.constantFrom('apply', 'apply', 'apply', 'replace', 'clear'),
      bids: someLevels,
      asks: someLevels,
    }),
    { maxLength: 12 },
  );

  /** The simplest book: a map from prices as integers. */
  class Model {
    readonly side = new Map<bigint, BookLevel>();

    apply(given: readonly BookLevel[]): void {
      for (const level of given) {
        if (level.quantity === '0') this.side.delete(unscaled(level.price));
        else this.side.set(unscaled(level.price), level);
      }
    }

    rising(): BookLevel[] {
      return [...this.side].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, level]) => level);
    }
  }

  it('returns the same levels as a sorted map', () => {
    fc.assert(
      fc.property(changes, fc.nat({ max: 70 }), (all, limit) => {
        const book = new OrderBook();
        const bidModel = new Model();
        const askModel = new Model();
        for (const { how, bids, asks } of all) {
          if (how !== 'apply') {
            bidModel.side.clear();
            askModel.side.clear();
          }
          if (how === 'clear') book.clear();
          else {
            book[how === 'replace' ? 'replace' : 'apply'](bids, asks);
            bidModel.apply(bids);
            askModel.apply(asks);
          }
          const wantedBids = bidModel.rising().reverse();
          const wantedAsks = askModel.rising();
          expect(book.bids()).toEqual(wantedBids);
          expect(book.asks()).toEqual(wantedAsks);
          expect(book.bids(limit)).toEqual(wantedBids.slice(0, limit));
          expect([book.bidCount, book.askCount]).toEqual([wantedBids.length, wantedAsks.length]);
          expect([book.bestBid, book.bestAsk]).toEqual([wantedBids[0], wantedAsks[0]]);
          const [bid, ask] = [wantedBids[0], wantedAsks[0]];
          expect(book.crossed).toBe(
            bid !== undefined && ask !== undefined && unscaled(bid.price) >= unscaled(ask.price),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['whole prices', (place: number) => `${place}`],
    ['prices that differ only in the last places', (place: number) => `61837.${`${place}`.padStart(18, '0')}`],
  ])('returns the same levels as a sorted map with 400 levels: %s', (_, textAt) => {
    const change = fc.record({ place: fc.integer({ min: 1, max: 400 }), quantity: fc.constantFrom('0', '1', '2') });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300 }), (all) => {
        const book = new OrderBook();
        const model = new Model();
        const priceAt = (place: number) => fromUnscaled(unscaled(textAt(place)));
        const start = Array.from({ length: 400 }, (_, index) => ({ price: priceAt(400 - index), quantity: '9' }));
        book.replace(start, []);
        model.apply(start);
        for (const { place, quantity } of all) {
          const level = { price: priceAt(place), quantity };
          book.apply([level], []);
          model.apply([level]);
        }
        expect(book.bids()).toEqual(model.rising().reverse());
      }),
      { numRuns: 100 },
    );
  });
});
