import { describe, expect, it } from 'vitest';
import { NEW_VENUE, nextVenueState, type VenueState } from '../../../src/feed/liveness/venue-state.ts';
import type { StatusNote } from '../../../src/feed/status/status-log.ts';
import type { VenueSignal } from '../../../src/feed/venue-signal.ts';

const after = (...signals: readonly VenueSignal[]): VenueState => signals.reduce(nextVenueState, NEW_VENUE);
const note = (
  state: 'disconnected' | 'rate_limited' | 'feed_stale' | 'feed_recovered',
  facts: Partial<StatusNote> = {},
): VenueSignal => ({ kind: 'status', note: { state, reason: 'why', ...facts } });
const events: VenueSignal = { kind: 'events', symbol: 'BTCUSDT', receivedAt: 1, events: [] };

describe('nextVenueState', () => {
  it('is the same object where nothing changes, as with every frame after the first', () => {
    const state = after(events);
    expect(state.hasData).toBe(true);
    expect(nextVenueState(state, events)).toBe(state);
  });

  it('follows connections, with the reason of the last loss until there is one again', () => {
    const lost = after({ kind: 'connected' }, note('disconnected', { line: 1, cause: 'probing' }), {
      kind: 'disconnected',
      blocked: true,
    });
    expect(lost).toMatchObject({ connected: false, blocked: true, probing: true, reason: 'why' });
    expect(nextVenueState(lost, { kind: 'connected' })).toMatchObject({
      connected: true,
      blocked: false,
      probing: false,
      reason: '',
    });
  });

  it('tells a quiet market from a stale venue, and a line or a coin from the venue', () => {
    expect(after(note('feed_stale', { cause: 'quiet_market' }))).toMatchObject({ quiet: true, stale: false });
    expect(after(note('feed_stale', { cause: 'quiet_market' }), note('feed_recovered'))).toMatchObject({
      quiet: false,
    });
    expect(after(note('feed_stale', { cause: 'quiet_market', line: 1 }))).toBe(NEW_VENUE);
    expect(after(note('feed_stale', { cause: 'quiet_market', symbol: 'BTCUSDT' }))).toBe(NEW_VENUE);
    expect(after({ kind: 'stale' })).toMatchObject({ stale: true });
    expect(after({ kind: 'stale' }, { kind: 'recovered' })).toMatchObject({ stale: false });
  });

  it('remembers a rate limit until the next connection', () => {
    expect(after(note('rate_limited'))).toMatchObject({ limited: true });
    expect(after(note('rate_limited'), { kind: 'connected' })).toMatchObject({ limited: false });
  });
});
