import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpRequest } from '../../src/net/http-request.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const get = (url: string) => ({ method: 'GET', url, headers: {} }) as const;

describe('httpRequest', () => {
  it('sends the complete request, and returns an answer with an error status', async () => {
    const url = await serve(async (request, response) => {
      const parts = await request.toArray();
      response
        .writeHead(409, { 'x-b': '2' })
        .end(`${request.method} ${request.headers['x-a']} ${Buffer.concat(parts)}`);
    });
    const answer = await httpRequest({ method: 'POST', url, headers: { 'x-a': '1' }, body: 'Kälte' });
    expect(answer).toEqual({ status: 409, body: 'POST 1 Kälte', headers: expect.objectContaining({ 'x-b': '2' }) });
  });

  it('sends its user agent, and accepts a gzip answer up to maxBytes after decompression', async () => {
    const url = await serve((request, response) => {
      const { 'user-agent': agent, 'accept-encoding': encoding } = request.headers;
      response.setHeader('content-encoding', 'gzip').end(gzipSync(`${agent} ${encoding} ${'x'.repeat(100_000)}`));
    });
    expect((await httpRequest(get(url))).body).toBe(`market-feed gzip ${'x'.repeat(100_000)}`);
    await expect(httpRequest(get(url), { maxBytes: 99_999 })).rejects.toMatchObject({ kind: 'malformed' });
  });

  it('rejects when a gzip answer is corrupt or incomplete', async () => {
    const garbled = await serve((_, response) => void response.setHeader('content-encoding', 'gzip').end('no gzip'));
    await expect(httpRequest(get(garbled))).rejects.toThrow('incorrect header check');
    const half = await serve((_, response) => {
      response
        .setHeader('content-encoding', 'gzip')
        .write(gzipSync('{"a":1}').subarray(0, 12), () => response.destroy());
    });
    await expect(httpRequest(get(half))).rejects.toThrow(/aborted|hang up|premature|unexpected end/i);
    const short = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('{"a":1}').subarray(0, 12));
    });
    await expect(httpRequest(get(short))).rejects.toThrow('unexpected end of file');
  });

  it('reuses one connection for consecutive requests', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    for (let count = 0; count < 5; count++) await httpRequest(get(url));
    expect(ports.size).toBe(1);
  });

  it('rejects when no server listens on the port', async () => {
    await expect(httpRequest(get('http://127.0.0.1:1/'))).rejects.toThrow('ECONNREFUSED');
  });

  it('times out when the server does not answer or sends without end', async () => {
    const silent = await serve(() => {});
    await expect(httpRequest(get(silent), { timeoutMs: 100 })).rejects.toThrow('no answer within 100 ms');
    const slow = await serve((_, response) => {
      const drip = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(drip));
    });
    await expect(httpRequest(get(slow), { timeoutMs: 200 })).rejects.toThrow('no answer within 200 ms');
  });

  it('rejects an answer that is longer than maxBytes', async () => {
    const url = await serve((_, response) => void response.end('x'.repeat(2000)));
    await expect(httpRequest(get(url), { maxBytes: 1999 })).rejects.toThrow('an answer of more than 1999 bytes');
    expect((await httpRequest(get(url), { maxBytes: 2000 })).body).toHaveLength(2000);
  });

  it('rejects when the connection breaks before the answer is complete', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await expect(httpRequest(get(url))).rejects.toThrow(/aborted|hang up/);
  });
});
