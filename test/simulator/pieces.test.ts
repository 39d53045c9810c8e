import { describe, expect, it } from 'vitest';
import { binanceStream } from '../../src/simulator/binance/binance-streams.ts';
import { CandleStore } from '../../src/simulator/market/candle-store.ts';
import { eightPlaces, fixed, shortest } from '../../src/simulator/market/decimals.ts';
import { PastTrades } from '../../src/simulator/market/past-trades.ts';
import { TradeRing } from '../../src/simulator/market/trade-ring.ts';
import { RestLimit } from '../../src/simulator/rest.ts';
import { textFrame } from '../../src/simulator/text-frame.ts';

describe('decimal formats of the simulated venues', () => {
  it.each([
    [6183763, 2, '61837.63', '61837.63000000', '61837.63'],
    [7714100, 2, '77141.00', '77141.00000000', '77141'],
    [292, 5, '0.00292', '0.00292000', '0.00292'],
    [10, 5, '0.00010', '0.00010000', '0.0001'],
    [12, 0, '12', '12.00000000', '12'],
    [0, 3, '0.000', '0.00000000', '0'],
    [100000000, 8, '1.00000000', '1.00000000', '1'],
  ])('formats %i steps with %i decimal places', (units, places, all, binance, bybit) => {
    expect(fixed(units, places)).toBe(all);
    expect(eightPlaces(units, places)).toBe(binance);
    expect(shortest(units, places)).toBe(bybit);
  });
});

describe('textFrame', () => {
  it.each([0, 1, 125, 126, 4_095, 4_096, 65_535, 65_536])('writes the header of RFC 6455 for %i bytes', (length) => {
    const bytes = Buffer.from(textFrame('x'.repeat(length)), 'latin1');
    const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
    expect(bytes.length).toBe(header + length);
    expect(bytes[0]).toBe(0x81);
    const written =
      length < 126 ? bytes[1] : length < 65_536 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    expect(written).toBe(length);
  });

  it('counts bytes, not characters', () => {
    const bytes = Buffer.from(textFrame('这是'), 'latin1');
    expect(bytes[1]).toBe(6);
    expect(bytes.subarray(2).toString('utf8')).toBe('这是');
  });
});

describe('TradeRing', () => {
  it('keeps the latest trades, and finds a trade by id, group or time', () => {
    const ring = new TradeRing(256);
    for (let i = 0; i < 1_000; i++)
      ring.push({ id: 5_000 + i, price: i, quantity: 1, time: 10 * i, group: Math.floor(i / 2), sell: false });
    expect([ring.first, ring.count]).toEqual([744, 1_000]);
    expect([ring.at(744).id, ring.at(999).id]).toEqual([5_744, 5_999]);
    expect(ring.latest(2).map(({ id }) => id)).toEqual([5_998, 5_999]);
    expect(ring.search(({ id }) => id >= 5_800)).toBe(800);
    expect(ring.search(({ id }) => id >= 1)).toBe(744);
    expect(ring.search(({ id }) => id >= 9_999)).toBe(1_000);
    expect(ring.search(({ group }) => group >= 400)).toBe(800);
    expect(ring.search(({ time }) => time >= 8_001)).toBe(801);
  });
});

describe('CandleStore', () => {
  const start = Date.UTC(2026, 10, 21, 8, 30, 30);
  const past = (price: number, firstId: number) =>
    new PastTrades({ seed: 1, price, startedAt: start, firstId, firstGroup: firstId, minuteVolume: 60 });

  it('sums the trades of a second, of a minute and of two minutes', () => {
    const store = new CandleStore(past(100, 1_000), 100);
    const minute = start + 30_000;
    store.add({ id: 1_000, group: 1_000, price: 101, quantity: 5, time: minute + 100, sell: false });
    store.add({ id: 1_001, group: 1_001, price: 99, quantity: 2, time: minute + 1_500, sell: true });
    store.add({ id: 1_002, group: 1_002, price: 103, quantity: 1, time: minute + 59_999, sell: false });
    store.add({ id: 1_003, group: 1_003, price: 104, quantity: 1, time: minute + 60_000, sell: false });
    expect(store.candle(minute, minute + 60_000)).toEqual({
      open: 101,
      high: 103,
      low: 99,
      close: 103,
      volume: 8,
      quote: 101 * 5 + 99 * 2 + 103,
      buyVolume: 6,
      buyQuote: 101 * 5 + 103,
      trades: 3,
      firstId: 1_000,
      lastId: 1_002,
    });
    expect(store.candle(minute + 1_000, minute + 2_000)).toMatchObject({ open: 99, volume: 2, trades: 1 });
    expect(store.candle(minute, minute + 120_000)).toMatchObject({ close: 104, trades: 4 });
  });

  it('returns past candles near the start price, and an empty candle if no trades were made', () => {
    const store = new CandleStore(past(10_000, 100_000), 100);
    const before = store.candle(start - 90_000, start - 30_000);
    expect(before.trades).toBe(60);
    expect(before.high).toBeGreaterThanOrEqual(before.low);
    expect(Math.abs(before.close / 10_000 - 1)).toBeLessThan(0.05);
    expect(store.candle(start + 30_000, start + 90_000)).toMatchObject({
      trades: 0,
      firstId: -1,
      lastId: -1,
      volume: 0,
      open: 10_000,
      close: 10_000,
    });
  });
});

describe('RestLimit', () => {
  it('warns, then bans, and resets its count with each window', () => {
    const limit = new RestLimit({ amount: 10, windowMs: 1_000, warnings: 1, banMs: 5_000 });
    expect(limit.take(6, 100)).toEqual({ kind: 'allowed', used: 6 });
    expect(limit.take(6, 200)).toEqual({ kind: 'limited', used: 6, retryAfter: 1 });
    expect(limit.take(6, 1_000)).toEqual({ kind: 'allowed', used: 6 });
    expect(limit.take(6, 1_100).kind).toBe('limited');
    expect(limit.take(6, 1_200)).toEqual({ kind: 'banned', used: 6, retryAfter: 5 });
    expect(limit.take(1, 6_100).kind).toBe('banned');
    expect(limit.take(1, 6_200).kind).toBe('allowed');
  });
});

describe('binanceStream', () => {
  it.each([
    ['btcusdt@trade', { symbol: 'BTCUSDT', kind: 'trade' }],
    ['btcusdt@kline_1M', { symbol: 'BTCUSDT', kind: 'kline', interval: '1M' }],
    ['btcusdt@depth', { symbol: 'BTCUSDT', kind: 'depth', levels: 0, everyMs: 1_000 }],
    ['btcusdt@depth20@100ms', { symbol: 'BTCUSDT', kind: 'book', levels: 20, everyMs: 100 }],
    ['BTCUSDT@trade', { symbol: '', kind: 'trade' }],
    ['!miniTicker@arr', { symbol: '', kind: 'mini_ticker' }],
    ['btcusdt@kline_7m', undefined],
    ['btcusdt', undefined],
    ['btcusdt@depth7', undefined],
    ['!ticker@arr', undefined],
    ['', undefined],
  ])('parses or rejects the stream name "%s"', (name, expected) => {
    expect(binanceStream(name)).toEqual(expected);
  });
});
