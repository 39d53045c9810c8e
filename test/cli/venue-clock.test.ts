import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/dispatch.ts';
import { venueClock } from '../../src/cli/venue-clock.ts';
import { venues } from '../../src/venues/registry.ts';
import { fakeIo } from './fake-io.ts';

/** A venue's REST interface; to be closed with `await using`. */
async function restServer(answer: (response: ServerResponse) => void): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const ahead = (ms: number) => (response: ServerResponse) =>
  response.end(JSON.stringify({ serverTime: Date.now() + ms }));
const never = new AbortController().signal;

function offsetOf(told: string): number {
  return Number(/^binance ([+-]\d+) ms ± \d+ ms/.exec(told)?.[1]);
}

describe('venueClock', () => {
  it.each([0, 120, -120])('says how far a venue is ahead: %d ms', async (ms) => {
    await using server = await restServer(ahead(ms));
    const told = await venueClock(venues.binance, server.url, never);
    expect(Math.abs(offsetOf(told) - ms)).toBeLessThan(60);
    expect(told).not.toContain('WARNING');
  });

  it.each([1300, -3_600_000])('warns of a clock that is off: %d ms', async (ms) => {
    await using server = await restServer(ahead(ms));
    const told = await venueClock(venues.binance, server.url, never);
    expect(Math.abs(offsetOf(told) - ms)).toBeLessThan(60);
    expect(told).toContain("WARNING: more than 500 ms, is this machine's clock right?");
  });

  it('says why it is not known', async () => {
    await using refusing = await restServer((response) => response.writeHead(451).end('restricted location'));
    expect(await venueClock(venues.binance, refusing.url, never)).toMatch(/^binance not reachable \(.*451.*\)$/);
    await using talking = await restServer((response) => response.end('<html>'));
    expect(await venueClock(venues.binance, talking.url, never)).toMatch(/^binance not reachable \(.*no JSON.*\)$/);
  });

  it('waits three seconds at the most, and not at all when it is ended', async () => {
    await using silent = await restServer(() => {});
    const startedAt = performance.now();
    const ended = new AbortController();
    const soon = venueClock(venues.binance, silent.url, ended.signal);
    ended.abort();
    await soon;
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(await venueClock(venues.binance, silent.url, never)).toMatch(/^binance not reachable \(no answer within 3/);
    expect(performance.now() - startedAt).toBeLessThan(6000);
  });
});

it('check asks all venues at once and ends in 0 whatever they answer', async () => {
  await using silent = await restServer(() => {});
  await using good = await restServer(ahead(0));
  const io = fakeIo({
    MARKET_FEED__VENUES__BINANCE__REST_URL: good.url,
    MARKET_FEED__VENUES__BYBIT__REST_URL: silent.url,
    MARKET_FEED__VENUES__BINANCE_US__REST_URL: silent.url,
    MARKET_FEED__FEED__VENUES: 'bybit,binance,binance_us',
  });
  const startedAt = performance.now();
  expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5500);
  expect(io.out.text()).toMatch(/^ +clock offset +binance [+-]\d+ ms ± \d+ ms$/m);
  expect(io.out.text()).toMatch(/^ +clock offset +bybit not reachable \(.+\)$/m);
  expect(io.out.text()).toMatch(/^ +clock offset +binance_us not reachable \(.+\)$/m);
});
