import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { gatewayUnderTest } from '../gateway-under-test.ts';

/** The status of the answer to a request with this header `Host`, or with none. */
async function statusFor(url: string, host: string | undefined, path = '/api/prices'): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const version = host === undefined ? '1.0' : '1.1';
  socket.write(
    `GET ${path} HTTP/${version}\r\n${host === undefined ? '' : `Host: ${host}\r\n`}Connection: close\r\n\r\n`,
  );
  const [, status = ''] = /^HTTP\/1\.1 (\d+)/.exec(await text(socket)) ?? [];
  return status;
}

describe('a gateway that listens on loopback', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:8080',
    undefined,
  ])('answers requests for the host %s', async (host) => {
    const { url } = await gatewayUnderTest();
    expect(await statusFor(url, host)).toBe('200');
  });

  it.each(['evil.example', 'evil.example:8080', 'localhost.evil.example', '10.0.0.1', 'a@localhost', '[::2]', ''])(
    'refuses requests for the host %j, because a web page can give its name this address',
    async (host) => {
      const { url } = await gatewayUnderTest();
      for (const path of ['/api/prices', '/', '/docs/json', '/healthz'])
        expect([path, await statusFor(url, host, path)]).toEqual([path, '421']);
    },
  );

  it('refuses WebSockets of a page whose name has this address', async () => {
    const { open } = await gatewayUnderTest();
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    await expect(open('/ws/', [], { headers })).rejects.toThrow('421');
  });

  it('answers requests for the configured host, and for hosts of the allowed origins', async () => {
    const { url } = await gatewayUnderTest({ host: '127.0.0.3', allowedOrigins: ['https://feed.example.org'] });
    for (const host of ['127.0.0.3', 'localhost', 'feed.example.org', 'Feed.Example.org:443'])
      expect([host, await statusFor(url, host)]).toEqual([host, '200']);
    expect(await statusFor(url, 'other.example.org')).toBe('421');
  });
});

it('a gateway that listens on other addresses answers requests for any host, and warns if it has no token', async () => {
  const { url, logged } = await gatewayUnderTest({ host: '0.0.0.0' });
  expect(logged).toEqual([expect.stringContaining('listens on 0.0.0.0 without a token')]);
  expect((await gatewayUnderTest({ host: '0.0.0.0', token: 'sesame' })).logged).toEqual([]);
  expect(await statusFor(url, 'feed.example.org')).toBe('200');
});
