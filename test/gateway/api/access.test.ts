import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { orderBook, price } from '../../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway-under-test.ts';

/** The answer to a request with exactly this target. */
async function answerTo(url: string, target: string, headers: readonly string[] = []): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(
    [
      `GET ${target} HTTP/1.1`,
      'Host: localhost',
      ...(headers.length > 0 ? headers : ['Connection: close']),
      '',
      '',
    ].join('\r\n'),
  );
  return text(socket);
}

const upgradeTo = (protocol: string) => ['Connection: Upgrade, close', `Upgrade: ${protocol}`];
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('access to a path in another spelling', () => {
  it.each([
    '/%61pi/prices',
    'http://x/api/prices',
    '/api/prices#x',
    '/%6detrics',
    'http://x/metrics',
    '/metrics#x',
    '/metrics?#',
  ])('requires the token for %s', async (target) => {
    const { url } = await gatewayUnderTest({ token: 'sesame' });
    expect(await answerTo(url, target)).toMatch(/^HTTP\/1.1 401 /);
    const authorization = ['Authorization: Bearer sesame', 'Connection: close'];
    expect(await answerTo(url, target, authorization)).toMatch(/^HTTP\/1.1 (200|400) /);
  });

  it.each(['/%77s/', 'http://x/ws/', '/ws#x', '/%77s/status/', '/%77s/?token=sesam'])(
    'requires the token for a WebSocket at %s',
    async (target) => {
      const { url } = await gatewayUnderTest({ token: 'sesame' });
      expect(await answerTo(url, target, WEBSOCKET)).toMatch(/^HTTP\/1.1 401 /);
    },
  );

  it('accepts a WebSocket with the token in the query, but not with two tokens', async () => {
    const { open } = await gatewayUnderTest({ token: 'sesame' });
    await open('/%77s/?token=sesame');
    await expect(open('/ws/?token=x&token=sesame')).rejects.toThrow('401');
  });

  it('counts towards the request limit per minute, and is answered with no-cache', async () => {
    const { url } = await gatewayUnderTest({ requestsPerMinute: 2 });
    expect(await answerTo(url, '/%61pi/prices')).toContain('cache-control: no-cache');
    expect(await answerTo(url, 'http://x/api/prices')).toMatch(/^HTTP\/1.1 200 /);
    expect(await answerTo(url, '/api/%70rices')).toMatch(/^HTTP\/1.1 429 /);
  });
});

describe('a WebSocket', () => {
  it.each(['/docs', '/healthz', '/', '/api/prices', '/metrics', '/docs/static/index.css'])(
    'is refused at %s before the upgrade, with and without a token',
    async (target) => {
      const { url } = await gatewayUnderTest();
      expect(await answerTo(url, target, WEBSOCKET)).toMatch(/^HTTP\/1.1 400 .*\/ws\//s);
      const guarded = await gatewayUnderTest({ token: 'sesame' });
      expect(await answerTo(guarded.url, target, WEBSOCKET)).toMatch(/^HTTP\/1.1 400 .*\/ws\//s);
    },
  );

  it('is refused at a path that does not exist, before the upgrade', async () => {
    const { url } = await gatewayUnderTest();
    expect(await answerTo(url, '/nothing', WEBSOCKET)).toMatch(/^HTTP\/1.1 404 /);
    expect(await answerTo(url, '/ws/nothing', WEBSOCKET)).toMatch(/^HTTP\/1.1 404 /);
  });
});

it('the gateway answers by REST when a request offers an upgrade to an unsupported protocol', async () => {
  const { url, publish } = await gatewayUnderTest();
  publish(price('1'), orderBook());
  const answer = await answerTo(url, '/api/prices', upgradeTo('h2c'));
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toContain('"price":"1"');
});
