import { describe, expect, it } from 'vitest';
import { LineMerge } from '../../../src/feed/arbitration/merge-lines.ts';
import type { LineData, MergedEvent } from '../../../src/feed/arbitration/merged-event.ts';
import type { TradeSeries } from '../../../src/feed/arbitration/trade-series.ts';
import { aggTrade, bookTicker, kline, ticker, tradeEvent } from '../../../testing/judges/events.ts';

function told(events: readonly MergedEvent[]): string {
  return events
    .map((event) => {
      if (event.kind === 'hole' || event.kind === 'hole_opened') {
        const { before, after, missing, filled } = event.hole;
        const hole = `(${before.id},${after.tradeId}):${missing ?? '?'}${filled === 0 ? '' : ` filled ${filled}`}`;
        return event.kind === 'hole' ? hole : `opened ${hole}`;
      }
      if (event.kind === 'ids_restarted') return `restarted ${event.before.id}>${event.after.tradeId}`;
      return event.kind === 'trade' || event.kind === 'agg_trade' ? event.tradeId : event.kind;
    })
    .join(' ');
}

const binance = () => new LineMerge({ contiguousTradeIds: true, recentTrades: false });
const bybit = (recentTrades = false) => new LineMerge({ contiguousTradeIds: false, recentTrades });

/** Tells events as frames do: each of one symbol. */
function frames(merge: LineMerge, line: number, events: readonly LineData[], now: number): readonly MergedEvent[] {
  const [first, ...others] = events;
  if (first === undefined) return [];
  const of = merge.of(first.symbol);
  if (others.every(({ symbol }) => symbol === first.symbol)) return merge.data(of, line, events, now);
  return [...merge.data(of, line, [first], now), ...frames(merge, line, others, now)];
}

/** The series of a symbol that holds trades back. */
function held(merge: LineMerge, symbol = 'BTCUSDT'): TradeSeries {
  const series = [...merge.holding].find((one) => one.symbol === symbol);
  if (series === undefined) throw new Error(`nothing of ${symbol} is held`);
  return series;
}

describe('LineMerge', () => {
  it('hands the same array on where nothing was to be changed', () => {
    const merge = binance();
    const events = [tradeEvent(5), tradeEvent(6)];
    frames(merge, 1, [tradeEvent(4)], 0);
    expect(frames(merge, 1, events, 0)).toBe(events);
  });

  it('drops what the slower line repeats, frame by frame and within frames', () => {
    const merge = binance();
    expect(told(frames(merge, 1, [tradeEvent(4), tradeEvent(5)], 0))).toBe('4 5');
    expect(told(frames(merge, 2, [tradeEvent(4), tradeEvent(5), tradeEvent(6)], 0))).toBe('6');
    expect(merge.duplicates).toBe(2);
  });

  it('holds behind a hole, per symbol, and lets go after the hold', () => {
    const merge = binance();
    frames(merge, 1, [tradeEvent(1)], 0);
    expect(told(frames(merge, 1, [tradeEvent(3)], 10))).toBe('');
    expect(merge.holding.size).toBe(1);
    expect(told(frames(merge, 1, [tradeEvent(9, { symbol: 'ETHUSDT' })], 20))).toBe('9');
    expect(told(merge.release(merge.holding, 9))).toBe('');
    expect(told(merge.release(merge.holding, 10))).toBe('(1,3):1 3');
    expect(merge.holding.size).toBe(0);
  });

  it('tells once where trades may be missing, and once that they are not', () => {
    const merge = binance();
    const doubts = () => merge.tellDoubts().map(({ before, waits }) => [before?.id, waits]);
    frames(merge, 1, [tradeEvent(1)], 0);
    expect(doubts()).toEqual([]);
    frames(merge, 1, [tradeEvent(3)], 10);
    frames(merge, 1, [tradeEvent(4)], 20);
    expect([doubts(), doubts()]).toEqual([[['1', true]], []]);
    expect(merge.doubts('BTCUSDT')).toMatchObject([{ of: 'trade', before: { id: '1' } }]);
    frames(merge, 2, [tradeEvent(2)], 30);
    expect([doubts(), doubts()]).toEqual([[[undefined, false]], []]);
    expect(merge.doubts('BTCUSDT')).toEqual([]);
    frames(merge, 1, [tradeEvent(6)], 40);
    frames(merge, 2, [tradeEvent(5)], 50);
    expect(doubts()).toEqual([]);
    merge.lineSubscribed(1, ['BTCUSDT'], 60);
    merge.lineLost(1, 70);
    expect(doubts()).toEqual([['6', false]]);
    frames(merge, 2, [tradeEvent(7)], 80);
    expect(doubts()).toEqual([[undefined, false]]);
  });

  it('a hole that the other line fills is none', () => {
    const merge = binance();
    frames(merge, 1, [tradeEvent(1)], 0);
    frames(merge, 1, [tradeEvent(3)], 10);
    expect(told(frames(merge, 2, [tradeEvent(2)], 20))).toBe('2 3');
    expect(told(merge.release(merge.holding))).toBe('');
  });

  it('is filled with fetched trades, per symbol, and gives up one symbol alone', () => {
    const merge = binance();
    const eth = { symbol: 'ETHUSDT' };
    frames(merge, 1, [tradeEvent(1)], 0);
    frames(merge, 1, [tradeEvent(4)], 10);
    frames(merge, 1, [tradeEvent(1, eth)], 20);
    frames(merge, 1, [tradeEvent(3, eth)], 30);
    const btc = held(merge);
    expect(btc.wanted.map(({ before, after }) => [before.id, after?.tradeId])).toEqual([['1', '4']]);
    expect([btc.isDue(29, 20), btc.isDue(30, 20), held(merge, 'ETHUSDT').isDue(30, 20)]).toEqual([false, true, false]);
    expect(told(merge.fill(btc, [tradeEvent(2), tradeEvent(3)]))).toBe('2 3 (1,4):2 filled 2 4');
    expect(btc.waiting).toBeUndefined();
    expect(held(merge, 'ETHUSDT').waiting).toMatchObject({ tradeId: '3' });
    expect(told(merge.release([held(merge, 'ETHUSDT')]))).toBe('(1,3):1 3');
    expect(merge.holding.size).toBe(0);
  });

  it('gives up only the holes that are old enough', () => {
    const merge = binance();
    for (const [id, now] of [
      [1, 0],
      [3, 10],
      [5, 60],
    ] as const)
      frames(merge, 1, [tradeEvent(id)], now);
    expect(told(merge.release(merge.holding, 10))).toBe('(1,3):1 3');
    expect(merge.holding.size).toBe(1);
    expect(told(merge.release(merge.holding, 60))).toBe('(3,5):1 5');
    expect(merge.holding.size).toBe(0);
  });

  it('names the series that begin to hold trades back, once', () => {
    const merge = binance();
    frames(merge, 1, [tradeEvent(1), tradeEvent(4)], 10);
    expect([...merge.newlyHeld()].map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
    expect([...merge.newlyHeld()]).toEqual([]);
    merge.release(merge.holding, 5);
    expect([...merge.newlyHeld()]).toEqual([]);
    frames(merge, 1, [tradeEvent(7)], 11);
    expect([...merge.newlyHeld()]).toHaveLength(1);
  });

  it('announces a hole once it has outlasted the other line, once', () => {
    const merge = binance();
    frames(merge, 1, [tradeEvent(1), tradeEvent(4)], 10);
    const [series] = [...merge.newlyHeld()] as [TradeSeries];
    const tell = (now: number) => told(merge.tell(series, now, 100));
    expect([tell(109), tell(110), tell(111)]).toEqual(['', 'opened (1,4):2', '']);
    expect(told(frames(merge, 2, [tradeEvent(2), tradeEvent(3)], 120))).toBe('2 3 (1,4):2 filled 2 4');
  });

  it('goes on where a former run ended, trades and aggregates apart, unless that is to be forgotten', () => {
    const merge = binance();
    const mark = (id: number) => ({ id: String(id), timestamp: 1 });
    merge.resume('BTCUSDT', { trade: mark(10), aggTrade: mark(8) });
    merge.resume('ETHUSDT', { trade: mark(10), aggTrade: null });
    const eth = { symbol: 'ETHUSDT' };
    expect(told(frames(merge, 1, [tradeEvent(13), aggTrade(9, 10), tradeEvent(15, eth), aggTrade(7, 9, eth)], 0))).toBe(
      '9 7',
    );
    expect(told(merge.forget('ETHUSDT'))).toBe('15');
    expect(told(merge.forget('SOLUSDT'))).toBe('');
    expect(told(merge.fill(held(merge), [tradeEvent(11), tradeEvent(12)]))).toBe('11 12 (10,13):2 filled 2 13');
    expect(told(merge.forget('BTCUSDT'))).toBe('');
  });

  it('tells that a venue counts anew, with the last id of the former count', () => {
    const merge = binance();
    frames(merge, 1, [tradeEvent(1000, { timestamp: 5 })], 0);
    expect(told(frames(merge, 1, [tradeEvent(3, { timestamp: 9 })], 0))).toBe('restarted 1000>3 3');
    const resumed = binance();
    resumed.resume('BTCUSDT', { trade: { id: '1000', timestamp: 5 }, aggTrade: null });
    expect(told(frames(resumed, 1, [tradeEvent(3, { timestamp: 9 }), tradeEvent(4, { timestamp: 10 })], 0))).toBe(
      'restarted 1000>3 3 4',
    );
    expect(resumed.holding.size).toBe(0);
  });

  it('Bybit waits for its last trades only where they can be asked for', () => {
    const merge = bybit();
    merge.lineJoined(1);
    frames(merge, 1, [tradeEvent(1), tradeEvent(5)], 0);
    merge.lineLost(1, 0);
    merge.lineJoined(2);
    expect(told(merge.lineSubscribed(2, ['BTCUSDT'], 0))).toBe('');
    expect(merge.holding.size).toBe(0);
    expect(told(frames(merge, 2, [tradeEvent(9)], 0))).toBe('(5,9):? 9');
  });

  it('Bybit: from the acknowledgement on a symbol waits for its last trades, others do not', () => {
    const merge = bybit(true);
    const eth = { symbol: 'ETHUSDT' };
    merge.lineJoined(1);
    frames(merge, 1, [tradeEvent(10), tradeEvent(11, eth)], 0);
    merge.lineLost(1, 0);
    expect(merge.holding.size).toBe(0);
    merge.lineJoined(2);
    merge.lineSubscribed(2, ['BTCUSDT', 'SOLUSDT'], 100);
    expect([...merge.holding].map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
    expect(held(merge).isDue(100, 500)).toBe(true);
    expect(held(merge).wanted).toEqual([
      { before: { id: '10', timestamp: tradeEvent(10).timestamp }, after: undefined },
    ]);
    expect(told(frames(merge, 2, [tradeEvent(17)], 110))).toBe('');
    expect(told(frames(merge, 2, [tradeEvent(1, { symbol: 'SOLUSDT' })], 110))).toBe('1');
    expect(told(merge.fill(held(merge), [tradeEvent(9), tradeEvent(10), tradeEvent(14)]))).toBe(
      '14 (10,17):1 filled 1 17',
    );
    expect(merge.holding.size).toBe(0);
    // The first trade does where no acknowledgement came.
    expect(told(frames(merge, 2, [tradeEvent(15, eth)], 120))).toBe('');
    expect(held(merge, 'ETHUSDT').waiting).toMatchObject({ tradeId: '15' });
  });

  it('Bybit: a symbol that no line carries for a time names a hole, others do not', () => {
    const merge = bybit();
    merge.lineJoined(1);
    merge.lineSubscribed(1, ['BTCUSDT', 'ETHUSDT'], 0);
    frames(merge, 1, [tradeEvent(10), tradeEvent(11, { symbol: 'ETHUSDT' })], 0);
    expect(told(merge.unsubscribed('BTCUSDT', 0))).toBe('');
    expect(merge.doubts('BTCUSDT')).toMatchObject([{ before: { id: '10' } }]);
    // Before the subscription is acknowledged.
    expect(told(frames(merge, 1, [tradeEvent(15)], 0))).toBe('(10,15):? 15');
    expect(told(frames(merge, 1, [tradeEvent(16, { symbol: 'ETHUSDT' })], 0))).toBe('16');
    expect(told(merge.unsubscribed('SOLUSDT', 0))).toBe('');
  });

  it('Bybit: a line takes the place of another without a hole, as the recent trades tell', () => {
    const merge = bybit(true);
    merge.lineJoined(1);
    frames(merge, 1, [tradeEvent(10)], 0);
    merge.lineJoined(2);
    merge.lineSubscribed(2, ['BTCUSDT'], 0);
    frames(merge, 2, [tradeEvent(14)], 0);
    expect(told(merge.lineHandedOver(1, 2, 0))).toBe('');
    expect(told(merge.fill(held(merge), [tradeEvent(10), tradeEvent(14)]))).toBe('14');
    expect(told(merge.lineLost(1, 0))).toBe('');
    expect(told(frames(merge, 2, [tradeEvent(15)], 0))).toBe('15');
    expect(merge.holding.size).toBe(0);
  });

  it('Bybit: what the heir of a line was refused ends with the former one', () => {
    const merge = bybit();
    for (const line of [1, 2]) {
      merge.lineJoined(line);
      merge.lineSubscribed(line, ['BTCUSDT', 'ETHUSDT'], 0);
    }
    for (const line of [1, 2]) frames(merge, line, [tradeEvent(10), tradeEvent(11, { symbol: 'ETHUSDT' })], 0);
    merge.lineJoined(3);
    merge.lineSubscribed(3, ['ETHUSDT'], 0);
    frames(merge, 3, [tradeEvent(11, { symbol: 'ETHUSDT' })], 0);
    merge.lineHandedOver(2, 3, 0);
    merge.lineLost(1, 0);
    merge.lineJoined(1);
    merge.lineSubscribed(1, ['BTCUSDT', 'ETHUSDT'], 0);
    expect(told(frames(merge, 1, [tradeEvent(15)], 0))).toBe('(10,15):? 15');
    expect(told(frames(merge, 3, [tradeEvent(16, { symbol: 'ETHUSDT' })], 0))).toBe('16');
  });

  it('sequences aggregates by the trade ids that they stand for, apart from the trades', () => {
    const merge = binance();
    expect(told(frames(merge, 1, [aggTrade(1, 3)], 0))).toBe('1');
    expect(told(frames(merge, 1, [tradeEvent(1)], 0))).toBe('1');
    expect(told(frames(merge, 1, [aggTrade(4, 4)], 0))).toBe('4');
    frames(merge, 1, [aggTrade(7, 9)], 0);
    expect(told(merge.release(merge.holding))).toBe('(4,7):2 7');
  });

  it('Bybit: a line that joins is held until it overlaps; the loss of the last line in step lets go', () => {
    const merge = bybit();
    const id = (suffix: number) => `22900000012272139${suffix}`;
    merge.lineJoined(1);
    expect(told(frames(merge, 1, [tradeEvent(id(14)), tradeEvent(id(18))], 0))).toBe(`${id(14)} ${id(18)}`);
    merge.lineJoined(2);
    expect(told(frames(merge, 2, [tradeEvent(id(20))], 0))).toBe('');
    expect(told(merge.lineLost(1, 0))).toBe(`(${id(18)},${id(20)}):? ${id(20)}`);
  });

  it('Bybit: trades of one frame that are too late for the same place are one hole', () => {
    const merge = bybit();
    merge.lineJoined(1);
    const late = [11, 14, 17].map((id) => tradeEvent(id));
    expect(told(frames(merge, 1, [tradeEvent(10), tradeEvent(20), tradeEvent(30)], 0))).toBe('10 20 30');
    expect(told(frames(merge, 1, [...late, tradeEvent(25), tradeEvent(40)], 0))).toBe('(10,20):3 (20,30):1 40');
  });

  it('Bybit: one symbol that is mute on a line does not hold up another', () => {
    const merge = bybit();
    merge.lineJoined(1);
    merge.lineJoined(2);
    expect(told(frames(merge, 1, [tradeEvent(10)], 0))).toBe('10');
    expect(told(frames(merge, 2, [tradeEvent(77, { symbol: 'ETHUSDT' })], 0))).toBe('77');
  });

  it('of tickers, book tickers and candles only what is newer passes', () => {
    const merge = binance();
    const pass = (line: number, ...events: LineData[]) => frames(merge, line, events, 0).length;
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

  it('passes the end of a candle that comes behind the next one, once', () => {
    const merge = binance();
    const pass = (line: number, event: LineData) => frames(merge, line, [event], 0).length;
    const end = kline(0, 59_999, { closed: true });
    expect([
      pass(1, kline(0, 10)),
      pass(2, kline(60_000, 60_001)),
      pass(1, end),
      pass(2, end),
      pass(1, kline(0, 59_000)),
      pass(1, kline(60_000, 60_001)),
      pass(2, kline(60_000, 60_002)),
    ]).toEqual([1, 1, 1, 0, 0, 0, 1]);
  });

  it('follows a book whose update ids start again: by its time, or after five seconds without a higher id', () => {
    const timed = bybit();
    frames(timed, 1, [bookTicker(900, { timestamp: 1000 })], 0);
    expect(frames(timed, 1, [bookTicker(1, { timestamp: 1001 })], 0)).toHaveLength(1);
    const untimed = binance();
    frames(untimed, 1, [bookTicker(900, { receivedAt: 1_000_000 })], 0);
    expect(frames(untimed, 1, [bookTicker(1, { receivedAt: 5_900_000 })], 0)).toHaveLength(0);
    expect(frames(untimed, 1, [bookTicker(2, { receivedAt: 6_100_000 })], 0)).toHaveLength(1);
  });
});
