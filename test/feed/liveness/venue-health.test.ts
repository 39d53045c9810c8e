import { describe, expect, it } from 'vitest';
import { venueStateName } from '../../../src/domain/venue-state.ts';
import { NEW_HEALTH, nextVenueHealth, type VenueHealth } from '../../../src/feed/liveness/venue-health.ts';
import type { StatusNote } from '../../../src/feed/status/status-numbering.ts';
import type { VenueFeedEvent } from '../../../src/feed/venue-feed-options.ts';

const after = (...events: readonly VenueFeedEvent[]): VenueHealth => events.reduce(nextVenueHealth, NEW_HEALTH);
const note = (
  state: 'connected' | 'disconnected' | 'region_blocked' | 'rate_limited' | 'feed_stale' | 'feed_recovered',
  facts: Partial<StatusNote> = {},
): VenueFeedEvent => ({ kind: 'status', note: { state, reason: 'why', ...facts } });
const events: VenueFeedEvent = { kind: 'value', key: 'BTCUSDT', at: 1, value: [] };
const connected: VenueFeedEvent = { kind: 'connected' };

describe('nextVenueHealth', () => {
  it('returns the same object if nothing changes, as for every frame after the first', () => {
    const state = after(events);
    expect(state.hasData).toBe(true);
    expect(nextVenueHealth(state, events)).toBe(state);
  });

  it('follows the connection, and keeps the reason of its loss until it connects again', () => {
    const lost = after(connected, note('disconnected', { line: 1, cause: 'probing' }));
    expect(lost).toMatchObject({ connected: true, trouble: 'probing', reason: 'why' });
    const blocked = nextVenueHealth(lost, { kind: 'disconnected', blocked: true });
    expect(blocked).toMatchObject({ connected: false, trouble: 'region_blocked', reason: 'why' });
    expect(nextVenueHealth(blocked, connected)).toMatchObject({ connected: true, trouble: null, reason: '' });
  });

  it('distinguishes an idle market from a stale venue, and ignores stale lines and symbols', () => {
    expect(venueStateName(after(connected, note('feed_stale', { cause: 'quiet_market' })))).toBe('quiet');
    expect(venueStateName(after(connected, note('feed_stale', { cause: 'socket_dead' })))).toBe('stale');
    expect(after(note('feed_stale', { cause: 'quiet_market' }), note('feed_recovered')).staleness).toBeNull();
    expect(after(note('feed_stale', { cause: 'quiet_market', line: 1 }))).toBe(NEW_HEALTH);
    expect(after(note('feed_stale', { cause: 'quiet_market', symbol: 'BTCUSDT' }))).toBe(NEW_HEALTH);
  });

  it('keeps a venue connected whose REST hosts refuse us, with their reason until one serves', () => {
    const open = after(connected, note('connected', { line: 1 }));
    const blocked = nextVenueHealth(open, note('region_blocked'));
    expect(blocked).toMatchObject({ connected: true, trouble: null, reason: 'why' });
    expect(nextVenueHealth(blocked, note('connected', { line: 2 })).reason).toBe('why');
    expect(nextVenueHealth(blocked, note('connected')).reason).toBe('');
    expect(nextVenueHealth(open, note('region_blocked', { line: 2 }))).toBe(open);
  });

  it('remembers a rate limit until the next connection', () => {
    const limited = after(note('rate_limited'), note('disconnected'), { kind: 'disconnected', blocked: false });
    expect(venueStateName(limited)).toBe('rate_limited');
    expect(venueStateName(nextVenueHealth(limited, connected))).toBe('connected');
  });
});
