import { expect, it } from 'vitest';
import { bestOfFeeds } from '../../../src/runtime/snapshots/best-of-feeds.ts';
import { VirtualFeed, type VirtualFeedOptions } from '../../../testing/virtual/virtual-feed.ts';

async function start(options: VirtualFeedOptions = {}) {
  const run = await VirtualFeed.start(options);
  const best = () => {
    const all = bestOfFeeds(run.feed.watches, 'simulated');
    expect(all.map(({ coin, symbol, environment }) => `${coin} ${symbol} ${environment}`)).toEqual([
      'BTC BTCUSDT simulated',
      'ETH ETHUSDT simulated',
    ]);
    return all[0];
  };
  const venues = () => [best()?.bid?.venue, best()?.ask?.venue];
  return { ...run, world: run.world, lie: run.lie.bind(run), best, venues };
}

it.each(['failover', 'all'] as const)('bestOfFeeds has the best prices of all venues in mode %s', async (mode) => {
  const { world, best, venues, lie } = await start({ mode });
  // Within the limit of disputes, so that binance has the highest bid and binance_us the lowest ask.
  lie(60, { venue: 'binance' });
  lie(-60, { venue: 'binance_us' });
  await world.pass(1000);
  expect(venues()).toEqual(['binance', 'binance_us']);
  expect(Number(best()?.bid?.price)).toBeGreaterThan(Number(best()?.ask?.price));
  world.fault({ venue: 'binance', fault: 'mute_channel', channel: 'book_ticker' });
  world.fault({ venue: 'binance_us', fault: 'refuse', status: 403 });
  await world.pass(6000);
  expect(venues()).toEqual(['bybit', 'bybit']);
  world.fault({ venue: 'bybit', fault: 'refuse', status: 403 });
  await world.pass(6000);
  expect(venues()).toEqual([undefined, undefined]);
});

it('bestOfFeeds has no testnet', async () => {
  const { world, venues, lie } = await start({ venues: ['bybit', 'binance_testnet'] });
  lie(60, { venue: 'binance_testnet' });
  await world.pass(1000);
  expect(venues()).toEqual(['bybit', 'bybit']);
});

it('bestOfFeeds has no venue whose price is disputed', async () => {
  const { world, venues, lie } = await start();
  lie(5000);
  await world.pass(300);
  expect(venues()[0]).toBe('bybit');
  await world.pass(1000);
  expect(venues()[0]).not.toBe('bybit');
});
