import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/domain/fault.ts';
import { binanceSpot } from '../../../src/venues/binance/venue.ts';
import { bybitSpot } from '../../../src/venues/bybit/venue.ts';
import type { RestRequest, Venue } from '../../../src/venues/contract.ts';
import { VenueRest } from '../../../src/venues/rest/rest-client.ts';
import { SteppedScheduler } from '../stepped-scheduler.ts';

const REGION = '{"code":0,"msg":"Service unavailable from a restricted location according to \'b. Eligibility\'"}';
const TEN_MINUTES = 600_000;

type Answer = { readonly status: number; readonly body: string } | Fault;

const block: Answer = { status: 451, body: REGION };
const serve: Answer = { status: 200, body: '{"host":"served"}' };

const request: RestRequest<string> = {
  path: '/ping',
  weight: 10,
  parse: (body) => JSON.stringify(body),
};

/** A venue with the hosts `first` and `second`, which answer as `answers` says. */
function hostsOf(venue: Venue, answers: { first: Answer; second: Answer }) {
  const asked: string[] = [];
  const scheduler = new SteppedScheduler();
  const rest = new VenueRest(venue, ['https://first', 'https://second/'], scheduler, async (url) => {
    const { host, pathname } = new URL(url);
    asked.push(host + pathname);
    const answer = host === 'first' ? answers.first : answers.second;
    if (answer instanceof Fault) throw answer;
    if (pathname === '/none') return { status: 404, headers: {}, body: 'Not Found' };
    return { ...answer, headers: {} };
  });
  const outcomes: string[] = [];
  const refused: (string | undefined)[] = [];
  rest.refused$.subscribe((fault) => refused.push(fault && `${fault.kind} ${fault.message}`));
  return {
    answers,
    asked,
    outcomes,
    refused,
    rest,
    scheduler,
    /** Sends a request. Returns the hosts that were asked, and the outcome. */
    async ask(wanted = request) {
      asked.length = 0;
      const outcome = await firstValueFrom(rest.ask$(wanted)).catch((fault: Fault) => `${fault.kind} ${fault.message}`);
      return [asked.join(' '), outcome];
    },
  };
}

describe('the REST hosts of a venue', () => {
  it('are asked in turn, and the first again ten minutes after it blocked our region', async () => {
    const { ask, answers, scheduler, rest, refused } = hostsOf(binanceSpot, { first: block, second: serve });
    expect(await ask()).toEqual(['first/ping second/ping', serve.body]);
    expect(rest.sentWeight).toBe(20);
    scheduler.advance(TEN_MINUTES - 1);
    expect(await ask()).toEqual(['second/ping', serve.body]);
    scheduler.advance(1);
    expect(await ask()).toEqual(['first/ping second/ping', serve.body]);
    answers.first = serve;
    scheduler.advance(TEN_MINUTES);
    expect(await ask()).toEqual(['first/ping', serve.body]);
    expect(refused).toEqual([undefined]);
  });

  it.each([
    ['the firewall refuses us', binanceSpot, { status: 403, body: '<H1>403 ERROR</H1>Request blocked.' }],
    ['a refusal names no cause', bybitSpot, { status: 403, body: '' }],
    ['the answer names our region', bybitSpot, { status: 403, body: '{"retCode":10024,"retMsg":"Compliance"}' }],
    ['no connection succeeds', binanceSpot, new Fault('connect_failed', 'cannot reach first: ENOTFOUND')],
    ['no answer comes in time', binanceSpot, new Fault('connect_timeout', 'no answer')],
  ] as const)('are asked in turn if, at the first host, %s', async (_what, venue, first) => {
    const { ask, scheduler } = hostsOf(venue, { first, second: serve });
    expect(await ask()).toEqual(['first/ping second/ping', serve.body]);
    scheduler.advance(TEN_MINUTES - 1);
    expect(await ask()).toEqual(['second/ping', serve.body]);
  });

  it.each([
    ['Binance limits our requests', binanceSpot, { status: 429, body: '{"code":-1003,"msg":"Too much"}' }],
    ['Binance bans our address', binanceSpot, { status: 418, body: '{"code":-1003,"msg":"banned"}' }],
    ['Bybit limits our requests', bybitSpot, { status: 403, body: 'access too frequent' }],
  ] as const)('all wait if %s, because the venue counts requests by address', async (_what, venue, first) => {
    const { ask, asked, rest, scheduler } = hostsOf(venue, { first, second: serve });
    const [hosts, outcome] = await ask();
    expect(hosts).toBe('first/ping');
    expect(outcome).toMatch(/^rate_limited first: HTTP/);
    rest.ask$(request).subscribe({ error: () => {} });
    expect(scheduler.waiting).toBe(1);
    expect(asked).toEqual(['first/ping']);
  });

  it.each([
    ['a symbol', { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }, 'unknown_symbol'],
    ['an overload', { status: 503, body: '' }, 'unavailable'],
  ] as const)('are not switched for %s', async (_what, first, kind) => {
    const { ask } = hostsOf(binanceSpot, { first, second: serve });
    const [hosts, outcome] = await ask();
    expect(hosts).toBe('first/ping');
    expect(outcome).toMatch(new RegExp(`^${kind} first: HTTP`));
  });

  it('report once that all refuse us, are then asked one per request, and report when one serves again', async () => {
    const { ask, answers, refused } = hostsOf(binanceSpot, { first: block, second: block });
    const hosts: (string | undefined)[] = [];
    for (let request = 0; request < 3; request++) hosts.push((await ask())[0]);
    expect(hosts[0]).toBe('first/ping second/ping');
    expect(hosts.slice(1).every((asked) => asked === 'first/ping' || asked === 'second/ping')).toBe(true);
    const reasons = ['first', 'second'].map((host) => `${host}: HTTP 451: ${REGION}`).join('; ');
    expect(refused).toEqual([undefined, `region_blocked no REST host serves us: ${reasons}`]);
    answers.first = serve;
    answers.second = serve;
    await ask();
    expect(refused).toHaveLength(3);
    expect(refused[2]).toBeUndefined();
  });

  it('get no request for ten minutes when Bybit refuses us at each', async () => {
    const refusal = { status: 403, body: '' };
    const { ask, asked, answers, rest, scheduler } = hostsOf(bybitSpot, { first: refusal, second: refusal });
    expect((await ask())[0]).toBe('first/ping second/ping');
    answers.second = serve;
    answers.first = serve;
    const next = firstValueFrom(rest.ask$(request));
    scheduler.advance(TEN_MINUTES - 1);
    expect(asked).toHaveLength(2);
    scheduler.advance(1);
    expect(await next).toBe(serve.body);
    expect(asked).toHaveLength(3);
  });

  it('get the alternative request if they do not serve a path, and are not switched for that', async () => {
    const { ask, rest } = hostsOf(binanceSpot, { first: serve, second: serve });
    const none = { ...request, path: '/none' };
    expect(await ask({ ...none, otherwise: { ...request, weight: 3 } })).toEqual(['first/none first/ping', serve.body]);
    expect(rest.sentWeight).toBe(13);
    expect(await ask(none)).toEqual(['first/none', 'connect_failed first/none: HTTP 404: Not Found']);
  });
});
