import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candlesToDraw, mergeCandles, newestLack } from '../../../dashboard/chart/merge-candles.ts';
import { kline } from '../kline.ts';

const open = (at: number, close = '1') => kline(at, { closed: false, close, timestamp: at * 60_000 + 1 });

describe('mergeCandles', () => {
  it('keeps every closed candle that arrives between two paints', () => {
    const waiting = mergeCandles(mergeCandles([], [open(1), kline(1), open(2)]), [kline(2), open(3)]);
    expect(waiting).toEqual([kline(1), kline(2), open(3)]);
    expect(mergeCandles([kline(0), open(1)], waiting)).toEqual([kline(0), kline(1), kline(2), open(3)]);
  });

  it('returns the same candles for any order and split of the input', () => {
    const states = [0, 1, 2, 3].flatMap((at) => [open(at), kline(at)]);
    fc.assert(
      fc.property(fc.shuffledSubarray(states, { minLength: 8 }), fc.nat(8), (shuffled, cut) => {
        const merged = mergeCandles(mergeCandles([], shuffled.slice(0, cut)), shuffled.slice(cut));
        expect(merged).toEqual([0, 1, 2, 3].map((at) => kline(at)));
      }),
    );
  });

  it('keeps a closed candle closed, and ignores older states', () => {
    const known = [kline(1), kline(2, { closed: false, close: '3', timestamp: 150_000 })];
    expect(mergeCandles(known, [open(1, '9'), open(2, '9')])).toBe(known);
  });

  it('returns the same list if nothing is new, such as when REST repeats the stream', () => {
    const known = [kline(1), open(2)];
    expect(mergeCandles(known, [kline(1), open(2)])).toBe(known);
    expect(mergeCandles(known, [])).toBe(known);
  });

  it('keeps only candles of one epoch and one interval', () => {
    const previous = [kline(1), kline(2)];
    const next = open(3);
    expect(mergeCandles(previous, [{ ...next, venue: 'binance', epoch: 2 }])).toEqual([
      { ...next, venue: 'binance', epoch: 2 },
    ]);
    expect(mergeCandles(previous, [{ ...next, interval: '5m' }])).toEqual([{ ...next, interval: '5m' }]);
  });

  it('keeps the newest 10,000 candles', () => {
    const many = Array.from({ length: 10_500 }, (_, at) => kline(at));
    expect(mergeCandles([], many)).toEqual(many.slice(-10_000));
  });
});

describe('candlesToDraw', () => {
  it('returns the changed candles, oldest first', () => {
    const drawn = [kline(0), open(1)];
    const next = mergeCandles(drawn, [kline(1), kline(2), open(3)]);
    expect(candlesToDraw(drawn, next)).toEqual([kline(1), kline(2), open(3)]);
    expect(candlesToDraw(next, next)).toEqual([]);
  });

  it('returns undefined, to draw all candles, after an insertion or a new epoch', () => {
    const drawn = [kline(1), kline(3)];
    expect(candlesToDraw(drawn, mergeCandles(drawn, [kline(2)]))).toBeUndefined();
    expect(candlesToDraw(drawn, mergeCandles(drawn, [kline(0)]))).toBeUndefined();
    expect(candlesToDraw(drawn, [kline(1, { epoch: 2 }), kline(3, { epoch: 2 })])).toBeUndefined();
    expect(candlesToDraw([], drawn)).toBeUndefined();
    expect(candlesToDraw(drawn, [])).toBeUndefined();
  });
});

describe('newestLack', () => {
  it('returns the open time of the candle after the newest place where a candle or its closed state is missing', () => {
    expect(newestLack([kline(1), kline(2), open(3)])).toBeUndefined();
    expect(newestLack([kline(1), kline(3), open(4)])).toBe(3 * 60_000);
    expect(newestLack([kline(1), open(2), open(3)])).toBe(3 * 60_000);
    expect(newestLack([kline(1), kline(3), open(4), open(5)])).toBe(5 * 60_000);
    expect(newestLack([open(2)])).toBeUndefined();
    expect(newestLack([])).toBeUndefined();
  });
});
