import { expect, it } from 'vitest';
import { mergeEvents } from '../../../dashboard/events/event-log.ts';
import { groupEvents } from '../../../dashboard/events/group-events.ts';
import { statusEvent } from '../status-event.ts';

it('mergeEvents keeps each event once, oldest first, without heartbeats', () => {
  const [a, b, c] = [statusEvent('connected', 1), statusEvent('failed_over', 2), statusEvent('failed_back', 3)];
  const merged = mergeEvents([b], [c, a, b, c, statusEvent('heartbeat', 4)]);
  expect(merged).toEqual([a, b, c]);
});

it('mergeEvents returns the same list if no event is new', () => {
  const known = [statusEvent('connected', 1)];
  expect(mergeEvents(known, [...known, statusEvent('heartbeat', 2)])).toBe(known);
});

it('mergeEvents keeps only the newest 8,000 events', () => {
  const many = Array.from({ length: 9000 }, (_, at) => statusEvent('connected', at));
  const merged = mergeEvents([], many);
  expect(merged).toHaveLength(8000);
  expect(merged.at(-1)).toBe(many.at(-1));
});

it('groupEvents groups events of several coins at about the same time, newest first', () => {
  const gap = (coin: string, at: number) => statusEvent('gap_repaired', at, { venue: 'bybit', coin });
  const events = [
    statusEvent('connected', 5000),
    gap('ADA', 6900),
    gap('BTC', 10_000),
    gap('ETH', 10_500),
    gap('BTC', 11_000),
  ];
  expect(
    groupEvents(events).map(({ events: [{ state }, ...others], coins }) => [state, others.length + 1, coins]),
  ).toEqual([
    ['gap_repaired', 3, ['BTC', 'ETH']],
    ['gap_repaired', 1, ['ADA']],
    ['connected', 1, []],
  ]);
});

it('groupEvents gives a group the time of its first event, so a cause is below its effects', () => {
  const lost = (line: number, at: number) => statusEvent('disconnected', at, { venue: 'bybit', line });
  const events = [lost(1, 1000), lost(2, 1010), statusEvent('failed_over', 1500, { venue: 'binance' }), lost(1, 2400)];
  const groups = groupEvents(events);
  expect(groups.map(({ events: [first] }) => first.state)).toEqual(['failed_over', 'disconnected']);
  expect(groups[1]?.events.map(({ timestamp }) => timestamp)).toEqual([1000, 1010, 2400]);
});

it('groupEvents leaves out a connecting that led to connected, but not one that failed', () => {
  const of = (state: string, at: number) => statusEvent(state, at, { venue: 'bybit', line: 1 });
  const events = [
    of('connecting', 0),
    of('disconnected', 100),
    of('connecting', 5000),
    of('connected', 5100),
    of('subscribed', 5200),
  ];
  expect(groupEvents(events).map(({ events: [{ state, timestamp }] }) => [state, timestamp])).toEqual([
    ['connected', 5100],
    ['disconnected', 100],
    ['connecting', 0],
  ]);
});
