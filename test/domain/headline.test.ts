import { describe, expect, it } from 'vitest';
import { type HeadlineState, headlineOf, NOT_SERVING, nextServing } from '../../src/domain/headline.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import { statusRecord } from '../../testing/judges/events.ts';

const AT = Date.UTC(2026, 10, 24, 11, 16, 59);

const venue = (name: string, fields: Partial<HeadlineState['venues'][number]> = {}) => ({
  venue: name,
  state: 'connected' as const,
  active: false,
  ageMs: 20,
  eventLagMs: 53,
  ...fields,
});

/** By default trading is allowed, and bybit has served for ten minutes. */
const state = (fields: Partial<HeadlineState> = {}): HeadlineState => ({
  at: AT,
  mode: 'failover',
  trading: { state: 'allowed', reason: 'ok' },
  serving: { venue: 'bybit', since: AT - 600_000, insteadOf: null, why: '' },
  venues: [venue('bybit', { active: true }), venue('binance')],
  halted: [],
  sinks: [{ name: 'file', state: 'up', reason: '', dropped: 0 }],
  counts: { trades: 7 },
  ...fields,
});

describe('headlineOf', () => {
  it('says that trading is allowed, which venue serves and since when, and the event lag', () => {
    const headline = headlineOf(state());
    expect(headline.text).toBe('trading allowed · venue bybit, since 11:06:59 UTC (10 m) · event lag under 0.1 s');
    expect(headline.announcement).toBe('trading allowed. bybit serves.');
    expect(headline).toMatchObject({ eventLagMs: 53, missing: [], serving: { names: ['bybit'] } });
  });

  it("says a venue's reason without the JSON of its answer", () => {
    const why = 'HTTP 403: {"error":"The distribution is configured to block access from your country"}';
    const serving = { venue: 'binance', since: AT - 44_000, insteadOf: 'bybit', why };
    expect(headlineOf(state({ serving })).serving.text).toBe(
      'binance, since 11:16:15 UTC (44 s), instead of bybit: HTTP 403: The distribution is configured to block access from your country',
    );
  });

  it('says instead of which venue another one serves, and why', () => {
    const serving = { venue: 'binance', since: AT - 44_000, insteadOf: 'bybit', why: 'HTTP 451' };
    const headline = headlineOf(state({ serving }));
    expect(headline.serving.text).toBe('binance, since 11:16:15 UTC (44 s), instead of bybit: HTTP 451');
    expect(headline.announcement).toBe('trading allowed. binance serves, instead of bybit: HTTP 451.');
  });

  it('names no serving venue while the active one is down, stale or not known', () => {
    const trading = { state: 'halted', reason: 'bybit is not connected' } as const;
    for (const down of ['disconnected', 'region_blocked', 'stale', 'connecting'] as const) {
      const venues = [venue('bybit', { active: true, state: down, ageMs: 19_400 }), venue('binance', { state: down })];
      const headline = headlineOf(state({ trading, venues }));
      expect(headline.text).toBe('trading halted: bybit is not connected · venue none (last: bybit, 19 s ago)');
      expect(headline.announcement).toBe('trading halted: bybit is not connected. No venue serves.');
      expect(headline).toMatchObject({ eventLagMs: null, serving: { names: [] } });
    }
    expect(headlineOf(state({ venues: [] })).serving.text).toBe('none (last: bybit)');
    expect(headlineOf(state({ trading, venues: [], serving: NOT_SERVING })).serving.text).toBe('none');
  });

  it('claims nothing about the venues while the state is unknown', () => {
    const trading = { state: 'unknown', reason: 'no heartbeat of the feed', forMs: 26_100 } as const;
    const headline = headlineOf(state({ trading, venues: [venue('bybit', { active: true, ageMs: 26_100 })] }));
    expect(headline.text).toBe(
      'trading unknown: no heartbeat of the feed for 26 s · venue unknown (last: bybit, 26 s ago)',
    );
    expect(headline.announcement).toBe('trading unknown: no heartbeat of the feed.');
    expect(headline.serving.names).toEqual([]);
  });

  it('lists what is missing, and nothing that is zero', () => {
    const { text, missing } = headlineOf(
      state({
        halted: ['ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'LTCUSDT'],
        sinks: [
          { name: 'file', state: 'down', reason: 'file: file: ENOSPC: no space left', dropped: 45_582 },
          { name: 'kafka', state: 'up', reason: '', dropped: null },
        ],
        counts: { gaps: 20, dead_letters: 1 },
      }),
    );
    expect(missing).toEqual([
      { type: 'sink', count: 1, text: 'sink file is down: ENOSPC: no space left' },
      { type: 'dropped', count: 45_582, text: '45,582 records dropped' },
      { type: 'halted', count: 4, text: '4 symbols halted: ETHUSDT, SOLUSDT, XRPUSDT, …' },
      { type: 'gaps', count: 20, text: '20 gaps' },
      { type: 'dead_letters', count: 1, text: '1 dead letter' },
    ]);
    for (const part of missing) expect(text).toContain(` · ${part.text}`);
  });

  it('counts the venues that deliver if each is a feed of its own', () => {
    const venues = [
      venue('bybit', { eventLagMs: 4200 }),
      venue('binance', { state: 'stale', eventLagMs: 90_000 }),
      venue('binance_us', { state: 'idle' }),
    ];
    const headline = headlineOf(state({ mode: 'all', serving: NOT_SERVING, venues }));
    expect(headline.text).toBe('trading allowed · venue bybit (1 of 2) · event lag 4.2 s');
  });

  it('cuts a long reason, and gives the date of a service that began a day ago', () => {
    const why = 'HTTP 451: '.padEnd(300, 'x');
    const serving = { venue: 'binance', since: AT - 90_000_000, insteadOf: 'bybit', why };
    const { text } = headlineOf(state({ serving })).serving;
    expect(text).toMatch(/^binance, since 2026-11-23 10:16:59 UTC \(25 h 00 m\), instead of bybit: HTTP 451: x+…$/);
    expect(text.length).toBeLessThan(160);
  });
});

describe('nextServing', () => {
  const record = ({ state = 'heartbeat', ...fields }: Partial<FeedStatus>): FeedStatus =>
    statusRecord(state, { timestamp: AT, ...fields });
  const switched = (from: string | null, to: string) => ({
    from,
    to,
    lastId: null,
    lastTimestamp: null,
    firstId: null,
    firstTimestamp: null,
  });
  const noReason = () => '';
  const bybit = { venue: 'bybit', since: 5, insteadOf: null, why: '' };

  it('takes the first venue from any record, without a time that it cannot know, and keeps it', () => {
    const first = nextServing(NOT_SERVING, record({}), noReason);
    expect(first).toEqual({ ...bybit, since: null });
    expect(nextServing(first, record({ timestamp: AT + 1000 }), noReason)).toBe(first);
    expect(nextServing(first, record({ activeVenue: null }), noReason)).toBe(first);
  });

  it('takes the reason of a failover from the venue, or else from its cause', () => {
    const failedOver = record({
      state: 'failed_over',
      cause: 'region_blocked',
      activeVenue: 'binance',
      switch: switched('bybit', 'binance'),
    });
    const after = { venue: 'binance', since: AT, insteadOf: 'bybit' };
    expect(nextServing(bybit, failedOver, () => 'HTTP 451')).toEqual({ ...after, why: 'HTTP 451' });
    expect(nextServing(bybit, failedOver, noReason)).toEqual({ ...after, why: 'region blocked' });
    // At a start, instead of the venue of the previous run.
    const atStart = { ...failedOver, cause: 'first' };
    expect(nextServing(bybit, atStart, noReason)).toEqual({ ...after, why: 'binance was ready first' });
  });

  it('replaces nothing after a failback or the first switch', () => {
    const binance = { venue: 'binance', since: 5, insteadOf: 'bybit', why: 'stale' };
    const back = record({ state: 'failed_back', switch: switched('binance', 'bybit') });
    expect(nextServing(binance, back, noReason)).toEqual({ ...bybit, since: AT });
    const first = record({ state: 'failed_over', switch: switched(null, 'bybit') });
    expect(nextServing(NOT_SERVING, first, noReason)).toEqual({ ...bybit, since: AT });
  });

  it('ignores the switch of a single symbol', () => {
    const one = record({ state: 'failed_over', symbol: 'BTCUSDT', switch: switched('bybit', 'binance') });
    expect(nextServing(bybit, one, noReason)).toBe(bybit);
  });

  it('begins again when trading resumes at the same venue', () => {
    expect(nextServing(bybit, record({ state: 'trading_resumed' }), noReason)).toEqual({ ...bybit, since: AT });
  });
});
