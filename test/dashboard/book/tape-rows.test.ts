import { describe, expect, it } from 'vitest';
import { isAtLeast, tapeRows } from '../../../dashboard/book/tape-rows.ts';
import { toJson } from '../../../src/codec/json-view.ts';
import type { GapJson, TradeJson } from '../../../src/gateway/api/record-schema.ts';
import { tradeEvent } from '../../../testing/judges/events.ts';

const trade = (id: number, timestamp: number, fields: Partial<TradeJson> = {}): TradeJson => ({
  ...(toJson(tradeEvent(id, { timestamp })) as TradeJson),
  ...fields,
});
const gap = (fields: Partial<GapJson>): GapJson => ({
  venue: 'bybit',
  symbol: 'BTCUSDT',
  epoch: 1,
  channel: 'trade',
  from_id: '1',
  to_id: '2',
  from_time: 100,
  to_time: 200,
  missing: 5,
  filled: 2,
  outcome: 'unrepaired',
  environment: 'simulated',
  ...fields,
});
const textsOf = (...given: Parameters<typeof tapeRows>) =>
  tapeRows(...given).map((row) => (row.kind === 'trade' ? Number(row.trade.trade_id) : row.text));

describe('tapeRows', () => {
  const trades = [trade(3, 300), trade(2, 200), trade(1, 100)];

  it('marks where trades are missing, between the trades before and after', () => {
    expect(textsOf(trades, [gap({})], [])).toEqual([3, 2, 'gap: 3 trades missing', 1]);
    expect(textsOf(trades, [gap({ missing: null })], [])).toEqual([3, 2, 'gap: trades may be missing', 1]);
    expect(textsOf(trades, [gap({ outcome: 'repaired', filled: 5 })], [])).toEqual([3, 2, 1]);
  });

  it('marks the trades that the gateway left out, the newest on top', () => {
    const missed = [
      { after: 200, count: 1 },
      { after: 300, count: 1234 },
    ];
    expect(textsOf(trades, [], missed)).toEqual([
      '1,234 trades left out: page too slow',
      3,
      '1 trade left out: page too slow',
      2,
      1,
    ]);
  });

  it('has a key of its own for each row, also for equal misses', () => {
    const missed = [1, 2].map(() => ({ after: 200, count: 1 }));
    const keys = tapeRows(trades, [], missed).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has no marks from before its oldest trade', () => {
    expect(textsOf(trades, [gap({ from_time: 99 })], [{ after: 50, count: 1 }])).toEqual([3, 2, 1]);
    expect(textsOf([], [gap({})], [])).toEqual([]);
  });

  it('marks a switch of the venue with both names', () => {
    expect(textsOf([trade(3, 300, { venue: 'binance' }), trade(2, 200, { venue: 'bybit' })], [], [])).toEqual([
      3,
      '↑ binance · bybit ↓',
      2,
    ]);
  });
});

describe('isAtLeast', () => {
  it('compares exactly, in the base or the quote asset', () => {
    const small = trade(1, 1, { price: '100', quantity: '0.1' });
    expect([isAtLeast('0.1', 'base')(small), isAtLeast('0.100000000000000001', 'base')(small)]).toEqual([true, false]);
    expect([isAtLeast('10', 'quote')(small), isAtLeast('10.01', 'quote')(small)]).toEqual([true, false]);
    expect(isAtLeast(undefined, 'base')(small)).toBe(true);
  });
});
