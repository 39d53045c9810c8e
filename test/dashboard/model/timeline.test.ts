import { describe, expect, it } from 'vitest';
import { type Present, timeline } from '../../../dashboard/model/timeline.ts';
import type { StatusJson } from '../../../src/gateway/api/record-schema.ts';
import { statusEvent } from '../status-event.ts';

const present: Present = {
  venues: [
    { venue: 'bybit', state: 'connected', active: true },
    { venue: 'binance', state: 'connected', active: false },
  ],
  halted: false,
};

const of = (venue: string, state: string, at: number, fields: Partial<StatusJson> = {}) =>
  statusEvent(state, at, { venue, ...fields });
const seam = (from: string | null, to: string): StatusJson['switch'] => ({
  from,
  to,
  last_id: null,
  last_timestamp: null,
  first_id: null,
  first_timestamp: null,
});
const switched = (at: number, from: string | null, to: string, state = 'failed_over') =>
  of(to, state, at, { switch: seam(from, to) });

function lanes(events: readonly StatusJson[], now = present) {
  return timeline(events, now, 0, 100).lanes;
}

describe('the states of a timeline', () => {
  it('are the present states if there are no events', () => {
    expect(lanes([]).map(({ states }) => states)).toEqual([
      [{ from: 0, to: 100, state: 'up' }],
      [{ from: 0, to: 100, state: 'up' }],
    ]);
  });

  it('end when the last line disconnects, and begin when the first line connects', () => {
    const events = [
      of('bybit', 'connected', -20, { line: 1 }),
      of('bybit', 'connected', -19, { line: 2 }),
      of('bybit', 'disconnected', 30, { line: 1 }),
      of('bybit', 'disconnected', 40, { line: 2 }),
      of('bybit', 'connected', 60, { line: 2 }),
    ];
    expect(lanes(events)[0]?.states).toEqual([
      { from: 0, to: 40, state: 'up' },
      { from: 40, to: 60, state: 'down' },
      { from: 60, to: 100, state: 'up' },
    ]);
  });

  it('change from stale to up, and ignore an idle market, a single line and a single coin', () => {
    const events = [
      of('bybit', 'feed_stale', 5, { cause: 'quiet_market' }),
      of('bybit', 'feed_stale', 6, { cause: 'socket_dead', line: 1 }),
      statusEvent('feed_stale', 7, { venue: 'bybit', symbol: 'ARBUSDT', coin: 'ARB', cause: 'subscription_mute' }),
      of('bybit', 'feed_stale', 20, { cause: 'subscription_mute' }),
      of('bybit', 'feed_recovered', 50),
    ];
    expect(lanes(events)[0]?.states).toEqual([
      { from: 0, to: 20, state: 'up' },
      { from: 20, to: 50, state: 'stale' },
      { from: 50, to: 100, state: 'up' },
    ]);
  });

  it('stay down if a venue that is down becomes stale', () => {
    const away: Present = { ...present, venues: [{ venue: 'bybit', state: 'region_blocked', active: false }] };
    const events = [of('bybit', 'region_blocked', 30), of('bybit', 'feed_stale', 35, { cause: 'socket_dead' })];
    expect(lanes(events, away)[0]?.states.at(-1)).toEqual({ from: 30, to: 100, state: 'down' });
  });
});

describe('the epochs of a timeline', () => {
  it('last from switch to switch, and the first one starts at the edge of the window', () => {
    const [bybit, binance] = lanes([switched(30, 'bybit', 'binance'), switched(70, 'binance', 'bybit', 'failed_back')]);
    expect(bybit?.active).toEqual([
      { from: 0, to: 30, state: true },
      { from: 70, to: 100, state: true },
    ]);
    expect(binance?.active).toEqual([{ from: 30, to: 70, state: true }]);
  });

  it('have their switches listed, except for the switch of a single coin', () => {
    const fields = { symbol: 'ARBUSDT', coin: 'ARB', switch: seam('bybit', 'binance') };
    const single = of('binance', 'failed_over', 50, fields);
    const { switches } = timeline([switched(30, null, 'binance'), single], present, 0, 100);
    expect(switches).toEqual([{ at: 30, from: null, to: 'binance' }]);
  });
});

describe('the halts of a timeline', () => {
  it('last from halted to resumed, from the start of the window if they began before it', () => {
    const events = [
      statusEvent('trading_resumed', 10),
      statusEvent('trading_halted', 40, { reason: 'stale' }),
      statusEvent('trading_resumed', 60),
    ];
    expect(timeline(events, present, 0, 100).halts).toEqual([
      { from: 0, to: 10, state: '' },
      { from: 40, to: 60, state: 'stale' },
    ]);
  });

  it('last until now while trading is halted', () => {
    const halts = timeline([statusEvent('trading_halted', 90)], { ...present, halted: true }, 0, 100).halts;
    expect(halts).toEqual([{ from: 90, to: 100, state: 'trading_halted' }]);
  });
});

it('timeline draws nothing from before the start of the feed', () => {
  const events = [statusEvent('connecting', 60, { venue: 'bybit', sequence: 1 }), statusEvent('trading_resumed', 70)];
  const { lanes: drawn, halts } = timeline(events, present, 0, 100);
  expect(drawn.flatMap(({ states, active }) => [...states, ...active]).every(({ from }) => from >= 60)).toBe(true);
  expect(halts).toEqual([{ from: 60, to: 70, state: '' }]);
});

it('timeline marks events of a coin inside the window, and no event from before it', () => {
  const events = [
    of('bybit', 'disconnected', -5),
    statusEvent('gap_repaired', 20, { venue: 'bybit', coin: 'BTC' }),
    of('bybit', 'connected', 30),
  ];
  expect(lanes(events)[0]?.marks).toEqual([{ at: 20, kind: 'repaired', text: 'gap_repaired' }]);
});
