import { expect, it } from 'vitest';
import { FeedHistory } from '../../../src/gateway/view/feed-history.ts';
import { heartbeat, status } from '../../../testing/records/gateway-records.ts';

const beat = (history: FeedHistory, instance: string, sequence: number, timestamp: number) =>
  history.add(heartbeat({}, { instance, sequence, timestamp }));

it('FeedHistory has one span of an instance whose records come at least every 3 s', () => {
  const history = new FeedHistory();
  for (const second of [0, 1, 2, 4]) beat(history, 'a', 7 + second, second * 1000);
  history.add(status('connected', { instance: 'a', sequence: 12, timestamp: 4500 }));
  expect(history.spans).toEqual([{ instance: 'a', from: 0, to: 4500, started: false, stopped: false }]);
});

it('FeedHistory begins a new span after a silence, a restart and a stop', () => {
  const history = new FeedHistory();
  beat(history, 'a', 1, 0);
  beat(history, 'a', 2, 5000);
  history.add(status('stopped', { instance: 'a', sequence: 3, timestamp: 5500 }));
  history.add(status('connecting', { instance: 'b', sequence: 1, timestamp: 7000 }));
  expect(history.spans).toEqual([
    { instance: 'a', from: 0, to: 0, started: true, stopped: false },
    { instance: 'a', from: 5000, to: 5500, started: true, stopped: true },
    { instance: 'b', from: 7000, to: 7000, started: true, stopped: false },
  ]);
});

it('FeedHistory keeps events of venues although thousands of events of symbols follow', () => {
  const history = new FeedHistory();
  history.add(status('failed_over', { venue: 'binance', timestamp: 1 }));
  for (let at = 2; at < 9000; at++)
    history.add(status('gap_repaired', { venue: 'binance', symbol: 'BTCUSDT', coin: 'BTC', timestamp: at }));
  expect(history.latest(4000, false)).toMatchObject({ events: [{ state: 'failed_over' }], completeSince: 1 });
});

it('FeedHistory says since when no event is missing', () => {
  const history = new FeedHistory();
  expect(history.latest(10, true)).toEqual({ events: [], completeSince: null });
  beat(history, 'a', 900, 50);
  for (const at of [100, 200, 300]) history.add(status('connected', { venue: 'bybit', timestamp: at }));
  expect(history.latest(10, true).completeSince).toBe(50);
  const cut = history.latest(2, true);
  expect(cut.events.map(({ timestamp }) => timestamp)).toEqual([300, 200]);
  expect(cut.completeSince).toBe(200);
  for (let at = 400; at < 5000; at++) history.add(status('connected', { venue: 'bybit', timestamp: at }));
  expect(history.latest(10_000, true).completeSince).toBe(1000);
});
