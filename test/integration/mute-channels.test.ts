import { describe, expect, it, vi } from 'vitest';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { compareTrades } from '../../testing/judges/journal.ts';
import { isLong } from '../../testing/tools/is-long.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 8 });

const STALE_MS = 3000;
const BRISK = { reconnect: { initial_delay_ms: 50, max_delay_ms: 400, max_attempts: 5, probe_every_ms: 30_000 } };

/** The rules are the same for both venues. */
const VENUES = ['binance', ...(isLong ? (['bybit'] as const) : [])] as const;

describe.concurrent.each(VENUES)('a channel of %s without data', (venue) => {
  const standby = venue === 'bybit' ? 'binance' : 'bybit';
  const channels = ['trade', 'ticker', 'book_ticker'];
  const feed = { venues: [venue, standby], channels, stale_after_ms: STALE_MS, fail_back_after_ms: 1000 };
  const withDepth = { channels: [...channels, 'depth'] };
  const options = { coins: ['BTC'], symbols: 1, rates: { [venue]: 30, [standby]: 15 }, feed, venue: BRISK };

  it.each(isLong ? (['trade', 'depth'] as const) : (['trade'] as const))(
    'on one line is subscribed again, then gets a new connection, and no trade is missing: %s',
    async (channel) => {
      const more = channel === 'depth' ? withDepth : {};
      await using simulated = await SimulatedFeed.start({ ...options, feed: { ...feed, ...more } });
      await simulated.moreTrades(80, venue);
      await until(() => simulated.feed.venues[0]?.lines.up === 2);
      simulated.simulator.fault({ venue, fault: 'mute_channel', channel, line: 1 });
      const noticed = { state: 'feed_stale', venue, channel, line: 1, cause: 'channel_mute', symbol: 'BTCUSDT' };
      await simulated.untilStatus({ ...noticed, details: { step: 'resubscribed' } });
      await simulated.untilStatus({ ...noticed, details: { step: 'connection_replaced' } });
      await simulated.untilStatus({ state: 'session_rotated', venue, line: 1, cause: 'channel_mute' });
      simulated.simulator.clearFaults();
      await simulated.untilStatus({ state: 'feed_recovered', venue, channel, line: 1 });
      await simulated.moreTrades(50, venue);
      expect(simulated.statuses({ state: 'failed_over' }).filter(({ switch: of }) => of?.from === venue)).toEqual([]);
      expect(simulated.of('gap')).toEqual([]);
      expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
    },
  );

  it('on all lines makes the book stale until it changes again, although trades continue', async () => {
    await using simulated = await SimulatedFeed.start({ ...options, feed: { ...feed, ...withDepth } });
    await until(() => simulated.of('order_book').some((book) => book.venue === venue && !book.stale));
    await simulated.moreTrades(120, venue);
    simulated.simulator.fault({ venue, fault: 'mute_channel', channel: 'depth', line: 'all' });
    await until(() => simulated.of('order_book').at(-1)?.stale === true);
    await simulated.untilStatus({ state: 'feed_stale', venue, channel: 'depth', cause: 'channel_mute' }, { count: 2 });
    await simulated.moreTrades(120, venue);
    expect(simulated.statuses({ state: 'heartbeat' }).flatMap(({ heartbeat }) => heartbeat?.halted ?? [])).toEqual([]);
    simulated.simulator.clearFaults();
    await until(() => simulated.of('order_book').at(-1)?.stale === false);
  });

  it('on all lines makes the book stale as soon as trades or best prices cross it', async () => {
    const slow = { ...options, feed: { ...feed, ...withDepth, stale_after_ms: 60_000 } };
    await using simulated = await SimulatedFeed.start(slow);
    await until(() => simulated.of('order_book').some((book) => book.venue === venue && !book.stale));
    await simulated.moreTrades(80, venue);
    simulated.simulator.fault({ venue, fault: 'mute_channel', channel: 'depth', line: 'all' });
    await until(() => simulated.of('order_book').at(-1)?.stale === true);
    await until(() =>
      simulated.statuses({ state: 'heartbeat' }).some((one) => one.heartbeat?.staleBooks.includes('BTCUSDT')),
    );
    simulated.simulator.clearFaults();
    await until(() => simulated.of('order_book').at(-1)?.stale === false);
  });

  it('on all lines causes a failover if it carries the trades, and a failback when they return', async () => {
    await using simulated = await SimulatedFeed.start(options);
    await simulated.moreTrades(120, venue);
    simulated.simulator.fault({ venue, fault: 'mute_channel', channel: 'trade', line: 'all' });
    const stale = {
      state: 'feed_stale',
      venue,
      channel: 'trade',
      line: null,
      cause: 'channel_mute',
      symbol: 'BTCUSDT',
    };
    await simulated.untilStatus({ ...stale, details: { step: 'resubscribed' } });
    await simulated.untilStatus({ state: 'failed_over', venue: standby, symbol: 'BTCUSDT' });
    await simulated.moreTrades(50, standby);
    simulated.simulator.clearFaults();
    await simulated.untilStatus({ state: 'failed_back', venue, symbol: 'BTCUSDT' });
    await simulated.moreTrades(50, venue);
    expect(compareTrades(simulated.records, await simulated.end()).problems).toEqual([]);
  });
});
