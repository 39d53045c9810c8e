import { asyncScheduler } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import type { Gap } from '../../../src/domain/record.ts';
import { feedHeadline } from '../../../src/gateway/rest/feed-headline.ts';
import { GatewayView } from '../../../src/gateway/view/view.ts';
import { gapRecord } from '../../../testing/judges/events.ts';
import { heartbeat, NOW, price } from '../../../testing/records/gateway-records.ts';

let view: GatewayView;
beforeEach(() => {
  view = new GatewayView({ historyTrades: 10, mode: 'failover', scheduler: asyncScheduler, wallClockMs: () => NOW });
});
const beat = (instance: string, at: number, symbols = ['BTCUSDT']) =>
  view.add(heartbeat({ symbols }, { instance, timestamp: NOW + at }));
/** Adds a price of an epoch, received at a time. Returns whether the view took it. */
const tick = (epoch: number, at: number) => view.add(price(String(epoch), { epoch, receivedAt: (NOW + at) * 1000 }));
const present = () => view.series('BTCUSDT')?.tick?.price;

it('GatewayView ignores a record of a previous epoch', () => {
  beat('a', 0);
  expect(tick(2, 100)).toBe(true);
  expect(tick(1, 200)).toBe(false);
  beat('a', 1000);
  expect(tick(1, 1100)).toBe(false);
  expect(present()).toBe('2');
});

it('GatewayView accepts a lower epoch received after a new instance began to serve the symbol', () => {
  beat('a', 0);
  tick(5, 100);
  beat('b', 5000);
  expect(tick(1, 4900)).toBe(false);
  expect(tick(1, 5000)).toBe(true);
  expect(present()).toBe('1');
  beat('b', 6000);
  expect(tick(2, 6100)).toBe(true);
  expect(tick(1, 6200)).toBe(false);
});

it('GatewayView ignores a lower epoch if the new instance serves other symbols or a higher epoch', () => {
  beat('a', 0);
  tick(5, 100);
  beat('b', 5000, ['ETHUSDT']);
  expect(tick(1, 5100)).toBe(false);
  beat('b', 6000, ['BTCUSDT', 'ETHUSDT']);
  tick(6, 6100);
  expect(tick(5, 6200)).toBe(false);
  expect(present()).toBe('6');
});

it('GatewayView has a healed gap once, and no longer counts it as missing', () => {
  const gaps = [gapRecord({ fromId: '1', toId: '5' }), gapRecord({ fromId: '7', toId: '9', outcome: 'unknown' })];
  const [first, second] = gaps as [Gap, Gap];
  for (const gap of gaps) view.add(gap);
  const counted = () => feedHeadline(view).missing.map(({ text }) => text);
  expect(counted()).toEqual(['2 gaps']);
  const healed = gapRecord({ ...first, filled: 7, outcome: 'healed' });
  view.add(healed);
  expect(view.gaps.latest()).toEqual([second, healed]);
  expect(counted()).toEqual(['1 gap']);
  // A repeated record does not open the gap again.
  view.add(first);
  expect(view.gaps.latest()).toEqual([second, healed]);
});
