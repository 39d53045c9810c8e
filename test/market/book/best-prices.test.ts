import fc from 'fast-check';
import { expect, it } from 'vitest';
import { unscaled } from '../../../src/domain/decimal.ts';
import type { BookTicker } from '../../../src/domain/record.ts';
import { bestOf } from '../../../src/market/book/best-prices.ts';
import { bookTicker } from '../../../testing/judges/events.ts';

type Side = readonly [price: string, quantity: string] | null;

const ticker = (venue: string, bid: Side, ask: Side, receivedAt = 7): BookTicker => {
  const [bidPrice = null, bidQuantity = null] = bid ?? [];
  const [askPrice = null, askQuantity = null] = ask ?? [];
  return bookTicker(1, { venue, bidPrice, bidQuantity, askPrice, askQuantity, receivedAt, timestamp: null });
};

it.each([
  ['one venue', [ticker('bybit', ['99', '1'], ['101', '2'])], ['bybit 99 1', 'bybit 101 2']],
  [
    'each side of another venue',
    [ticker('bybit', ['99.5', '1'], ['102', '2']), ticker('binance', ['99', '3'], ['101', '4'])],
    ['bybit 99.5 1', 'binance 101 4'],
  ],
  [
    'prices of different lengths',
    [ticker('bybit', ['100.5', '1'], ['101', '1']), ticker('binance', ['99.75', '1'], ['1001', '1'])],
    ['bybit 100.5 1', 'bybit 101 1'],
  ],
  [
    'the larger quantity of equal prices',
    [ticker('bybit', ['99', '9'], ['101', '1']), ticker('binance', ['99', '10'], ['101', '0.5'])],
    ['binance 99 10', 'bybit 101 1'],
  ],
  [
    'a venue without bids',
    [ticker('bybit', null, ['101', '1']), ticker('binance', ['98', '1'], ['102', '1'])],
    ['binance 98 1', 'bybit 101 1'],
  ],
  [
    'a bid above the ask of another venue',
    [ticker('bybit', ['103', '1'], ['104', '1']), ticker('binance', ['99', '1'], ['100', '1'])],
    ['bybit 103 1', 'binance 100 1'],
  ],
  ['no venue', [], [null, null]],
] as const)('bestOf has the best prices of %s', (_, tickers, expected) => {
  const { bid, ask } = bestOf(tickers);
  const shown = [bid, ask].map((side) => side && `${side.venue} ${side.price} ${side.quantity}`);
  expect(shown).toEqual(expected);
});

it('bestOf has the times of the book ticker', () => {
  const own = { ...ticker('bybit', ['99', '1'], null, 5), timestamp: 3 };
  expect(bestOf([own]).bid).toEqual({ venue: 'bybit', price: '99', quantity: '1', receivedAt: 5, timestamp: 3 });
});

it('no venue has a better price than bestOf, in any order of the venues', () => {
  const amount = fc.integer({ min: 1, max: 50 }).map((tenths) => String(tenths / 10));
  const side = fc.option(fc.tuple(amount, amount), { nil: null, freq: 5 });
  const tickers = fc.array(fc.tuple(side, side), { maxLength: 5 });
  fc.assert(
    fc.property(tickers, (all) => {
      const given = all.map(([bid, ask], index) => ticker(`venue ${index}`, bid, ask));
      const best = bestOf(given);
      const shown = ({ bid, ask }: typeof best) => [bid, ask].map((one) => one && [one.price, one.quantity]);
      expect(shown(bestOf(given.toReversed()))).toEqual(shown(best));
      const bids = all.flatMap(([bid]) => (bid === null ? [] : [unscaled(bid[0])]));
      const asks = all.flatMap(([, ask]) => (ask === null ? [] : [unscaled(ask[0])]));
      expect(best.bid === null ? [] : [unscaled(best.bid.price)]).toEqual(bids.sort(order).slice(-1));
      expect(best.ask === null ? [] : [unscaled(best.ask.price)]).toEqual(asks.sort(order).slice(0, 1));
    }),
  );
});

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
