import { describe, expect, it } from 'vitest';
import { LineMerge, type MergedEvent } from '../../src/pipeline/merge-lines.ts';
import { aggTrade, bookTicker, kline, ticker, tradeEvent } from '../support/events.ts';

function told(events: readonly MergedEvent[]): string {
  return events
    .map((event) => {
      if (event.kind === 'hole')
        return `(${event.hole.before.tradeId},${event.hole.after.tradeId}):${event.hole.missing ?? '?'}`;
      return event.kind === 'trade' || event.kind === 'agg_trade' ? event.tradeId : event.kind;
    })
    .join(' ');
}

const binance = () => new LineMerge({ venue: 'binance', contiguousTradeIds: true });
const bybit = () => new LineMerge({ venue: 'bybit', contiguousTradeIds: false });

describe('LineMerge', () => {
  it('hands the same array on where nothing was to be changed', () => {
    const merge = binance();
    const events = [tradeEvent(5), tradeEvent(6)];
    merge.data(1, [tradeEvent(4)], 0);
    expect(merge.data(1, events, 0)).toBe(events);
  });

  it('drops what the slower line repeats, frame by frame and within frames', () => {
    const merge = binance();
    expect(told(merge.data(1, [tradeEvent(4), tradeEvent(5)], 0))).toBe('4 5');
    expect(told(merge.data(2, [tradeEvent(4), tradeEvent(5), tradeEvent(6)], 0))).toBe('6');
    expect(merge.duplicates).toBe(2);
  });

  it('holds behind a hole, per symbol, and lets go after the hold', () => {
    const merge = binance();
    merge.data(1, [tradeEvent(1)], 0);
    expect(told(merge.data(1, [tradeEvent(3)], 10))).toBe('');
    expect(merge.holds).toBe(true);
    expect(told(merge.data(1, [tradeEvent(9, { symbol: 'ETHUSDT' })], 20))).toBe('9');
    expect(told(merge.release(109, { trades: 100, aggTrades: 100 }))).toBe('');
    expect(told(merge.release(110, { trades: 100, aggTrades: 100 }))).toBe('(1,3):1 3');
    expect(merge.holds).toBe(false);
  });

  it('a hole that the other line fills is none', () => {
    const merge = binance();
    merge.data(1, [tradeEvent(1)], 0);
    merge.data(1, [tradeEvent(3)], 10);
    expect(told(merge.data(2, [tradeEvent(2)], 20))).toBe('2 3');
    expect(told(merge.release(1000, { trades: 100, aggTrades: 100 }))).toBe('');
  });

  it('is filled with fetched trades, per symbol, and gives up one symbol alone', () => {
    const merge = binance();
    const eth = { symbol: 'ETHUSDT' };
    merge.data(1, [tradeEvent(1)], 0);
    merge.data(1, [tradeEvent(4)], 10);
    merge.data(1, [tradeEvent(1, eth)], 20);
    merge.data(1, [tradeEvent(3, eth)], 30);
    expect(merge.symbolsHeld(30, 20)).toEqual(['BTCUSDT']);
    expect(merge.holes('BTCUSDT').map(({ before, after }) => [before.tradeId, after.tradeId])).toEqual([['1', '4']]);
    expect(merge.holes('SOLUSDT')).toEqual([]);
    expect(told(merge.fill('BTCUSDT', [tradeEvent(2), tradeEvent(3)]))).toBe('2 3 (1,4):2 4');
    expect(merge.waiting('BTCUSDT')).toBeUndefined();
    expect(merge.waiting('ETHUSDT')).toMatchObject({ tradeId: '3' });
    expect(told(merge.giveUp('ETHUSDT'))).toBe('(1,3):1 3');
    expect(merge.symbolsHeld(1000, 0)).toEqual([]);
    expect(told(merge.giveUp('ETHUSDT'))).toBe('');
  });

  it('gives up only the holes that are old enough', () => {
    const merge = binance();
    for (const [id, now] of [
      [1, 0],
      [3, 10],
      [5, 60],
    ] as const)
      merge.data(1, [tradeEvent(id)], now);
    const holdMs = { trades: 100, aggTrades: 100 };
    expect(told(merge.release(110, holdMs))).toBe('(1,3):1 3');
    expect(merge.holds).toBe(true);
    expect(told(merge.release(160, holdMs))).toBe('(3,5):1 5');
    expect(merge.holds).toBe(false);
  });

  it('Bybit has no past to be filled with', () => {
    const merge = bybit();
    merge.lineJoined(1);
    merge.data(1, [tradeEvent(1), tradeEvent(5)], 0);
    expect([merge.holes('BTCUSDT'), merge.fill('BTCUSDT', [tradeEvent(2)]), merge.giveUp('BTCUSDT')]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it('sequences aggregates by the trade ids that they stand for, apart from the trades', () => {
    const merge = binance();
    expect(told(merge.data(1, [aggTrade(1, 3)], 0))).toBe('1');
    expect(told(merge.data(1, [tradeEvent(1)], 0))).toBe('1');
    expect(told(merge.data(1, [aggTrade(4, 4)], 0))).toBe('4');
    merge.data(1, [aggTrade(7, 9)], 0);
    expect(told(merge.release(100, { trades: 100, aggTrades: 100 }))).toBe('(4,7):2 7');
  });

  it('Bybit: a line that joins is held until it overlaps; the loss of the last line in step lets go', () => {
    const merge = bybit();
    const id = (suffix: number) => `22900000012272139${suffix}`;
    merge.lineJoined(1);
    expect(told(merge.data(1, [tradeEvent(id(14)), tradeEvent(id(18))], 0))).toBe(`${id(14)} ${id(18)}`);
    merge.lineJoined(2);
    expect(told(merge.data(2, [tradeEvent(id(20))], 0))).toBe('');
    expect(told(merge.lineLost(1))).toBe(`(${id(18)},${id(20)}):? ${id(20)}`);
  });

  it('Bybit: one symbol that is mute on a line does not hold up another', () => {
    const merge = bybit();
    merge.lineJoined(1);
    merge.lineJoined(2);
    expect(told(merge.data(1, [tradeEvent(10)], 0))).toBe('10');
    expect(told(merge.data(2, [tradeEvent(77, { symbol: 'ETHUSDT' })], 0))).toBe('77');
  });

  it('of tickers, book tickers and candles only what is newer passes', () => {
    const merge = binance();
    const pass = (line: number, ...events: Parameters<LineMerge['data']>[1]) => merge.data(line, events, 0).length;
    expect([pass(1, ticker()), pass(2, ticker()), pass(2, ticker({ timestamp: 1_723_161_257_000 }))]).toEqual([
      1, 0, 1,
    ]);
    expect([pass(1, bookTicker(7)), pass(2, bookTicker(7)), pass(2, bookTicker(6)), pass(2, bookTicker(8))]).toEqual([
      1, 0, 0, 1,
    ]);
    expect([
      pass(1, kline(0, 10)),
      pass(2, kline(0, 10)),
      pass(2, kline(0, 12)),
      pass(1, kline(60_000, 60_001)),
      pass(2, kline(0, 59_000)),
    ]).toEqual([1, 0, 1, 1, 0]);
    expect([pass(1, kline(0, 10, { interval: '5m' }))]).toEqual([1]);
  });

  it('follows a book whose update ids start again: by its time, or after five seconds without a higher id', () => {
    const timed = bybit();
    timed.data(1, [bookTicker(900, { timestamp: 1000 })], 0);
    expect(timed.data(1, [bookTicker(1, { timestamp: 1001 })], 0)).toHaveLength(1);
    const untimed = binance();
    untimed.data(1, [bookTicker(900, { receivedAt: 1_000_000 })], 0);
    expect(untimed.data(1, [bookTicker(1, { receivedAt: 5_900_000 })], 0)).toHaveLength(0);
    expect(untimed.data(1, [bookTicker(2, { receivedAt: 6_100_000 })], 0)).toHaveLength(1);
  });
});
