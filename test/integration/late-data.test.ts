import { describe, expect, it, vi } from 'vitest';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { compareTrades } from '../../testing/judges/journal.ts';

vi.setConfig({ maxConcurrency: 4 });

const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 30_000 } };
/**
 * Limits a link to this many bytes a second, a small part of the data. Each second, it falls behind by almost a second.
 */
const SLOW = { fault: 'slow_trickle', count: 5000 } as const;

describe.concurrent.each(['bybit', 'binance'] as const)('data of %s that arrives late over a slow link', (venue) => {
  const standby = venue === 'bybit' ? 'binance' : 'bybit';
  const feed = { venues: [venue, standby], channels: ['trade'], stale_after_ms: 3000, fail_back_after_ms: 1000 };
  const options = {
    ...{ coins: ['BTC'], rates: { [venue]: 1000, [standby]: 300 }, feed: { ...feed, max_event_lag_ms: 1000 } },
    ...{ venue: BRISK, measuresClocks: true },
  };

  it('on one line causes a new connection, and no trade is missing', async () => {
    await using simulated = await SimulatedFeed.start(options);
    await simulated.moreTrades(100, venue);
    simulated.simulator.fault({ venue, ...SLOW, line: 1 });
    await simulated.untilStatus({ state: 'feed_stale', venue, line: 1, cause: 'late' });
    await simulated.untilStatus({ state: 'session_rotated', venue, line: 1, cause: 'late' });
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'feed_recovered', venue, line: 1 });
    await simulated.moreTrades(100, venue);
    expect(simulated.statuses({ state: 'failed_over' }).filter(({ switch: of }) => of?.from === venue)).toEqual([]);
    expect(simulated.of('gap')).toEqual([]);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });

  it('on all lines causes a failover, and a failback once it is in time again', async () => {
    await using simulated = await SimulatedFeed.start(options);
    await simulated.moreTrades(100, venue);
    simulated.simulator.fault({ venue, ...SLOW, line: 'all' });
    await simulated.untilStatus({ state: 'feed_stale', venue, line: null, cause: 'late', details: { place: 'venue' } });
    await simulated.untilStatus({ state: 'failed_over', venue: standby });
    await simulated.moreTrades(50, standby);
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'feed_recovered', venue, line: null });
    await simulated.untilStatus({ state: 'failed_back', venue });
    await simulated.moreTrades(50, venue);
    const lags = simulated.statuses({ state: 'heartbeat' }).flatMap(({ heartbeat }) => heartbeat?.venueAges ?? []);
    expect(Math.max(...lags.map((age) => (age.venue === venue ? (age.eventLagMs ?? 0) : 0)))).toBeGreaterThan(1000);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });

  it('of every venue halts trading and opens no connection', async () => {
    await using simulated = await SimulatedFeed.start({ ...options, rates: { [venue]: 1000, [standby]: 1000 } });
    await simulated.moreTrades(100, venue);
    await simulated.untilStatus({ state: 'trading_resumed' });
    const late = { state: 'feed_stale', line: null, cause: 'late' } as const;
    simulated.simulator.fault({ venue: standby, ...SLOW, line: 'all' });
    await simulated.untilStatus({ ...late, venue: standby });
    simulated.simulator.fault({ venue, ...SLOW, line: 'all' });
    await simulated.untilStatus({ ...late, venue, details: { place: 'process' } });
    await simulated.untilStatus({ state: 'trading_halted' });
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'trading_resumed' }, { count: 2 });
    expect(simulated.statuses({ state: 'session_rotated' })).toEqual([]);
    expect(simulated.statuses({ state: 'disconnected' })).toEqual([]);
    expect(simulated.statuses({ state: 'failed_over' }).filter(({ switch: of }) => of?.from === venue)).toEqual([]);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });
});
