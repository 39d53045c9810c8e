import { describe, expect, it } from 'vitest';
import { candleAt, changeOf, withLive } from '../../../dashboard/chart/candle-legend.ts';
import { chartMarks, marksInWords } from '../../../dashboard/chart/chart-marks.ts';
import type { GapJson } from '../../../src/gateway/api/record-schema.ts';
import { kline } from '../kline.ts';
import { statusEvent } from '../status-event.ts';

const HOUR = 3_600_000;

describe('candleAt', () => {
  it('returns the candle that contains a time', () => {
    const klines = [kline(1), kline(2), kline(5)];
    expect(candleAt(klines, 2 * 60_000)).toBe(klines[1]);
    expect(candleAt(klines, 3 * 60_000 - 1)).toBe(klines[1]);
    expect(candleAt(klines, 4 * 60_000)).toBeUndefined();
    expect(candleAt(klines, 0)).toBeUndefined();
    expect(candleAt(klines, undefined)).toBeUndefined();
  });
});

it('changeOf is the change from open to close in percent', () => {
  expect(changeOf(kline(1, { open: '200', close: '201' }))).toBe('0.5');
  expect(changeOf(kline(1, { open: '200', close: '199' }))).toBe('-0.5');
  expect(changeOf(kline(1, { open: '200', close: '200' }))).toBe('0');
  expect(changeOf(kline(1, { open: '3', close: '4' }))).toBe('33.333333333333333333');
  expect(changeOf(kline(1, { open: '0', close: '4' }))).toBeNull();
});

describe('withLive', () => {
  const hour = kline(0, { interval: '1h', close_time: HOUR - 1, closed: false, high: '5', low: '2', close: '3' });
  const minute = (fields: object = {}) => kline(7, { high: '4', low: '1.5', close: '4', closed: false, ...fields });

  it('moves the newest candle on to the present price, and leaves its volume', () => {
    expect(withLive([hour], minute())).toEqual([{ ...hour, low: '1.5', close: '4' }]);
    expect(withLive([hour], minute({ high: '10' }))).toEqual([{ ...hour, high: '10', low: '1.5', close: '4' }]);
  });

  it('leaves a candle that the shorter one does not belong to', () => {
    for (const other of [kline(60), minute({ epoch: 2 }), minute({ venue: 'binance' }), minute({ interval: '1h' })]) {
      const klines = [hour];
      expect(withLive(klines, other)).toBe(klines);
    }
    const closed = [{ ...hour, closed: true }];
    expect(withLive(closed, minute())).toBe(closed);
    expect(withLive([], minute())).toEqual([]);
  });
});

describe('chartMarks', () => {
  const gap = (outcome: string, from_time: number, symbol = 'BTCUSDT'): GapJson =>
    ({ symbol, outcome, from_time, to_time: from_time + 10 }) as unknown as GapJson;
  const seam = { from: 'binance', to: 'bybit' } as never;

  it('has the gaps of the symbol that were not repaired, and its switches, in order of time', () => {
    const events = [
      statusEvent('connected', 10),
      statusEvent('failed_over', 50, { venue: 'bybit', switch: seam }),
      statusEvent('failed_back', 60, { symbol: 'ETHUSDT', switch: seam }),
      statusEvent('failed_over', 5, { symbol: 'BTCUSDT', venue: 'binance' }),
    ];
    const gaps = [gap('unrepaired', 30), gap('repaired', 31), gap('unknown', 20), gap('unrepaired', 40, 'ETHUSDT')];
    const marks = chartMarks('BTCUSDT', gaps, events);
    expect(marks.map(({ kind, from, to, text }) => [kind, from, to, text])).toEqual([
      ['switch', 5, 5, 'none → binance'],
      ['gap', 20, 30, 'gap, unknown'],
      ['gap', 30, 40, 'gap, unrepaired'],
      ['switch', 50, 50, 'binance → bybit'],
    ]);
    expect(marksInWords(marks.slice(2))).toBe('00:00:00: gap, unrepaired; 00:00:00: binance → bybit');
  });
});
