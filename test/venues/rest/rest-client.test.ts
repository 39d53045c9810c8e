import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault, type FaultKind } from '../../../src/domain/fault.ts';
import type { RestRequest } from '../../../src/venues/contract.ts';
import { VenueRest } from '../../../src/venues/rest/rest-client.ts';
import { until } from '../../../testing/tools/until.ts';
import { fakeVenue } from '../fake-venue.ts';
import { SteppedScheduler } from '../stepped-scheduler.ts';

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
  return { asked, restUrl: `http://127.0.0.1:${port}` };
}

const request: RestRequest<number> = {
  path: '/v5/market/time?a=b',
  weight: 1,
  parse(body) {
    if (typeof body === 'object' && body !== null && 'time' in body && typeof body.time === 'number') return body.time;
    throw new Fault('malformed', 'time: is missing', { field: 'time' });
  },
};

function ask(restUrl: string): Promise<number> {
  return firstValueFrom(new VenueRest(fakeVenue(), [restUrl], new SteppedScheduler()).ask$(request, 30_000));
}

describe('VenueRest: answers', () => {
  it('returns the parsed body, with or without a slash at the end of the base URL', async () => {
    const { asked, restUrl } = await serve(200, {}, '{"time":1723161255343}');
    expect(await ask(restUrl)).toBe(1723161255343);
    expect(await ask(`${restUrl}/`)).toBe(1723161255343);
    expect(asked).toEqual(['/v5/market/time?a=b', '/v5/market/time?a=b']);
  });

  it('keeps the path of the base URL', async () => {
    const { asked, restUrl } = await serve(200, {}, '{"time":1}');
    await ask(`${restUrl}/bybit`);
    expect(asked).toEqual(['/bybit/v5/market/time?a=b']);
  });

  it('fails with the Fault that the venue derives from the status, headers and body of a refusal', async () => {
    const { restUrl } = await serve(429, { 'Retry-After': '7' }, 'slow down');
    await expect(ask(restUrl)).rejects.toMatchObject({
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: slow down$/),
      status: 429,
      retry: { kind: 'after', afterMs: 7000 },
    });
  });

  it.each([
    ['no JSON', '<html>', undefined],
    ['empty', '', undefined],
    ['JSON without the expected field', '{"tmie":1}', 'time'],
  ])('fails with a malformed Fault when the body is %s', async (_what, body, field) => {
    const { restUrl } = await serve(200, {}, body);
    await expect(ask(restUrl)).rejects.toMatchObject({
      name: 'Fault',
      kind: 'malformed',
      field,
    });
  });
});

describe('VenueRest', () => {
  const limited = (afterMs: number, kind: FaultKind = 'rate_limited') =>
    fakeVenue({
      refusal: (status) => new Fault(kind, `HTTP ${status}`, { retry: { kind: 'after', afterMs } }),
    });

  async function serveJson() {
    const served = await serve(200, {}, '{"time":5}');
    return { ...served, scheduler: new SteppedScheduler() };
  }

  it('answers a subscriber once and completes', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue(), [restUrl], scheduler);
    expect(await lastValueFrom(rest.ask$(request).pipe(toArray()))).toEqual([5]);
    expect(asked).toHaveLength(1);
    expect(scheduler.waiting).toBe(0);
  });

  it('delays requests that would exceed the weight that the venue allows per minute', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 60 }), [restUrl], scheduler);
    const times: number[] = [];
    for (let ask = 0; ask < 20; ask++)
      rest.ask$({ ...request, weight: 10 }).subscribe(() => times.push(scheduler.now()));
    // Half of the budget may be spent at once. The other half comes back in the course of the minute.
    for (const [ms, count] of [
      [0, 3],
      [19_999, 3],
      [1, 4],
      [20_000, 5],
      [20_000, 6],
      [59_999, 8],
      [1, 9],
    ] as const) {
      scheduler.advance(ms);
      await until(() => asked.length >= count && times.length >= count);
      expect(asked).toHaveLength(count);
      expect(rest.sentWeight).toBe(count * 10);
    }
  });

  it('spends only its configured share of the weight limit', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 120 }), [restUrl], scheduler, undefined, 0.5);
    for (let ask = 0; ask < 20; ask++) rest.ask$({ ...request, weight: 10 }).subscribe();
    for (const [ms, count] of [
      [0, 3],
      [20_000, 4],
      [40_000, 6],
    ] as const) {
      scheduler.advance(ms);
      await until(() => asked.length >= count);
      expect(asked).toHaveLength(count);
    }
  });

  it("limits the requests sent at once to the venue's burst limit", async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 7200, restBurst: 30 }), [restUrl], scheduler);
    for (let ask = 0; ask < 100; ask++) rest.ask$(request).subscribe();
    // The venue allows 30 requests at once. After that, the client may send 60 requests a second.
    for (const [ms, count] of [
      [0, 30],
      [500, 60],
      [500, 90],
      [1000, 100],
    ] as const) {
      scheduler.advance(ms);
      await until(() => asked.length >= count);
      expect(asked).toHaveLength(count);
    }
  });

  it('askSparingly$ leaves half of the budget to other requests', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 60 }), [restUrl], scheduler);
    const later = Array.from({ length: 3 }, () => rest.askSparingly$({ ...request, weight: 10, path: '/book' }));
    for (const ask of later) ask.subscribe();
    await until(() => asked.length === 1);
    expect(asked).toEqual(['/book']);
    // 20 of 30 units are left, and other requests take them at once. The next sparing request needs 25 units.
    // Half a unit comes back each second.
    for (let ask = 0; ask < 2; ask++) rest.ask$({ ...request, weight: 10 }).subscribe();
    await until(() => asked.length === 3);
    scheduler.advance(49_999);
    expect(asked).toHaveLength(3);
    scheduler.advance(1);
    await until(() => asked.length === 4);
    expect(asked.slice(3)).toEqual(['/book']);
  });

  it('askSparingly$ leaves the given share of the budget, and calls onSent when the request is sent', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 60 }), [restUrl], scheduler);
    const sent: string[] = [];
    for (const name of ['first', 'second'])
      rest.askSparingly$({ ...request, weight: 5 }, { leaves: 0.75, onSent: () => sent.push(name) }).subscribe();
    expect(sent).toEqual(['first']);
    // 25 of 30 units are left, and the second request needs 27.5. Half a unit comes back each second.
    scheduler.advance(4999);
    expect(sent).toEqual(['first']);
    scheduler.advance(1);
    expect(sent).toEqual(['first', 'second']);
    await until(() => asked.length === 2);
  });

  it('does not accumulate unused budget', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 60 }), [restUrl], scheduler);
    scheduler.advance(3_600_000);
    const answers = [1, 2, 3, 4].map(() => firstValueFrom(rest.ask$({ ...request, weight: 10 })));
    await Promise.all(answers.slice(0, 3));
    expect(scheduler.waiting).toBe(1);
    scheduler.advance(20_000);
    await answers[3];
    expect(asked).toHaveLength(4);
  });

  it.each(['rate_limited', 'region_blocked'] as const)(
    'sends no new or waiting request before the end of the wait of a %s fault',
    async (kind) => {
      const { asked, restUrl } = await serve(429, {}, '');
      const scheduler = new SteppedScheduler();
      const venue = { ...limited(30_000, kind), restWeightPerMinute: 20 };
      const rest = new VenueRest(venue, [restUrl], scheduler);
      const outcomes: string[] = [];
      const ask = (weight: number) =>
        rest.ask$({ ...request, weight }).subscribe({ error: (error: Error) => outcomes.push(error.message) });
      ask(10);
      ask(1);
      await until(() => outcomes.length === 1);
      ask(0);
      expect(scheduler.waiting).toBe(2);
      scheduler.advance(6000);
      scheduler.advance(23_999);
      expect(scheduler.waiting).toBe(2);
      scheduler.advance(1);
      expect(scheduler.waiting).toBe(0);
      await until(() => outcomes.length === 3);
      expect(asked).toHaveLength(3);
    },
  );

  it('sends the next request at once after a refusal that names no time', async () => {
    const { asked, restUrl } = await serve(500, {}, 'broken');
    const rest = new VenueRest(fakeVenue(), [restUrl], new SteppedScheduler());
    await expect(firstValueFrom(rest.ask$(request))).rejects.toMatchObject({
      message: expect.stringContaining(': broken'),
    });
    await expect(firstValueFrom(rest.ask$(request))).rejects.toMatchObject({
      message: expect.stringContaining(': broken'),
    });
    expect(asked).toHaveLength(2);
  });

  it('aborts a request in flight when its subscriber unsubscribes', async () => {
    const closed: string[] = [];
    const server = createServer((incoming) => {
      closed.push('asked');
      incoming.socket.on('close', () => closed.push('closed'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const rest = new VenueRest(limited(30_000), [`http://127.0.0.1:${port}`], new SteppedScheduler());
    const results: string[] = [];
    const asking = rest
      .ask$(request)
      .subscribe({ next: () => results.push('next'), error: () => results.push('error') });
    await until(() => closed.length === 1);
    asking.unsubscribe();
    await until(() => closed.length === 2);
    expect(closed).toEqual(['asked', 'closed']);
    expect(results).toEqual([]);
  });

  it('returns the reserved weight when a subscriber unsubscribes while its request waits', async () => {
    const { asked, scheduler, restUrl } = await serveJson();
    const rest = new VenueRest(fakeVenue({ restWeightPerMinute: 20 }), [restUrl], scheduler);
    const heavy = { ...request, weight: 10 };
    await firstValueFrom(rest.ask$(heavy));
    const waits = [1, 2, 3].map(() => rest.ask$(heavy).subscribe());
    for (const wait of waits) wait.unsubscribe();
    expect(scheduler.waiting).toBe(0);
    const answer = firstValueFrom(rest.ask$(heavy));
    scheduler.advance(60_000);
    await answer;
    expect(asked).toHaveLength(2);
  });
});
