import { describe, expect, it, vi } from 'vitest';
import { causesOf } from '../../testing/feeds/guard-causes.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 4 });

const CHANNELS = ['trade', 'ticker', 'book_ticker', 'depth'] as const;
const FEED = { channels: CHANNELS, stale_after_ms: 2000, coin_stale_after_ms: 3000, fail_back_after_ms: 1000 };
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 1000 } };
const BTC = { symbol: 'BTCUSDT', coin: 'BTC' };

/**
 * Returns the reports of stale BTC data. A line that is stale as a whole does not count: a busy machine may be the
 * cause.
 */
const staleOf = (simulated: SimulatedFeed) =>
  simulated
    .statuses({ state: 'feed_stale' })
    .filter(({ symbol, details }) => symbol === BTC.symbol || details.symbols?.includes(BTC.symbol));

const statusesOf = (simulated: SimulatedFeed) =>
  simulated.of('instrument').flatMap(({ symbol, status }) => (symbol === BTC.symbol ? [status] : []));

/** Waits for several times the limits after which a symbol without data would be stale. */
async function untilLongAfter(simulated: SimulatedFeed): Promise<void> {
  const before = simulated.statuses({ state: 'heartbeat' }).length;
  await until(() => simulated.statuses({ state: 'heartbeat' }).length > before + 8, { timeoutMs: 60_000 });
}

describe.concurrent.each([
  { venue: 'binance', standby: 'bybit', cause: 'halted' },
  { venue: 'bybit', standby: 'binance', cause: 'closed' },
] as const)('a symbol that $venue halts', ({ venue, standby, cause }) => {
  it('is reported once and not subscribed again, and serves again after the halt', async () => {
    await using simulated = await SimulatedFeed.start({
      coins: ['BTC', 'ETH', 'SOL'],
      rates: { [venue]: 200 },
      feed: { ...FEED, venues: [venue] },
      venue: BRISK,
      listEveryMs: 250,
    });
    await simulated.moreTrades(300, venue);
    expect(statusesOf(simulated)).toEqual(['trading']);
    simulated.simulator.fault({ venue, fault: 'halt_symbol', symbol: BTC.symbol });
    await simulated.untilStatus({ state: 'instrument_halted', venue, ...BTC, cause });
    await untilLongAfter(simulated);
    expect(staleOf(simulated), simulated.story().join('\n')).toEqual([]);
    expect(simulated.statuses({ state: 'subscription_rejected' })).toEqual([]);
    expect([causesOf(simulated, 'BTC'), causesOf(simulated, 'ETH')]).toEqual([['instrument_halted'], []]);
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'feed_recovered', venue, ...BTC });
    await until(() => causesOf(simulated, 'BTC').length === 0);
    const from = simulated.of('trade').length;
    await until(
      () =>
        simulated
          .of('trade')
          .slice(from)
          .filter(({ coin }) => coin === 'BTC').length > 20,
    );
    expect(simulated.statuses({ state: 'instrument_halted' })).toHaveLength(1);
    expect(statusesOf(simulated)).toEqual(['trading', cause, 'trading']);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });

  it(`is served by ${standby} until the halt ends`, async () => {
    await using simulated = await SimulatedFeed.start({
      rates: { [venue]: 200, [standby]: 200 },
      feed: { ...FEED, venues: [venue, standby] },
      venue: BRISK,
      listEveryMs: 250,
    });
    await simulated.moreTrades(300, venue);
    simulated.simulator.fault({ venue, fault: 'halt_symbol', symbol: BTC.symbol });
    await simulated.untilStatus({ state: 'failed_over', venue: standby, symbol: BTC.symbol });
    await untilLongAfter(simulated);
    expect(staleOf(simulated), simulated.story().join('\n')).toEqual([]);
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'failed_back', venue, symbol: BTC.symbol });
    await simulated.moreTrades(100, venue);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });
});
