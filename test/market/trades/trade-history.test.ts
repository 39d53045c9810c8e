import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TradeHistory } from '../../../src/market/trades/trade-history.ts';
import { volumeProfile } from '../../../src/market/trades/volume-profile.ts';
import { naiveFigures } from '../naive-figures.ts';
import { type AnyTrade, anyTrades, tradeOf } from './any-trades.ts';

function historyOf(size: number, trades: readonly AnyTrade[]): TradeHistory<AnyTrade> {
  const history = new TradeHistory<AnyTrade>({ size });
  for (const trade of trades) history.add(trade);
  return history;
}

const block = (trade: AnyTrade): AnyTrade => ({ ...trade, conditions: ['block'] });

describe('TradeHistory', () => {
  it('is empty before the first trade', () => {
    const history = new TradeHistory();
    expect(history.latest()).toEqual([]);
    expect(history.lastTrades()).toBeUndefined();
    expect(history.volumeProfile()).toBeUndefined();
  });

  it('returns time and sales of the last trades, newest first', () => {
    const trades = ['1', '2', '3', '4', '5'].map((price, index) => tradeOf(['buy', price, '1', index]));
    const pricesOf = (list: readonly AnyTrade[]): readonly string[] => list.map(({ price }) => price);
    expect(pricesOf(historyOf(10, trades).latest())).toEqual(['5', '4', '3', '2', '1']);
    expect(pricesOf(historyOf(3, trades).latest())).toEqual(['5', '4', '3']);
    expect(pricesOf(historyOf(3, trades).latest(2))).toEqual(['5', '4']);
    expect(pricesOf(historyOf(3, trades).latest(7))).toEqual(['5', '4', '3']);
    expect(historyOf(3, trades).latest(0)).toEqual([]);
  });

  it('returns figures of the last trades that match a calculation by hand', () => {
    const history = historyOf(10, [
      tradeOf(['sell', '90', '5', 1000]),
      tradeOf(['buy', '100', '1', 2000]),
      tradeOf(['sell', '110', '3', 3000]),
    ]);
    const lastTwo = {
      trades: 2,
      buyTrades: 1,
      sellTrades: 1,
      volume: '4',
      buyVolume: '1',
      sellVolume: '3',
      value: '430', // 100 + 330
      buyValue: '100',
      sellValue: '330',
      vwap: '107.5',
      open: '100',
      high: '110',
      low: '100',
      close: '110',
      averageQuantity: '2',
      buyRatioVolume: 0.25,
      buyRatioCount: 0.5,
      flow: 'strong_sell',
    };
    expect(history.lastTrades(2)).toEqual(lastTwo);
    expect(history.lastTrades(0)).toBeUndefined();
    expect(history.lastTrades()?.trades).toBe(3);
  });

  it('lists and counts block trades, but leaves them out of figures and volume profile', () => {
    const history = historyOf(10, [
      tradeOf(['buy', '100', '1', 1]),
      block(tradeOf(['buy', '150', '1000', 2])),
      { ...tradeOf(['sell', '100', '1', 3]), conditions: ['rpi'] },
    ]);
    expect(history.latest()).toHaveLength(3);
    expect(history.blockTrades).toBe(1);
    expect(history.lastTrades()).toMatchObject({ trades: 2, volume: '2', high: '100' });
    expect(history.volumeProfile()?.volume).toBe('2');
  });

  it('determines open and close by order of arrival, not by timestamps', () => {
    const history = historyOf(5, [tradeOf(['buy', '1', '1', 50]), tradeOf(['buy', '2', '1', 40])]);
    expect(history.lastTrades()).toMatchObject({ open: '1', close: '2' });
  });

  it('agrees with naive arithmetic at every trade, for any number of trades', () => {
    const counts = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(anyTrades(40), fc.integer({ min: 1, max: 10 }), counts, (trades, size, count) => {
        const history = new TradeHistory<AnyTrade>({ size });
        for (const [index, trade] of trades.entries()) {
          history.add(trade);
          const known = trades.slice(Math.max(0, index + 1 - size), index + 1);
          expect(history.lastTrades(count)).toEqual(naiveFigures(known.slice(-count)));
        }
        const known = trades.slice(-size);
        expect(history.volumeProfile(7)).toEqual(volumeProfile(known, 7));
        expect(history.latest()).toEqual(known.toReversed());
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a size that is no whole number above 0', () => {
    for (const size of [0, -1, 1.5, Number.NaN]) expect(() => new TradeHistory({ size })).toThrow(RangeError);
  });

  it('distinguishes prices that are the same double', () => {
    const prices = [2, 3, 1].map((end) => `10000000000.00000000000000000${end}`);
    const history = historyOf(
      3,
      prices.map((price, index) => tradeOf(['buy', price, '1', index])),
    );
    expect(history.lastTrades()).toMatchObject({ high: prices[1], low: prices[2], open: prices[0], close: prices[2] });
  });

  it('sums values above 2^53 exactly', () => {
    const trades = Array.from({ length: 5 }, (_, index) => tradeOf(['buy', '9007199254740991', '1', index]));
    expect(historyOf(5, trades).lastTrades()).toMatchObject({ volume: '5', value: '45035996273704955' });
  });
});
