import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gatewayUnderTest } from '../gateway-under-test.ts';

/** Another address of this machine. */
const OTHER_ADDRESS = '127.0.0.2';

function open(url: string, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress });
  // The gateway may close the connection while this side still sends.
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const statuses = (answers: string): string[] => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code = '']) => code);

describe('requests whose answers wait', () => {
  it('serves 16 requests that a connection sends ahead', async () => {
    const { url } = await gatewayUnderTest();
    const socket = open(url);
    socket.write(request('/healthz').repeat(15) + request('/healthz', 'Connection: close\r\n'));
    expect(statuses(await text(socket))).toEqual(Array(16).fill('200'));
  });

  it('answers the next one with 503 and closes the connection', async () => {
    const { url } = await gatewayUnderTest();
    const socket = open(url);
    socket.write(request('/docs/json').repeat(900));
    const answers = await text(socket);
    expect(statuses(answers)).toEqual([...Array(16).fill('200'), '503']);
    expect(answers).toContain('too_many_requests_in_flight');
  });

  it('serves more than 16 requests that are sent one after the other', async () => {
    const { url } = await gatewayUnderTest();
    const socket = open(url);
    for (let at = 0; at < 100; at++) {
      socket.write(request('/healthz'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(statuses(answer.toString())).toEqual(['200']);
    }
  });
});

describe('connections of one address', () => {
  it('are refused with 503 beyond the limit, until one of them closes; other addresses are served', async () => {
    const { url } = await gatewayUnderTest({ connectionsPerAddress: 3 });
    const held = [open(url), open(url), open(url)];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const refused = await text(open(url));
    expect(statuses(refused)).toEqual(['503']);
    expect(refused).toContain('at most 3 connections of one address are allowed');
    const other = open(url, OTHER_ADDRESS);
    other.write(request('/healthz', 'Connection: close\r\n'));
    expect(statuses(await text(other))).toEqual(['200']);
    const [first] = held;
    first?.end(request('/healthz', 'Connection: close\r\n'));
    if (first !== undefined) expect(statuses(await text(first))).toEqual(['200']);
    const next = open(url);
    next.write(request('/healthz', 'Connection: close\r\n'));
    expect(statuses(await text(next))).toEqual(['200']);
  });
});

describe('requests with a body', () => {
  it.each([
    ['GET', 'Content-Length: 5', '400'],
    ['GET', 'Transfer-Encoding: chunked', '400'],
    ['POST', 'Content-Length: 5', '405'],
    ['POST', 'Transfer-Encoding: chunked', '405'],
  ])('are answered before the body comes: %s with %s', async (method, header, status) => {
    const { url } = await gatewayUnderTest();
    const socket = open(url);
    socket.write(`${method} /healthz HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
    const answer = await text(socket);
    expect(statuses(answer)).toEqual([status]);
    expect(answer).toContain('connection: close');
  });

  it('keep no connection open if their body never ends', async () => {
    const { url, get } = await gatewayUnderTest();
    const slow = Array.from({ length: 200 }, () => open(url));
    for (const [index, socket] of slow.entries())
      socket.write(
        `${index % 2 === 0 ? 'GET' : 'POST'} /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16000\r\n\r\nx`,
      );
    expect((await get('/healthz')).status).toBe(200);
    for (const socket of slow) expect(['400', '405']).toContain(statuses(await text(socket))[0]);
  });
});

it('a request whose head does not come in time is answered with 408', async () => {
  const { url } = await gatewayUnderTest({}, { requestTimeoutMs: 50 });
  const socket = open(url);
  socket.write('GET /healthz HTTP/1.1\r\nHost: ');
  expect(statuses(await text(socket))).toEqual(['408']);
});

describe('requests a minute', () => {
  it('are limited on every path except /healthz', async () => {
    const paths = [
      '/',
      '/docs',
      '/docs/json',
      '/docs/asyncapi',
      '/docs/static/index.css',
      '/metrics',
      '/readyz',
      '/api/prices',
      '/nothing',
    ];
    const { get } = await gatewayUnderTest({ requestsPerMinute: paths.length });
    for (const path of paths) expect([path, (await get(path)).status]).not.toEqual([path, 429]);
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 429]);
    const answer = await get('/api/prices');
    expect(await answer.json()).toMatchObject({ error: 'too_many_requests', details: { requests_per_minute: 9 } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('include requests with a wrong token, and WebSockets', async () => {
    const { get, open: openStream } = await gatewayUnderTest({ requestsPerMinute: 1, token: 'sesame' });
    expect((await get('/api/prices')).status).toBe(401);
    expect((await get('/api/prices')).status).toBe(429);
    await expect(openStream('/ws/')).rejects.toThrow('429');
  });
});
