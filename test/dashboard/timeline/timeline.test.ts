import { describe, expect, it } from 'vitest';
import { type InstanceSpan, lifeEvents } from '../../../dashboard/timeline/instance-spans.ts';
import { type Past, type Present, timeline } from '../../../dashboard/timeline/timeline.ts';
import type { StatusJson } from '../../../src/gateway/api/record-schema.ts';
import { statusEvent } from '../status-event.ts';

const present: Present = {
  venues: [
    { venue: 'bybit', state: 'connected', active: true },
    { venue: 'binance', state: 'connected', active: false },
  ],
  sinks: [{ name: 'file', state: 'up' }],
  trading: 'allowed',
};

const of = (venue: string, state: string, at: number, fields: Partial<StatusJson> = {}) =>
  statusEvent(state, at, { venue, active_venue: 'bybit', ...fields });
const seam = (from: string | null, to: string): StatusJson['switch'] => ({
  from,
  to,
  last_id: null,
  last_timestamp: null,
  first_id: null,
  first_timestamp: null,
});
const switched = (at: number, from: string | null, to: string, state = 'failed_over') =>
  of(to, state, at, { active_venue: to, switch: seam(from, to) });
const span = (from: number, to: number, fields: Partial<InstanceSpan> = {}): InstanceSpan => ({
  instance: 'one',
  from,
  to,
  started: false,
  stopped: false,
  ...fields,
});

/** The time from 0 to 100 s, of an instance that was alive since before it. Times are in seconds. */
function drawn(events: readonly StatusJson[], now = present, past: Partial<Past> = {}) {
  const inMs = events.map((event) => ({ ...event, timestamp: event.timestamp * 1000 }));
  const spans = (past.spans ?? [span(-500, 100)]).map((each) => ({
    ...each,
    from: each.from * 1000,
    to: each.to * 1000,
  }));
  const completeSince = past.completeSince === undefined ? null : (past.completeSince ?? 0) * 1000;
  const knownUntil = (past.knownUntil ?? 100) * 1000;
  const all = [...inMs, ...lifeEvents(spans, knownUntil)].sort((a, b) => a.timestamp - b.timestamp);
  return timeline({ events: all, spans, completeSince, knownUntil }, now, 0, 100_000);
}

/** A lane as `from–to state`, with `*` while the venue served. */
function lane(name: string, ...given: Parameters<typeof drawn>): string[] | undefined {
  const { lanes } = drawn(...given);
  const found = lanes.find((each) => each.name === name);
  return found?.segments.map(
    ({ from, to, state, serves }) => `${from / 1000}–${to / 1000} ${state}${serves ? '*' : ''}`,
  );
}

describe('the timeline shows the truth', () => {
  it('when all venues are down: the active one is down, also inside its turn', () => {
    const events = ['bybit', 'binance'].flatMap((venue) => [
      of(venue, 'disconnected', 30, { line: 1 }),
      of(venue, 'connecting', 31, { line: 1 }),
      of(venue, 'disconnected', 40, { line: 1 }),
      of(venue, 'connected', 64, { line: 1 }),
    ]);
    const halts = [statusEvent('trading_halted', 31, { reason: 'bybit is down' }), statusEvent('trading_resumed', 65)];
    const all = [...events, ...halts].sort((a, b) => a.timestamp - b.timestamp);
    expect(lane('bybit', all)).toEqual(['0–30 up*', '30–64 down*', '64–100 up*']);
    expect(lane('binance', all)).toEqual(['0–30 up', '30–64 down', '64–100 up']);
    expect(lane('Trading', all)).toEqual(['0–31 up', '31–65 halted', '65–100 up']);
  });

  it('when a venue is silent: reconnects of its lines do not make it up', () => {
    const events = [
      of('bybit', 'feed_stale', 20, { cause: 'socket_dead' }),
      switched(21, 'bybit', 'binance'),
      of('bybit', 'disconnected', 22, { line: 1, active_venue: 'binance' }),
      of('bybit', 'connected', 23, { line: 1, active_venue: 'binance' }),
      of('bybit', 'disconnected', 28, { line: 1, active_venue: 'binance' }),
      of('bybit', 'connected', 29, { line: 1, active_venue: 'binance' }),
      of('bybit', 'feed_recovered', 40, { active_venue: 'binance' }),
    ];
    expect(lane('bybit', events)).toEqual([
      '0–20 up*',
      '20–21 stale*',
      '21–22 stale',
      '22–23 down',
      '23–28 stale',
      '28–29 down',
      '29–40 stale',
      '40–100 up',
    ]);
    expect(lane('binance', events)).toEqual(['0–21 up', '21–100 up*']);
  });

  it('while the page is offline: unknown since then, and no feed only before', () => {
    expect(lane('Feed', [], present, { spans: [span(-500, 60)], knownUntil: 61 })).toEqual([
      '0–61 up',
      '61–100 unknown',
    ]);
    expect(lane('bybit', [], present, { spans: [span(-500, 60)], knownUntil: 60 })).toEqual([
      '0–60 up*',
      '60–100 unknown',
    ]);
    expect(lane('Feed', [], present, { spans: [span(-500, 40)], knownUntil: 61 })).toEqual([
      '0–40 up',
      '40–61 none',
      '61–100 unknown',
    ]);
    expect(lane('Feed', [], present, { spans: [span(-500, -60)], knownUntil: -60 })).toEqual(['0–100 unknown']);
  });

  it('when the process was killed: no feed in all lanes until the next instance, which starts halted', () => {
    const events = [
      statusEvent('connecting', 64, { venue: 'bybit', line: 1, instance: 'two', sequence: 1 }),
      statusEvent('connected', 65, { venue: 'bybit', line: 1, instance: 'two', sequence: 2 }),
      { ...switched(66, null, 'bybit'), instance: 'two', sequence: 3 },
      statusEvent('trading_resumed', 67, { instance: 'two', sequence: 4, active_venue: 'bybit' }),
    ];
    const spans = [span(-500, 40), span(64, 100, { instance: 'two', started: true })];
    expect(lane('Trading', events, present, { spans })).toEqual([
      '0–40 unknown',
      '40–64 none',
      '64–67 halted',
      '67–100 up',
    ]);
    expect(lane('Feed', events, present, { spans })).toEqual(['0–40 up', '40–64 none', '64–100 up']);
    expect(lane('bybit', events, present, { spans })).toEqual([
      '0–40 unknown',
      '40–64 none',
      '64–65 connecting',
      '65–66 up',
      '66–100 up*',
    ]);
    expect(lane('file', events, present, { spans })).toEqual(['0–40 unknown', '40–64 none', '64–100 up']);
    const feed = drawn(events, present, { spans }).lanes.find(({ kind }) => kind === 'feed');
    expect(feed?.marks.map(({ at, kind }) => [at / 1000, kind])).toEqual([
      [40, 'feed_lost'],
      [64, 'started'],
    ]);
  });

  it('when the feed behind a gateway is dead at present: no feed from its last heartbeat until now', () => {
    const spans = [span(-500, 70)];
    for (const name of ['Trading', 'Feed', 'bybit', 'binance', 'file'])
      expect(lane(name, [], { ...present, trading: 'halted' }, { spans })?.at(-1)).toBe('70–100 none');
  });

  it('when heartbeats were silent, and the same instance went on', () => {
    const spans = [span(-500, 30), span(50, 100)];
    expect(lane('bybit', [of('bybit', 'connected', -50, { line: 1 })], present, { spans })).toEqual([
      '0–30 up*',
      '30–50 none',
      '50–100 up*',
    ]);
    const { lanes } = drawn([], present, { spans });
    expect(lanes[1]?.marks.map(({ kind }) => kind)).toEqual(['feed_lost', 'started']);
  });

  it('between two heartbeats: the last second counts as alive', () => {
    expect(lane('Feed', [], present, { spans: [span(-500, 98)] })).toEqual(['0–100 up']);
  });

  it('when a sink is down', () => {
    const events = [
      statusEvent('sink_unavailable', 10, { cause: 'file', reason: 'disk full' }),
      statusEvent('sink_recovered', 60, { cause: 'file' }),
    ];
    expect(lane('file', events)).toEqual(['0–10 up', '10–60 down', '60–100 up']);
    expect(lane('file', [], { ...present, sinks: [{ name: 'file', state: 'down' }] })).toEqual(['0–100 down']);
  });

  it('when several instances are alive: the worst state counts, and no feed only if none is alive', () => {
    const spans = [span(-500, 80), span(-500, 90, { instance: 'two' })];
    const events = [
      of('bybit', 'connected', -90, { line: 1 }),
      of('bybit', 'connected', -90, { line: 1, instance: 'two' }),
      of('bybit', 'feed_stale', 30, { cause: 'socket_dead', instance: 'two' }),
      of('bybit', 'feed_recovered', 50, { instance: 'two' }),
    ];
    expect(lane('bybit', events, present, { spans })).toEqual(['0–30 up*', '30–50 stale*', '50–90 up*', '90–100 none']);
  });

  it('of the time before the first event that is known: nothing is drawn', () => {
    const { begun, lanes } = drawn([], present, { completeSince: 60 });
    expect(begun).toBe(60_000);
    expect(lanes.flatMap(({ segments }) => segments.map(({ from }) => from))).toEqual(lanes.map(() => 60_000));
  });
});

describe('the states of a timeline', () => {
  it('are the present states if there are no events', () => {
    expect(lane('bybit', [])).toEqual(['0–100 up*']);
    expect(lane('binance', [])).toEqual(['0–100 up']);
    expect(lane('Trading', [])).toEqual(['0–100 up']);
  });

  it('end when the last line disconnects, and begin when the first line connects', () => {
    const events = [
      of('bybit', 'connected', -20, { line: 1 }),
      of('bybit', 'connected', -19, { line: 2 }),
      of('bybit', 'disconnected', 30, { line: 1 }),
      of('bybit', 'disconnected', 40, { line: 2 }),
      of('bybit', 'connected', 60, { line: 2 }),
    ];
    expect(lane('bybit', events)).toEqual(['0–40 up*', '40–60 down*', '60–100 up*']);
  });

  it('change from stale to up, and ignore an idle market, a single line and a single coin', () => {
    const events = [
      of('bybit', 'feed_stale', 5, { cause: 'quiet_market' }),
      of('bybit', 'feed_stale', 6, { cause: 'socket_dead', line: 1 }),
      of('bybit', 'feed_stale', 7, { symbol: 'ARBUSDT', coin: 'ARB', cause: 'subscription_mute' }),
      of('bybit', 'feed_stale', 20, { cause: 'subscription_mute' }),
      of('bybit', 'feed_recovered', 50),
    ];
    expect(lane('bybit', events)).toEqual(['0–20 up*', '20–50 stale*', '50–100 up*']);
  });

  it('stay down if a venue that is down becomes stale', () => {
    const away: Present = { ...present, venues: [{ venue: 'bybit', state: 'region_blocked', active: false }] };
    const events = [
      of('bybit', 'disconnected', 30, { line: 1 }),
      of('bybit', 'region_blocked', 30, { line: 1 }),
      of('bybit', 'feed_stale', 35, { cause: 'socket_dead' }),
    ];
    expect(lane('bybit', events, away)?.at(-1)).toBe('30–100 down*');
  });
});

describe('the turns of a timeline', () => {
  it('last from switch to switch, and the first one starts at the edge of the window', () => {
    const events = [switched(30, 'bybit', 'binance'), switched(70, 'binance', 'bybit', 'failed_back')];
    expect(lane('bybit', events)).toEqual(['0–30 up*', '30–70 up', '70–100 up*']);
    expect(lane('binance', events)).toEqual(['0–30 up', '30–70 up*', '70–100 up']);
  });

  it('have their switches listed, except for the switch of a single coin', () => {
    const fields = { symbol: 'ARBUSDT', coin: 'ARB', switch: seam('bybit', 'binance') };
    const single = of('binance', 'failed_over', 50, fields);
    const { switches } = drawn([switched(30, null, 'binance'), single]);
    expect(switches).toEqual([{ at: 30_000, from: null, to: 'binance' }]);
  });
});

it('timeline marks events of a coin inside the window, and no event from before it', () => {
  const events = [
    of('bybit', 'disconnected', -5),
    of('bybit', 'gap_repaired', 20, { coin: 'BTC', symbol: 'BTCUSDT', sequence: 7 }),
    of('bybit', 'connected', 30),
  ];
  const bybit = drawn(events).lanes.find(({ name }) => name === 'bybit');
  expect(bybit?.marks).toEqual([{ at: 20_000, kind: 'repaired', text: 'gap_repaired', key: 'one 7 gap_repaired' }]);
});
