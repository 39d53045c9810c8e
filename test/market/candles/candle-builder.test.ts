import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromUnscaled, unscaled } from '../../../src/domain/decimal.ts';
import type { Candle, CandleTrade } from '../../../src/market/candles/candle.ts';
import { CandleBuilder, type CandleBuilderOptions } from '../../../src/market/candles/candle-builder.ts';
import { openTimeOf } from '../../../src/market/candles/kline-interval.ts';
import { halfEven, naiveFigures } from '../naive-figures.ts';
import { anyTrades, tradeOf } from '../trades/any-trades.ts';

const MINUTE = 60_000;

function candlesOf(options: CandleBuilderOptions, trades: readonly CandleTrade[]): readonly Candle[] {
  const builder = new CandleBuilder(options);
  return trades.flatMap((trade) => builder.add(trade));
}

describe('CandleBuilder', () => {
  it('builds a closed and a current candle that match a calculation by hand', () => {
    const builder = new CandleBuilder({ interval: '1m' });
    const trades = [
      tradeOf(['buy', '100', '2', 0]),
      tradeOf(['sell', '99', '1', 30_000]),
      tradeOf(['buy', '101.5', '0.5', 59_999]),
    ];
    for (const trade of trades) expect(builder.add(trade)).toEqual([]);
    const minute = {
      interval: '1m',
      openTime: 0,
      closeTime: 59_999,
      open: '100',
      high: '101.5',
      low: '99',
      close: '101.5',
      volume: '3.5',
      quoteVolume: '349.75', // 200 + 99 + 50.75
      tradeCount: 3,
    };
    expect(builder.current()).toEqual({ ...minute, closed: false });
    expect(builder.add(tradeOf(['buy', '102', '1', 60_000]))).toEqual([{ ...minute, closed: true }]);
    expect(builder.current()).toMatchObject({ openTime: 60_000, open: '102', tradeCount: 1, closed: false });
  });

  it('builds no candle for an interval without trades', () => {
    const trades = [0, 5 * MINUTE, 9 * MINUTE].map((timestamp) => tradeOf(['buy', '1', '1', timestamp]));
    expect(candlesOf({ interval: '1m' }, trades).map(({ openTime }) => openTime)).toEqual([0, 5 * MINUTE]);
  });

  it('closes a candle when event time advances, without another trade', () => {
    const builder = new CandleBuilder({ interval: '1m', allowedLatenessMs: 2000 });
    builder.add(tradeOf(['buy', '1', '1', 10]));
    expect(builder.advance(61_999)).toEqual([]);
    expect(builder.advance(62_000)).toHaveLength(1);
    expect(builder.advance(62_000)).toEqual([]);
    expect(builder.current()).toBeUndefined();
  });

  it('includes a late trade within the allowed lateness, and reports it as left out afterwards', () => {
    const left: unknown[] = [];
    const onLeftOut = (trade: CandleTrade, why: string): void => void left.push([trade.price, why]);
    const builder = new CandleBuilder({ interval: '1m', allowedLatenessMs: 2000, onLeftOut });
    builder.add(tradeOf(['buy', '10', '1', 59_000]));
    builder.add(tradeOf(['buy', '20', '1', 61_000]));
    builder.add(tradeOf(['buy', '30', '1', 58_000]));
    expect(builder.add(tradeOf(['buy', '40', '1', 62_000]))).toEqual([
      expect.objectContaining({ open: '30', close: '10', high: '30', tradeCount: 2 }),
    ]);
    builder.add(tradeOf(['buy', '50', '1', 59_999]));
    expect(left).toEqual([['50', 'late']]);
    expect(builder.current()).toMatchObject({ volume: '2', tradeCount: 2 });
  });

  it('opens a candle for a late trade, and returns it before the newer candle', () => {
    const builder = new CandleBuilder({ interval: '1s', allowedLatenessMs: 5000 });
    builder.add(tradeOf(['buy', '10', '1', 3000]));
    builder.add(tradeOf(['buy', '20', '1', 1000]));
    expect(builder.advance(9000).map(({ openTime }) => openTime)).toEqual([1000, 3000]);
  });

  it('leaves out block trades and includes rpi trades', () => {
    const left: string[] = [];
    const onLeftOut = (_: CandleTrade, why: string): void => void left.push(why);
    const builder = new CandleBuilder({ interval: '1m', onLeftOut });
    builder.add({ ...tradeOf(['buy', '1', '1', 1]), conditions: ['rpi'] });
    builder.add({ ...tradeOf(['buy', '9', '9', 2]), conditions: ['block', 'rpi'] });
    expect(builder.current()).toMatchObject({ high: '1', volume: '1', tradeCount: 1 });
    expect(left).toEqual(['block']);
  });

  it('counts all trade ids of an aggregated trade if ids are contiguous, else one trade', () => {
    const trade = { ...tradeOf(['buy', '1', '1', 1]), tradeId: '9007199254740993', lastTradeId: '9007199254740997' };
    const counts = [true, false].map((contiguousIds) => {
      const builder = new CandleBuilder({ interval: '1m', contiguousIds });
      builder.add(trade);
      return builder.current()?.tradeCount;
    });
    expect(counts).toEqual([5, 1]);
  });

  it('agrees with naive arithmetic for any interval', () => {
    const intervals = fc.constantFrom('1s', '1m', '5m', '1h', '1w', '1M');
    fc.assert(
      fc.property(anyTrades(), intervals, (trades, interval) => {
        const builder = new CandleBuilder({ interval });
        const candles = trades.flatMap((trade) => builder.add(trade));
        const current = builder.current();
        const byOpenTime = Map.groupBy(trades, ({ timestamp }) => openTimeOf(interval, timestamp));
        const expected = [...byOpenTime].map(([openTime, inside]) => {
          const { open, high, low, close, volume } = naiveFigures(inside) ?? {};
          const quote = inside.reduce((sum, trade) => sum + unscaled(trade.price) * unscaled(trade.quantity), 0n);
          const quoteVolume = fromUnscaled(halfEven(quote, 10n ** 18n));
          return { openTime, open, high, low, close, volume, quoteVolume, tradeCount: inside.length };
        });
        const all = current === undefined ? candles : [...candles, current];
        expect(all.map(({ interval: _, closeTime: __, closed: ___, ...rest }) => rest)).toEqual(expected);
        expect(candles.every(({ closed }) => closed)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
