import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import { getJson } from '../../src/net/get-json.ts';
import { freePort } from '../../testing/processes/free-port.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

async function faultOf(answer: Promise<unknown>): Promise<Fault> {
  const error = await answer.then(
    () => 'no error',
    (reason: unknown) => reason,
  );
  if (!(error instanceof Fault)) throw new Error(`not a fault: ${String(error)}`);
  return error;
}

describe('getJson', () => {
  it('returns the status, lower-case header names and the body as text', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.method, request.url, request.headers.accept);
      response.setHeader('X-MBX-USED-WEIGHT-1M', '20').end('{"id":2290000001227213949,"s":"¥"}');
    });
    const answer = await getJson(`${url}/api/v3/time?x=1`, { timeoutMs: 30_000 });
    expect(answer).toMatchObject({ status: 200, body: '{"id":2290000001227213949,"s":"¥"}' });
    expect(answer.headers['x-mbx-used-weight-1m']).toBe('20');
    expect(asked).toEqual(['GET', '/api/v3/time?x=1', 'application/json']);
  });

  it.each([301, 403, 418, 429, 451, 500, 503])('returns an answer of status %i without rejecting', async (status) => {
    const url = await serve((_request, response) =>
      response.writeHead(status, { 'Retry-After': '7', Location: '/' }).end('<html>'),
    );
    const answer = await getJson(url, { timeoutMs: 30_000 });
    expect(answer).toMatchObject({ status, body: '<html>' });
    expect(answer.headers['retry-after']).toBe('7');
  });

  it('returns an empty body', async () => {
    const url = await serve((_request, response) => response.writeHead(204).end());
    expect(await getJson(url, { timeoutMs: 30_000 })).toMatchObject({ status: 204, body: '' });
  });

  it.each([
    ['nothing', () => {}],
    ['half', (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(200).write('{"half":')],
  ])('times out when the server sends %s of its answer', async (_what, answer) => {
    const url = await serve(answer);
    expect(await faultOf(getJson(url, { timeoutMs: 100 }))).toMatchObject({
      kind: 'connect_timeout',
      retry: { kind: 'backoff' },
    });
  });

  it('rejects a body that is longer than maxBytes', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(2001)));
    expect((await getJson(url, { timeoutMs: 30_000, maxBytes: 2001 })).body).toHaveLength(2001);
    const fault = await faultOf(getJson(url, { timeoutMs: 30_000, maxBytes: 2000 }));
    expect(fault).toMatchObject({ kind: 'malformed' });
    expect(fault.message).toContain('2000 bytes');
  });

  it('fails with connect_failed when no server listens on the port', async () => {
    const fault = await faultOf(getJson(`http://127.0.0.1:${await freePort()}/`, { timeoutMs: 30_000 }));
    expect(fault.kind).toBe('connect_failed');
    expect(fault.message).toContain('ECONNREFUSED');
  });

  it('fails with connect_failed when the connection breaks during the body', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('part', () => response.destroy());
    });
    expect((await faultOf(getJson(url, { timeoutMs: 30_000 }))).kind).toBe('connect_failed');
  });

  it('fails with connect_failed when the URL is invalid', async () => {
    expect((await faultOf(getJson('no address', { timeoutMs: 30_000 }))).kind).toBe('connect_failed');
  });

  it('rejects with the abort reason when the caller aborts', async () => {
    const url = await serve(() => {});
    const controller = new AbortController();
    const answer = getJson(url, { timeoutMs: 30_000, signal: controller.signal });
    controller.abort(new Error('stopped'));
    await expect(answer).rejects.toThrow('stopped');
  });
});
