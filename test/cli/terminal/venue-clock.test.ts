import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { dispatch } from '../../../src/cli/arguments/dispatch.ts';
import { venueClock } from '../../../src/cli/terminal/venue-clock.ts';
import { venues } from '../../../src/venues/registry.ts';
import { fakeIo } from '../fake-io.ts';

/** A venue's REST API. Close it with `await using`. */
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

/**
 * Measures a venue that is `ms` ahead. The error must be within the reported uncertainty, which is at most the time of
 * the request.
 */
async function offsetAt(ms: number): Promise<{ offset: number; text: string }> {
  await using server = await restServer(ahead(ms));
  const startedAt = performance.now();
  const text = await venueClock(venues.binance, [server.url], never);
  const took = performance.now() - startedAt;
  const [, offset, uncertainty] = (/^binance ([+-]\d+) ms ± (\d+) ms/.exec(text) ?? []).map(Number);
  // Both clocks have whole milliseconds, so the error may be 2 ms larger.
  expect(Math.abs((offset ?? Number.NaN) - ms)).toBeLessThanOrEqual((uncertainty ?? 0) + 2);
  expect(uncertainty).toBeLessThanOrEqual(took + 1);
  return { offset: offset ?? Number.NaN, text };
}

it('check shows control characters of an answer as their numbers', async () => {
  await using server = await restServer((response) => response.end('\u001b[2J\nforged line'));
  const io = fakeIo({ MARKET_FEED__VENUES__BYBIT__REST_URLS: server.url, MARKET_FEED__FEED__VENUES: 'bybit' });
  expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(0);
  expect(io.out.text()).toMatch(/^ {2}clock offset .*\\x1b\[2J\\x0aforged line/m);
});

describe('venueClock', () => {
  it.each([0, 120, -120, 700, -700])('reports how far the clock of a venue is ahead: %d ms', async (ms) => {
    const { offset, text } = await offsetAt(ms);
    // A stall between request and answer changes the measured offset. So the expected warning depends on the measured
    // offset, not on `ms`.
    expect(text.includes('WARNING')).toBe(Math.abs(offset) > 500);
  });

  it.each([1300, -3_600_000])('warns if the clocks differ by more than 500 ms: %d ms', async (ms) => {
    const { text } = await offsetAt(ms);
    expect(text).toContain("WARNING: more than 500 ms, is this machine's clock right?");
  });

  it('reports why the offset is unknown', async () => {
    await using refusing = await restServer((response) => response.writeHead(451).end('restricted location'));
    expect(await venueClock(venues.binance, [refusing.url], never)).toMatch(/^binance not reachable \(.*451.*\)$/);
    await using talking = await restServer((response) => response.end('<html>'));
    expect(await venueClock(venues.binance, [talking.url], never)).toMatch(
      /^binance not reachable \(.*does not answer with JSON.*\)$/,
    );
  });

  it('waits at most three seconds, and stops at once when its signal aborts', async () => {
    const startedAt = performance.now();
    await using silent = await restServer(() => {});
    const ended = new AbortController();
    const order: string[] = [];
    const whole = venueClock(venues.binance, [silent.url], never).then((text) => order.push(text));
    const soon = venueClock(venues.binance, [silent.url], ended.signal).then(() => order.push('ended'));
    ended.abort();
    await Promise.all([soon, whole]);
    expect(performance.now() - startedAt).toBeLessThan(6000);
    expect(order).toEqual(['ended', expect.stringMatching(/^binance not reachable \(no answer within 3/)]);
  });
});

it('check asks all venues at the same time and exits with 0 even if some fail', async () => {
  // The server answers only when two venues have asked, so requests one after the other would never end.
  const waiting: ServerResponse[] = [];
  await using both = await restServer((response) => {
    waiting.push(response);
    if (waiting.length === 2) for (const one of waiting) one.writeHead(503).end('asked at once');
  });
  await using good = await restServer(ahead(0));
  const io = fakeIo({
    MARKET_FEED__VENUES__BINANCE__REST_URLS: good.url,
    MARKET_FEED__VENUES__BYBIT__REST_URLS: both.url,
    MARKET_FEED__VENUES__BINANCE_US__REST_URLS: both.url,
    MARKET_FEED__FEED__VENUES: 'bybit,binance,binance_us',
  });
  expect(await dispatch(['check', '--config', 'config/market-feed.yaml'], io)).toBe(0);
  expect(io.out.text()).toMatch(/^ +clock offset +binance [+-]\d+ ms ± \d+ ms$/m);
  expect(io.out.text()).toMatch(/^ +clock offset +bybit not reachable \(.*asked at once.*\)$/m);
  expect(io.out.text()).toMatch(/^ +clock offset +binance_us not reachable \(.*asked at once.*\)$/m);
});
