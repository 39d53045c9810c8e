import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { VirtualScheduler } from '../../src/net/virtual-scheduler.ts';
import { VenueAccess } from '../../src/runtime/venue-access.ts';
import { venues } from '../../src/venues/registry.ts';

/** Fetches Binance's instrument list with these limits, then returns how many requests of weight 100 are sent at once. */
async function sentAtOnce(rateLimits: unknown): Promise<number> {
  const config = loadConfig({ values: { coins: ['BTC'], feed: { venues: ['binance'] } } });
  let requests = 0;
  const body = JSON.stringify({ rateLimits, symbols: [] });
  const networks = () => ({
    get: async () => {
      requests++;
      return { status: 200, headers: {}, body };
    },
    open: () => {
      throw new Error('no sockets here');
    },
  });
  const access = new VenueAccess(config, { scheduler: new VirtualScheduler(0), networks });
  await firstValueFrom(access.listed$('binance'));
  requests = 0;
  for (let ask = 0; ask < 200; ask++)
    access
      .rest('binance')
      .ask$({ ...venues.binance.time, weight: 100 })
      .subscribe({ error: () => {} });
  return requests;
}

const weight = (limit: unknown, interval = 'MINUTE') => [
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 5 },
  { rateLimitType: 'REQUEST_WEIGHT', interval, intervalNum: 1, limit },
];

it.each([
  ['lower', weight(1200), 5],
  ['higher', weight(30_000), 149],
  ['missing', undefined, 29],
  ['no number', weight('1200'), 29],
  ['for another time', weight(1200, 'DAY'), 29],
])('observes the limit of requests that Binance states with its instruments: %s', async (_, limits, sent) => {
  // Half of the limit may be spent at once, and the list itself has a weight of 20.
  expect(await sentAtOnce(limits)).toBe(sent);
});
