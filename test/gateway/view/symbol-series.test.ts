import { expect, it } from 'vitest';
import { SymbolSeries } from '../../../src/gateway/view/symbol-series.ts';
import { kline, priceTick, tradeEvent } from '../../../testing/judges/events.ts';
import { tradeStats } from '../../../testing/records/gateway-records.ts';

const MINUTE_MS = 60_000;

it('the sparkline has the last 60 one-minute closes if they are known, otherwise sampled prices', () => {
  const series = new SymbolSeries(priceTick(), 1000);
  for (let second = 0; second < 12; second++)
    series.add(priceTick({ price: String(second), receivedAt: second * 1_000_000 }), second * 1000);
  expect(series.sparkline).toEqual(['0', '4', '8', '11']);
  for (let minute = 0; minute < 70; minute++)
    series.add(kline(minute * MINUTE_MS, 0, { interval: '1m', close: String(minute), closed: true }), 0);
  expect(series.sparkline).toEqual(Array.from({ length: 60 }, (_, at) => String(at + 10)));
});

it('tradesPerSecond counts only live trades that were received within the last 5 s', () => {
  const series = new SymbolSeries(tradeEvent(1), 1000);
  const at = 1_723_161_260_000;
  const add = (id: number, fields: Partial<ReturnType<typeof tradeEvent>>) =>
    series.add(tradeEvent(id, { receivedAt: at * 1000, ...fields }), at);
  series.sampleRate();
  add(1, {});
  add(2, { source: 'backfill' });
  add(3, { receivedAt: (at - 5001) * 1000 });
  series.sampleRate();
  expect(series.tradesPerSecond).toBe(1);
  expect(series.history.latest()).toHaveLength(3);
});

it('a window keeps its highest revision', () => {
  const series = new SymbolSeries(tradeEvent(1), 1000);
  for (const [revision, trades] of [
    [0, 1],
    [1, 2],
    [0, 1],
  ] as const)
    series.add(tradeStats(0, { revision, trades }), 0);
  series.add(tradeStats(MINUTE_MS, { trades: 5 }), 0);
  expect(series.windows(MINUTE_MS).map(({ trades }) => trades)).toEqual([5, 2]);
});
