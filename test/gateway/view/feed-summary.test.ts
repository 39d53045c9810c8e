import { beforeEach, describe, expect, it } from 'vitest';
import type { Environment, Heartbeat } from '../../../src/domain/record.ts';
import { FeedSummary } from '../../../src/gateway/view/feed-summary.ts';
import { heartbeat, NOW, status, venueAge } from '../../../testing/records/gateway-records.ts';

let at = 0;
let feed: FeedSummary;
beforeEach(() => {
  at = 0;
  feed = new FeedSummary(() => ({ wall: NOW + at, monotonic: at }));
});
const beat = (given: Partial<Heartbeat> = {}, fields = {}) =>
  feed.add(heartbeat(given, { timestamp: NOW + at, ...fields }));
const isStale = (symbol: string, venue: string, environment: Environment = 'simulated') =>
  feed.isStale({ symbol, venue, environment });

describe('FeedSummary: tradability', () => {
  it('is halted before the first heartbeat and from 3 s after the last one', () => {
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'no heartbeat of the feed yet' });
    expect(feed.silentMs).toBeNull();
    beat();
    expect(feed.tradability.state).toBe('allowed');
    at = 2999;
    expect(feed.tradability.state).toBe('allowed');
    at = 3000;
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'the feed is silent: no heartbeat for 3000 ms' });
    beat();
    expect(feed.tradability.state).toBe('allowed');
  });

  it('is halted at once when the feed reports that it stopped', () => {
    beat();
    feed.add(status('stopped'));
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'the feed was stopped' });
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    beat({}, { instance: 'b' });
    expect(feed.tradability.state).toBe('allowed');
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
  });

  it('follows trading_halted and trading_resumed at once, without a heartbeat', () => {
    beat();
    feed.add(status('trading_halted', { reason: 'no data' }));
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'no data' });
    feed.add(status('trading_resumed'));
    expect(feed.tradability).toEqual({ state: 'allowed', reason: '' });
    feed.add(status('trading_halted', { reason: 'no data', instance: 'b' }));
    expect(feed.tradability.state).toBe('allowed');
  });

  it('is halted by a heartbeat whose field trading is empty or unknown', () => {
    for (const trading of ['', 'perhaps']) {
      beat();
      expect(feed.tradability.state).toBe('allowed');
      beat({ trading, tradingReason: 'no word' });
      expect(feed.tradability).toEqual({ state: 'halted', reason: 'no word' });
    }
  });

  it('is halted while heartbeats are stamped more than a second ahead of this machine’s clock', () => {
    feed.add(heartbeat({}, { timestamp: NOW + 1000 }));
    expect(feed.tradability.state).toBe('allowed');
    feed.add(heartbeat({}, { timestamp: NOW + 1001 }));
    expect(feed.tradability).toEqual({
      state: 'halted',
      reason: "a heartbeat of the feed is stamped 1001 ms ahead of this machine's clock",
    });
    beat();
    expect(feed.tradability.state).toBe('allowed');
  });

  it('is halted after a heartbeat that is already 60 s old', () => {
    feed.add(heartbeat({}, { timestamp: NOW - 60_000 }));
    expect(feed.silentMs).toBe(60_000);
    expect(feed.tradability.state).toBe('halted');
  });

  it('is halted if one instance halts or sends no heartbeat, until another names its symbols', () => {
    beat({ symbols: ['BTCUSDT'] });
    beat(
      { symbols: ['ETHUSDT'], trading: 'halted', tradingReason: 'no venue', halted: ['ETHUSDT'] },
      { instance: 'b' },
    );
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'no venue' });
    expect(feed.halted).toEqual(['ETHUSDT']);
    at = 4000;
    beat({ symbols: ['BTCUSDT'] });
    expect(feed.silentMs).toBe(4000);
    beat({ symbols: ['BTCUSDT', 'ETHUSDT'] });
    expect(feed.silentMs).toBe(0);
    expect(feed.tradability.state).toBe('allowed');
    expect(feed.halted).toEqual([]);
  });
});

describe('FeedSummary: an instance without symbols', () => {
  const idle = (fields = {}) =>
    beat(
      { symbols: [], trading: 'halted', tradingReason: 'starting' },
      { instance: 'idle', activeVenue: null, ...fields },
    );

  it('does not affect the feed while another instance has symbols', () => {
    for (at = 0; at < 3000; at += 500) {
      beat({ symbols: ['BTCUSDT'] });
      idle();
      expect(feed.tradability).toEqual({ state: 'allowed', reason: '' });
      expect(feed.activeVenue).toBe('bybit');
      expect(feed.instances.lastHeartbeat?.instance).toBe('a');
    }
    beat({ symbols: ['BTCUSDT'] });
    feed.add(status('trading_halted', { instance: 'idle', activeVenue: null }));
    expect(feed.tradability.state).toBe('allowed');
    expect(feed.activeVenue).toBe('bybit');
  });

  it('decides the state of the feed if no instance has symbols', () => {
    idle();
    expect(feed.tradability).toEqual({ state: 'halted', reason: 'starting' });
    idle({ activeVenue: 'binance' });
    expect(feed.activeVenue).toBe('binance');
    expect(feed.silentMs).toBe(0);
  });

  it('counts from its first heartbeat that names a symbol', () => {
    beat({ symbols: ['BTCUSDT'] });
    idle();
    beat({ symbols: ['BTCUSDT'] }, { instance: 'idle', activeVenue: 'binance' });
    expect(feed.activeVenue).toBe('binance');
    expect(feed.instances.lastHeartbeat?.instance).toBe('idle');
  });
});

describe('FeedSummary: stale order books', () => {
  it('include those of all instances, each symbol once', () => {
    beat({ symbols: ['BTCUSDT', 'ETHUSDT'], staleBooks: ['BTCUSDT', 'ETHUSDT'] });
    beat({ symbols: ['SOLUSDT'] }, { instance: 'b' });
    expect(feed.staleBooks).toEqual(['BTCUSDT', 'ETHUSDT']);
    beat({ symbols: ['ETHUSDT', 'SOLUSDT'], staleBooks: ['ETHUSDT'] }, { instance: 'b' });
    expect(feed.staleBooks).toEqual(['BTCUSDT', 'ETHUSDT']);
    beat({ symbols: ['BTCUSDT'] });
    expect(feed.staleBooks).toEqual(['ETHUSDT']);
  });
});

describe('FeedSummary: staleness of a symbol', () => {
  it('is false only after a recent heartbeat that names the symbol and does not halt it', () => {
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    beat({ symbols: ['BTCUSDT', 'ETHUSDT'], halted: ['ETHUSDT'] });
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    expect(isStale('ETHUSDT', 'bybit')).toBe(true);
    expect(isStale('SOLUSDT', 'bybit')).toBe(true);
    at = 3001;
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
  });

  it('follows the reported state of its venue', () => {
    beat();
    feed.add(status('feed_stale', { venue: 'bybit', line: 1, cause: 'socket_dead' }));
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    feed.add(status('feed_stale', { venue: 'bybit', cause: 'socket_dead' }));
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    expect(isStale('BTCUSDT', 'binance')).toBe(false);
    feed.add(status('feed_recovered', { venue: 'bybit' }));
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    feed.add(status('feed_stale', { venue: 'bybit', cause: 'quiet_market' }));
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
  });

  it('ignores a disconnected line while the venue still delivers data', () => {
    beat();
    feed.add(status('disconnected', { venue: 'bybit', reason: 'closed', line: 1 }));
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    at = 1500;
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    beat({ venueAges: [venueAge('bybit', 20)] });
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    expect(feed.venues.get('bybit')?.state).toBe('connected');
  });

  it('is true for data of another environment than that of the feed', () => {
    beat({}, { environment: 'production' });
    expect(isStale('BTCUSDT', 'bybit', 'production')).toBe(false);
    expect(isStale('BTCUSDT', 'bybit', 'testnet')).toBe(true);
  });

  it('is true if the heartbeat of a halted feed reports old data of the venue', () => {
    beat({ venueAges: [venueAge('bybit', 6000)], trading: 'halted' });
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
  });
});

describe('FeedSummary: an instance that starts', () => {
  const ofB = { instance: 'b' } as const;
  const lost = (instance: string) => {
    feed.add(status('feed_stale', { instance, venue: 'bybit', cause: 'socket_dead' }));
    feed.add(status('sink_unavailable', { instance, reason: 'ENOSPC', cause: 'file' }));
  };

  it('does not inherit the stale venues or unavailable sinks of a stopped instance', () => {
    beat();
    lost('a');
    feed.add(status('stopped'));
    expect([...feed.sinksDown]).toEqual([['file', 'ENOSPC']]);
    at = 3000;
    feed.add(status('connected', { ...ofB, sequence: 1, venue: 'bybit', line: 1 }));
    beat({}, ofB);
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'connected', reason: '' });
    expect([...feed.sinksDown]).toEqual([]);
  });

  it('keeps the states that it reported before its first heartbeat', () => {
    beat();
    lost('b');
    beat();
    expect(isStale('BTCUSDT', 'bybit')).toBe(false);
    beat({}, ofB);
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    expect([...feed.sinksDown]).toEqual([['file', 'ENOSPC']]);
  });

  it('does not change the states that another instance reported', () => {
    beat({ symbols: ['BTCUSDT'] });
    lost('a');
    feed.add(status('connected', { ...ofB, sequence: 1, venue: 'bybit', line: 1 }));
    beat({ symbols: ['ETHUSDT'] }, ofB);
    expect(isStale('BTCUSDT', 'bybit')).toBe(true);
    expect(isStale('ETHUSDT', 'bybit')).toBe(false);
    expect([...feed.sinksDown]).toEqual([['file', 'ENOSPC']]);
  });

  it('is forgotten if it never sends a heartbeat', () => {
    lost('b');
    at = 10_000;
    beat();
    expect([...feed.sinksDown]).toEqual([]);
  });
});

describe('FeedSummary: a venue', () => {
  it('is connected while at least one line is connected', () => {
    for (const line of [1, 2]) feed.add(status('connected', { venue: 'bybit', line }));
    feed.add(status('disconnected', { venue: 'bybit', line: 1 }));
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'connected' });
    feed.add(status('disconnected', { venue: 'bybit', line: 2, cause: 'replaced' }));
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'connected' });
    feed.add(status('disconnected', { venue: 'bybit', reason: 'reset', line: 2, cause: 'probing' }));
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'probing', reason: 'reset' });
    feed.add(status('region_blocked', { venue: 'bybit', reason: '451', line: 2 }));
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'region_blocked', reason: '451' });
    feed.add(status('connected', { venue: 'bybit', line: 2 }));
    expect(feed.venues.get('bybit')).toMatchObject({ state: 'connected', reason: '' });
  });

  it('has a data age that increases between heartbeats', () => {
    beat({ venueAges: [venueAge('bybit', 20)] });
    at = 700;
    expect(feed.venues.get('bybit')?.ageMs).toBe(720);
  });
});
