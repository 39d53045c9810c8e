import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import { TradeSums } from '../../../src/market/trades/trade-sums.ts';
import { halfEven, naiveFigures } from '../naive-figures.ts';
import { type AnyTrade, anyTrades, tradeOf } from './any-trades.ts';

function sumsOf(trades: Iterable<Parameters<TradeSums['add']>[0]>): TradeSums {
  const sums = new TradeSums();
  for (const trade of trades) sums.add(trade);
  return sums;
}

describe('TradeSums', () => {
  it('has no figures without a trade', () => {
    expect(new TradeSums().figures()).toBeUndefined();
    expect(new TradeSums().trades).toBe(0);
  });

  it('returns figures equal to the trade for a single trade', () => {
    expect(sumsOf([tradeOf(['sell', '61837.63', '0.02'])]).figures()).toEqual({
      trades: 1,
      buyTrades: 0,
      sellTrades: 1,
      volume: '0.02',
      buyVolume: '0',
      sellVolume: '0.02',
      // 61837.63 × 0.02
      value: '1236.7526',
      buyValue: '0',
      sellValue: '1236.7526',
      vwap: '61837.63',
      open: '61837.63',
      high: '61837.63',
      low: '61837.63',
      close: '61837.63',
      averageQuantity: '0.02',
      buyRatioVolume: 0,
      buyRatioCount: 0,
      flow: 'strong_sell',
    });
  });

  it('returns figures of four trades that match a calculation by hand', () => {
    const trades = [
      tradeOf(['buy', '100', '2', 1]), // value 200
      tradeOf(['sell', '99.5', '1', 2]), // 99.5
      tradeOf(['buy', '101', '0.5', 3]), // 50.5
      tradeOf(['buy', '100.2', '3.5', 4]), // 350.7
    ];
    expect(sumsOf(trades).figures()).toEqual({
      trades: 4,
      buyTrades: 3,
      sellTrades: 1,
      volume: '7',
      buyVolume: '6',
      sellVolume: '1',
      value: '700.7',
      buyValue: '601.2',
      sellValue: '99.5',
      vwap: '100.1', // 700.7 / 7
      open: '100',
      high: '101',
      low: '99.5',
      close: '100.2',
      averageQuantity: '1.75',
      buyRatioVolume: 6 / 7,
      buyRatioCount: 0.75,
      flow: 'strong_buy',
    });
  });

  it('rounds quotients and values half-even at 18 decimal places', () => {
    const trades = [
      tradeOf(['buy', '0.000000000000000001', '0.5']), // 5 × 10^-19, rounded to the even 0
      tradeOf(['sell', '0.000000000000000003', '0.5']), // 15 × 10^-19, rounded to the even 2 × 10^-18
      tradeOf(['sell', '1', '2']),
    ];
    expect(sumsOf(trades).figures()).toMatchObject({
      buyValue: '0',
      sellValue: '2.000000000000000002',
      value: '2.000000000000000002',
      // 2.000000000000000002 / 3 = 0.6666666666666666673…
      vwap: '0.666666666666666667',
      averageQuantity: '1',
    });
  });

  it.each([
    ['7', '3', 'strong_buy'],
    ['55', '45', 'buy'],
    ['1', '1', 'neutral'],
    ['45', '55', 'sell'],
    ['0.3', '0.7', 'strong_sell'],
    ['70000000000.000000000000000001', '30000000000', 'strong_buy'],
  ])('%s bought and %s sold is %s', (bought, sold, flow) => {
    const sums = sumsOf([tradeOf(['buy', '1', bought]), tradeOf(['sell', '1', sold])]);
    expect(sums.figures()?.flow).toBe(flow);
  });

  it('opens with the earliest trade and closes with the latest, in any order of arrival', () => {
    const trades = [
      tradeOf(['buy', '5', '1', 20]),
      tradeOf(['buy', '6', '1', 30]),
      tradeOf(['buy', '7', '1', 30]),
      tradeOf(['buy', '1', '1', 10]),
      tradeOf(['buy', '2', '1', 10]),
    ];
    expect(sumsOf(trades).figures()).toMatchObject({ open: '1', high: '7', low: '1', close: '7' });
  });

  it('compares prices as numbers, not as text', () => {
    const trades = [tradeOf(['buy', '9.5', '1']), tradeOf(['buy', '10', '1']), tradeOf(['buy', '9.45', '1'])];
    expect(sumsOf(trades).figures()).toMatchObject({ high: '10', low: '9.45' });
  });

  it('agrees with naive arithmetic for any decimals', () => {
    fc.assert(
      fc.property(anyTrades(), (trades) => {
        expect(sumsOf(trades).figures()).toEqual(naiveFigures(trades));
      }),
      { numRuns: 500 },
    );
  });

  it('does not drift over a million trades', () => {
    const trades = Array.from({ length: 10_000 }, (_, index) => someTrade(index));
    const sums = new TradeSums();
    for (let round = 0; round < 100; round++) for (const trade of trades) sums.add(trade);

    const sum = (amounts: readonly bigint[]): bigint => 100n * amounts.reduce((total, each) => total + each, 0n);
    const volume = sum(trades.map(({ quantity }) => unscaled(quantity)));
    const value = sum(trades.map(({ price, quantity }) => unscaled(price) * unscaled(quantity)));
    expect(sums.figures()).toMatchObject({
      trades: 1_000_000,
      volume: fromUnscaled(volume),
      value: fromUnscaled(halfEven(value, 10n ** 18n)),
      vwap: fromUnscaled(halfEven(value, volume)),
      averageQuantity: fromUnscaled(halfEven(volume, 1_000_000n)),
    });
  });
});

/** The number of decimal places changes from trade to trade, and some values have 19 digits or more. */
function someTrade(index: number): AnyTrade {
  const price = fromUnscaled(BigInt(((index * 48_271) % 10_000_019) + 1) * 10n ** (index % 3 === 0 ? 17n : 16n));
  const quantity = fromUnscaled(BigInt(((index * 16_807) % 99_999_989) + 1) * 10n ** (index % 2 === 0 ? 13n : 10n));
  return tradeOf([index % 5 < 2 ? 'sell' : 'buy', price, quantity, index]);
}
