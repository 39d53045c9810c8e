import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kline } from '../../../src/domain/record.ts';
import { CandleSeries } from '../../../src/gateway/view/candle-series.ts';
import { CandleBuilder } from '../../../src/market/candles/candle-builder.ts';
import { kline, tradeEvent } from '../../../testing/judges/events.ts';

const MINUTE = 60_000;

describe('CandleSeries', () => {
  it('keeps the newest state of each candle, in order', () => {
    const series = new CandleSeries();
    for (const each of [
      kline(MINUTE, 2, { close: '2' }),
      kline(0, 1, { closed: true }),
      kline(MINUTE, 1, { close: '1' }),
      kline(MINUTE, 3, { close: '3', closed: true }),
      kline(MINUTE, 4, { close: '4' }),
    ])
      series.add(each);
    expect(series.latest('1m', 10)?.map(({ openTime, close }) => [openTime, close])).toEqual([
      [0, '2'],
      [MINUTE, '3'],
    ]);
    expect(series.latest('1m', 1)).toHaveLength(1);
    expect(series.latest('1s', 1)).toBeUndefined();
    expect(series.current.map(({ openTime }) => openTime)).toEqual([MINUTE]);
  });

  it('keeps the newest 1000 candles of an interval', () => {
    const series = new CandleSeries();
    for (let minute = 0; minute < 1100; minute++) series.add(kline(minute * MINUTE, 1, { closed: true }));
    expect(series.latest('1m', 2000)).toHaveLength(1000);
    expect(series.latest('1m', 2000)?.[0]?.openTime).toBe(100 * MINUTE);
    expect(series.latest('1h', 2000)?.[0]?.openTime).toBe(120 * MINUTE);
  });

  it('merges complete one-minute candles into the five-minute candles that the trades would form', () => {
    const trades = fc.array(
      fc.record({
        minute: fc.integer({ min: 0, max: 30 }),
        price: fc.integer({ min: 1, max: 99 }),
        quantity: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(trades, (all) => {
        const sorted = all.toSorted((a, b) => a.minute - b.minute);
        const series = new CandleSeries();
        const [short, long] = [new CandleBuilder({ interval: '1m' }), new CandleBuilder({ interval: '5m' })];
        const wanted: unknown[] = [];
        for (const [id, { minute, price, quantity }] of sorted.entries()) {
          const trade = tradeEvent(id, {
            timestamp: minute * MINUTE + id,
            price: String(price),
            quantity: `0.${quantity}`,
          });
          for (const candle of short.add(trade)) series.add(klineOf(candle));
          wanted.push(...long.add(trade));
        }
        for (const candle of short.advance(100 * MINUTE)) series.add(klineOf(candle));
        wanted.push(...long.advance(100 * MINUTE));
        const made = series.latest('5m', 100) ?? [];
        const minutes = new Set(sorted.map(({ minute }) => minute));
        const last = Math.max(...minutes);
        const known = wanted.filter((candle) => {
          const first = (candle as Kline).openTime / MINUTE;
          return [0, 1, 2, 3, 4].every((at) => minutes.has(first + at) || (at > 0 && first + at > last));
        });
        const figures = ({ open, high, low, close, volume, quoteVolume, tradeCount, openTime, closeTime }: Kline) => ({
          ...{ open, high, low, close, volume, quoteVolume, tradeCount, openTime, closeTime },
        });
        expect(made.map(figures)).toEqual(known.map((candle) => figures(candle as Kline)));
      }),
    );
  });

  it('leaves out a longer candle if one of its short candles is missing', () => {
    const series = new CandleSeries();
    for (const minute of [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 16, 20, 21])
      series.add(kline(minute * MINUTE, 1, { closed: true }));
    expect(series.latest('5m', 9)?.map(({ openTime, closed }) => [openTime / MINUTE, closed])).toEqual([
      [0, true],
      [20, false],
    ]);
  });

  it("adds up the takers' volumes, exactly; null if a candle has none", () => {
    const series = new CandleSeries();
    const candle = (minute: number, takerBuyVolume: string | null): Kline =>
      kline(minute * MINUTE, 1, { closed: true, takerBuyVolume, takerBuyQuoteVolume: '0.1' });
    for (const minute of [0, 1, 2]) series.add(candle(minute, '0.2'));
    expect(series.latest('5m', 1)).toMatchObject([{ takerBuyVolume: '0.6', takerBuyQuoteVolume: '0.3' }]);
    series.add(candle(3, null));
    expect(series.latest('5m', 1)).toMatchObject([{ takerBuyVolume: null, takerBuyQuoteVolume: '0.4' }]);
  });

  it('leaves the trade count null if the venue sends none', () => {
    const series = new CandleSeries();
    series.add(kline(0, 1, { tradeCount: null, closed: true }));
    expect(series.latest('5m', 1)).toMatchObject([{ tradeCount: null, closed: false, interval: '5m' }]);
  });
});

const klineOf = (candle: Partial<Kline>): Kline => kline(0, 0, { ...candle, timestamp: candle.closeTime ?? 0 });
