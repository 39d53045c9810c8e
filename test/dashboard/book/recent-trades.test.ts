import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeLarge, mergeTrades, tradeKey } from '../../../dashboard/book/recent-trades.ts';
import type { TradeJson } from '../../../src/gateway/api/record-schema.ts';

function trade(id: string, timestamp: number): TradeJson {
  return {
    venue: 'bybit',
    symbol: 'BTCUSDT',
    venue_symbol: 'BTCUSDT',
    coin: 'BTC',
    environment: 'simulated',
    epoch: 1,
    received_at: timestamp * 1000,
    price: '1',
    quantity: '1',
    is_buyer_maker: false,
    timestamp,
    event_time: null,
    trade_id: id,
    last_trade_id: null,
    conditions: [],
    source: 'live',
    timestamp_us: null,
  };
}

it('mergeTrades merges overlapping lists of trades without duplicates, newest first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 40 }), fc.array(fc.nat(60), { maxLength: 40 }), (first, second) => {
      const of = (ids: readonly number[]) => ids.map((id) => trade(String(id), Math.floor(id / 3)));
      const merged = mergeTrades(mergeTrades([], of(first)), of(second));
      const wanted = [...new Set([...first, ...second])].sort((a, b) => b - a);
      expect(merged.map(({ trade_id }) => Number(trade_id))).toEqual(wanted);
    }),
  );
});

it('mergeTrades compares ids as integers of any length', () => {
  const merged = mergeTrades([trade('2500000001227213809', 5)], [trade('999', 5), trade('2500000001227213810', 5)]);
  expect(merged.map(({ trade_id }) => trade_id)).toEqual(['2500000001227213810', '2500000001227213809', '999']);
});

it('mergeTrades keeps the newest 1,000 trades', () => {
  const many = Array.from({ length: 1500 }, (_, at) => trade(String(at), at));
  const merged = mergeTrades([], many);
  expect(merged).toHaveLength(1000);
  expect(merged[0]).toBe(many.at(-1));
});

it('mergeLarge keeps the latest 240 large trades by key', () => {
  const large = Array.from({ length: 500 }, (_, at) => ({
    ...trade(String(at), at),
    average_quantity: '1',
    multiple: at,
  }));
  const known = mergeLarge(new Map(), large);
  expect(known.size).toBe(240);
  expect(known.get(tradeKey(trade('499', 499)))?.multiple).toBe(499);
  expect(mergeLarge(known, [])).toBe(known);
});
