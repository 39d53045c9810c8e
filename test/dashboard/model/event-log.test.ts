import { expect, it } from 'vitest';
import { mergeEvents } from '../../../dashboard/model/event-log.ts';
import { groupEvents } from '../../../dashboard/model/group-events.ts';
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

it('mergeEvents keeps only the newest 600 events', () => {
  const many = Array.from({ length: 1000 }, (_, at) => statusEvent('connected', at));
  const merged = mergeEvents([], many);
  expect(merged).toHaveLength(600);
  expect(merged.at(-1)).toBe(many.at(-1));
});

it('groupEvents groups events of several coins at about the same time, newest first', () => {
  const gap = (coin: string, at: number) => statusEvent('gap_repaired', at, { venue: 'bybit', coin });
  const events = [
    statusEvent('connected', 5000),
    gap('ADA', 7900),
    gap('BTC', 10_000),
    gap('ETH', 10_500),
    gap('BTC', 11_000),
  ];
  expect(groupEvents(events, 10).map(({ newest, count, coins }) => [newest.state, count, coins])).toEqual([
    ['gap_repaired', 3, ['BTC', 'ETH']],
    ['gap_repaired', 1, ['ADA']],
    ['connected', 1, []],
  ]);
});

it('groupEvents returns at most the requested number of groups, the newest ones', () => {
  const events = Array.from({ length: 50 }, (_, at) => statusEvent('connected', at * 10_000));
  expect(groupEvents(events, 7).map(({ newest }) => newest)).toEqual(events.slice(-7).toReversed());
});
