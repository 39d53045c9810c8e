import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/fault.ts';
import type { RestRequest } from '../../src/venues/contract.ts';
import { askRest } from '../../src/venues/rest-client.ts';
import { fakeVenue } from './fake-venue.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(status: number, headers: Readonly<Record<string, string>>, body: string) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { asked, options: { restUrl: `http://127.0.0.1:${port}`, timeoutMs: 3000 } };
}

const request: RestRequest<number> = {
  path: '/v5/market/time?a=b',
  weight: 1,
  parse(body) {
    if (typeof body === 'object' && body !== null && 'time' in body && typeof body.time === 'number') return body.time;
    throw new Fault('malformed', 'time: is missing', { field: 'time' });
  },
};

describe('askRest', () => {
  it('gives the meaning of a good answer', async () => {
    const { asked, options } = await serve(200, {}, '{"time":1723161255343}');
    expect(await askRest(fakeVenue(), request, options)).toBe(1723161255343);
    expect(await askRest(fakeVenue(), request, { ...options, restUrl: `${options.restUrl}/` })).toBe(1723161255343);
    expect(asked).toEqual(['/v5/market/time?a=b', '/v5/market/time?a=b']);
  });

  it('keeps a path in the address', async () => {
    const { asked, options } = await serve(200, {}, '{"time":1}');
    await askRest(fakeVenue(), request, { ...options, restUrl: `${options.restUrl}/bybit` });
    expect(asked).toEqual(['/bybit/v5/market/time?a=b']);
  });

  it('lets the venue say what a refusal means', async () => {
    const { options } = await serve(429, { 'Retry-After': '7' }, 'slow down');
    await expect(askRest(fakeVenue(), request, options)).rejects.toMatchObject({
      message: 'slow down',
      status: 429,
      retry: { kind: 'after', afterMs: 7000 },
    });
  });

  it.each([
    ['no JSON', '<html>', undefined],
    ['empty', '', undefined],
    ['other JSON', '{"tmie":1}', 'time'],
  ])('calls a body that is %s malformed', async (_what, body, field) => {
    const { options } = await serve(200, {}, body);
    await expect(askRest(fakeVenue(), request, options)).rejects.toMatchObject({
      name: 'Fault',
      kind: 'malformed',
      field,
    });
  });
});
