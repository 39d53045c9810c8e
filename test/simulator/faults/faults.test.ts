import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { FaultRequest } from '../../../src/simulator/faults/fault-command.ts';
import { FAULT_KINDS } from '../../../src/simulator/faults/faults.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/server.ts';
import { until } from '../../../testing/tools/until.ts';
import { refusalFixture, withoutRequestId } from '../../fixtures/read-fixtures.ts';
import { Client, refusal } from '../client.ts';

const RATE = 5_000;

let simulator: Simulator;
const clients: Client[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ rate: RATE, connectionLimit: false });
});
afterAll(() => simulator.close());
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  simulator.clearFaults();
  simulator.setRate('binance', RATE);
  await until(() => simulator.counts().binance?.connections === 0 && simulator.counts().bybit?.connections === 0);
});

async function binance(...streams: string[]): Promise<Client> {
  const client = await Client.open(`${simulator.url}/binance/stream?streams=${streams.join('/')}`);
  clients.push(client);
  return client;
}

async function bybit(...args: string[]): Promise<Client> {
  const client = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
  clients.push(client);
  client.send({ op: 'subscribe', args });
  await client.message(({ success }) => success === true);
  return client;
}

async function post(
  body: unknown,
): Promise<{ status: number; body: { message?: string; started?: { id: number; connections: number[] }[] } }> {
  const response = await fetch(`${simulator.httpUrl}/faults`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as { message?: string } };
}

/** Waits for `least` new messages. */
async function receives(client: Client, least = 20): Promise<void> {
  const from = client.texts.length;
  await until(() => client.texts.length >= from + least);
}

it.each([
  ['malformed', {}, 'no connection of bybit is open: the fault did nothing'],
  ['close', {}, 'no connection of bybit is open: the fault did nothing'],
  ['silence_with_pong', { seconds: 5 }, 'no connection of bybit is open: the fault waits for new connections'],
])('the answer to %s warns that no connection is open', async (fault, more, warning) => {
  const { status, body } = await post({ venue: 'bybit', fault, ...more });
  expect(status).toBe(200);
  expect(body.started).toMatchObject([{ connections: [], warning }]);
});

it('the answer to a fault has no warning if it finds a connection, or needs none', async () => {
  await bybit('publicTrade.BTCUSDT');
  const { body } = await post({ venue: 'bybit', fault: 'malformed' });
  expect(body.started?.[0]).not.toHaveProperty('warning');
  const refused = await post({ venue: 'binance', fault: 'refuse_rest', seconds: 1 });
  expect(refused.body.started?.[0]).not.toHaveProperty('warning');
});

let questions = 100;

/** Waits until everything that the simulator has sent has arrived: an answer comes after it on the same socket. */
async function sentSoFar(client: Client): Promise<void> {
  const question = questions++;
  if (client.ws.url.includes('/bybit/')) {
    client.send({ op: 'ping', req_id: `${question}` });
    await client.message(({ req_id }) => req_id === `${question}`);
  } else {
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: question });
    await client.message(({ id }) => id === question);
  }
}

/** Expects that the client receives only the answer to a request, while the other client receives data. */
async function silentWhile(client: Client, other: Client): Promise<void> {
  await sentSoFar(client);
  const from = client.texts.length;
  await receives(other, 50);
  await sentSoFar(client);
  expect(client.texts.length - from).toBe(1);
}

/**
 * Stops the trades of Binance until the returned function is called. When it resolves, no data is in flight to the
 * client.
 */
async function stilled(client: Client): Promise<() => void> {
  simulator.setRate('binance', 0);
  await sentSoFar(client);
  return () => simulator.setRate('binance', RATE);
}

function ids(client: Client): number[] {
  return client.messages
    .filter(({ stream }) => stream === 'btcusdt@trade')
    .map(({ data }) => (data as { t: number }).t);
}

describe('HTTP API of the simulated faults', () => {
  it('refuses web pages of another origin', async () => {
    const body = JSON.stringify({ venue: 'bybit', fault: 'drop' });
    const post = (origin: string) =>
      // A page may send such a request without asking the server first.
      fetch(`${simulator.httpUrl}/faults`, { method: 'POST', body, headers: { origin, 'content-type': 'text/plain' } });
    for (const origin of ['https://evil.example', 'null', simulator.httpUrl.replace('127.0.0.1', 'localhost')])
      expect((await post(origin)).status).toBe(403);
    expect((await post(simulator.httpUrl)).status).not.toBe(403);
    const socket = new WebSocket(`${simulator.url}/bybit/v5/public/spot`, { origin: 'https://evil.example' });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  it('answers with JSON that ends with a newline', async () => {
    for (const path of ['/faults', '/stats'])
      expect(await (await fetch(`${simulator.httpUrl}${path}`)).text()).toMatch(/^\{.*\}\n$/);
  });

  it('lists every fault with a description and its parameters', async () => {
    const list = (await (await fetch(`${simulator.httpUrl}/faults`)).json()) as {
      faults: { name: string; description: string; parameters: string[] }[];
      active: unknown[];
    };
    expect(list.faults.map(({ name }) => name)).toEqual(Object.keys(FAULT_KINDS));
    expect(
      list.faults.every(({ description, parameters }) => description.endsWith('.') && Array.isArray(parameters)),
    ).toBe(true);
    expect(list.active).toEqual([]);
  });

  it.each([
    ['{"venue":', /not JSON/],
    ['[]', /must be a JSON object/],
    [{ fault: 'close' }, /venue is undefined; allowed: bybit, binance/],
    [{ venue: 'kraken', fault: 'close' }, /venue is "kraken"; allowed/],
    [{ venue: 'bybit' }, /fault is undefined; allowed: close/],
    [{ venue: 'bybit', fault: 'explode' }, /fault is "explode"; allowed/],
    [{ venue: 'bybit', fault: 'close', line: 0 }, /line is 0; allowed/],
    [{ venue: 'bybit', fault: 'close', line: 7 }, /line is 7, but bybit has 0 open connections/],
    [{ venue: 'bybit', fault: 'close', lines: 1 }, /unknown member lines/],
    [{ venue: 'bybit', fault: 'refuse', seconds: -1 }, /seconds is -1; allowed/],
    [{ venue: 'bybit', fault: 'refuse', status: 200 }, /status is 200; allowed: 400/],
    [{ venue: 'bybit', fault: 'skip_trades', count: 1.5 }, /count is 1.5; allowed/],
    [{ venue: 'bybit', fault: 'mute_symbol' }, /symbol is missing/],
    [{ venue: 'bybit', fault: 'mute_channel' }, /channel is missing; mute_channel needs one/],
    [{ venue: 'bybit', fault: 'mute_channel', channel: 'trades' }, /channel is "trades"; allowed: trade, agg_trade/],
    [{ venue: 'bybit', fault: 'mute_symbol', symbol: 'NOPE' }, /symbol is "NOPE", which is not listed/],
    [{ venue: 'bybit', fault: 'server_shutdown' }, /server_shutdown is not a fault of bybit; allowed: binance/],
    [{ venue: 'binance', fault: 'book_restart' }, /book_restart is not a fault of binance; allowed: bybit/],
    [{ venue: 'bybit', fault: 'skip_book', count: 0 }, /count is 0; allowed/],
  ])('answers 400 to %j', async (body, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toMatch(message);
  });

  it('starts and lists faults, which end by DELETE or after their seconds', async () => {
    const answer = await post({ venue: 'all', fault: 'quiet', seconds: 60, line: null });
    expect([answer.status, answer.body.started?.length]).toEqual([200, 4]);
    const active = async () =>
      ((await (await fetch(`${simulator.httpUrl}/faults`)).json()) as { active: unknown[] }).active.length;
    expect(await active()).toBe(4);
    await fetch(`${simulator.httpUrl}/faults?venue=bybit`, { method: 'DELETE' });
    expect(await active()).toBe(3);
    await fetch(`${simulator.httpUrl}/faults`, { method: 'DELETE' });
    expect(await active()).toBe(0);
    await post({ venue: 'bybit', fault: 'quiet', seconds: 0.1 });
    await until(async () => (await active()) === 0);
    expect((await fetch(`${simulator.httpUrl}/faults?venue=moon`, { method: 'DELETE' })).status).toBe(400);
  });
});

describe('simulated connection faults', () => {
  it('close ends only the given line, with a close handshake and the requested code', async () => {
    const [first, second] = [await binance('btcusdt@trade'), await binance('btcusdt@trade')];
    simulator.fault({ venue: 'binance', fault: 'close', line: 2, status: 1012 });
    expect(await second.end()).toMatchObject({ code: 1012 });
    await receives(first);
  });

  it('reset ends a connection without a close handshake', async () => {
    const client = await bybit('publicTrade.BTCUSDT');
    simulator.fault({ venue: 'bybit', fault: 'reset' });
    expect(await client.end()).toMatchObject({ code: 1006 });
  });

  it('silence_with_pong answers pings and subscriptions but sends no data, even to new connections', async () => {
    const client = await bybit('publicTrade.BTCUSDT');
    const other = await binance('btcusdt@trade');
    simulator.fault({ venue: 'bybit', fault: 'silence_with_pong' });
    await silentWhile(client, other);
    client.ws.ping();
    client.send({ req_id: 'x', op: 'ping' });
    await client.message(({ req_id }) => req_id === 'x');
    await until(() => client.pongs === 1);
    const fresh = await bybit('publicTrade.BTCUSDT', 'orderbook.1.BTCUSDT');
    await silentWhile(fresh, other);
    simulator.clearFaults();
    await receives(client);
    await receives(fresh);
  });

  it('silence_with_pong on one line does not affect the other line', async () => {
    const [first, second] = [await binance('btcusdt@trade'), await binance('btcusdt@trade')];
    simulator.fault({ venue: 'binance', fault: 'silence_with_pong', line: 1 });
    await silentWhile(first, second);
  });

  it('silence_without_pong answers nothing, not even a close', async () => {
    const client = await binance('btcusdt@trade');
    const other = await bybit('publicTrade.BTCUSDT');
    const goOn = await stilled(client);
    const from = client.texts.length;
    simulator.fault({ venue: 'binance', fault: 'silence_without_pong' });
    goOn();
    client.ws.ping();
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
    client.ws.close(1000);
    await receives(other, 50);
    expect([client.texts.length - from, client.pongs, client.closed]).toEqual([0, 0, undefined]);
  });

  it('silence_without_pong leaves a working connection when it ends', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'silence_without_pong', seconds: 0.5 });
    await receives(await bybit('publicTrade.BTCUSDT'), 5);
    await receives(client);
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 5 });
    await client.message(({ id }) => id === 5);
  });

  it('mute_symbol stops the data of one symbol', async () => {
    const client = await binance('btcusdt@trade', 'ethusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'mute_symbol', symbol: 'BTCUSDT' });
    await sentSoFar(client);
    const from = client.texts.length;
    await receives(client, 50);
    expect(new Set(client.messages.slice(from).map(({ stream }) => stream))).toEqual(new Set(['ethusdt@trade']));
  });

  it('mute_channel stops only that channel of the symbol', async () => {
    const client = await binance('btcusdt@trade', 'btcusdt@bookTicker');
    await receives(client);
    simulator.fault({ venue: 'binance', fault: 'mute_channel', channel: 'trade', symbol: 'BTCUSDT' });
    await sentSoFar(client);
    const from = client.texts.length;
    await receives(client);
    expect(new Set(client.messages.slice(from).map(({ stream }) => stream))).toEqual(new Set(['btcusdt@bookTicker']));
  });

  it('mute_channel without a symbol stops the channel of every symbol', async () => {
    const client = await bybit('orderbook.50.BTCUSDT', 'orderbook.50.ETHUSDT', 'publicTrade.BTCUSDT');
    await receives(client);
    simulator.fault({ venue: 'bybit', fault: 'mute_channel', channel: 'depth' });
    await sentSoFar(client);
    const from = client.texts.length;
    await receives(client);
    expect(new Set(client.messages.slice(from).map(({ topic }) => topic))).toEqual(new Set(['publicTrade.BTCUSDT']));
  });

  it('slow_trickle limits the bytes per second and loses no trade', async () => {
    const client = await binance('btcusdt@trade');
    const other = await bybit('publicTrade.BTCUSDT');
    const began = performance.now();
    const goOn = await stilled(client);
    const from = client.texts.length;
    simulator.fault({ venue: 'binance', fault: 'slow_trickle', count: 2_000 });
    goOn();
    await receives(other, 200);
    await receives(client, 3);
    const bytes = client.texts.slice(from).join('').length;
    expect(bytes).toBeLessThanOrEqual(2 * (performance.now() - began));
    simulator.clearFaults();
    await receives(client, 200);
    expect(client.closed).toBeUndefined();
    expect(ids(client)).toEqual(ids(client).map((_, i) => (ids(client)[0] as number) + i));
  });

  it('slow_trickle answers pings after the queued frames, and none in the middle of a frame', async () => {
    const client = await binance('btcusdt@trade');
    await receives(client);
    simulator.fault({ venue: 'binance', fault: 'slow_trickle', count: 500 });
    await receives(await bybit('publicTrade.BTCUSDT'), 20);
    client.ws.ping('1');
    await receives(client, 2);
    simulator.clearFaults();
    await until(() => client.pongs === 1);
    await receives(client, 100);
    expect(client.closed).toBeUndefined();
  });

  it('close_loop closes open and new connections at once', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'close_loop' });
    expect(await client.end()).toMatchObject({ code: 1001 });
    const again = await binance('btcusdt@trade');
    expect(await again.end()).toMatchObject({ code: 1001 });
    expect(again.texts).toEqual([]);
  });
});

describe('simulated refusals', () => {
  it.each([
    ['bybit', '/bybit/v5/public/spot', '/bybit/v5/market/time', 403, undefined],
    ['binance', '/binance/stream', '/binance/api/v3/time', 451, undefined],
    ['binance_us', '/binance_us/ws', '/binance_us/api/v3/time', 429, '30'],
    ['binance_testnet', '/binance_testnet/ws', '/binance_testnet/api/v3/time', 503, undefined],
  ] as const)('refuse at %s ends sockets and rejects new requests', async (venue, socket, path, status, retryAfter) => {
    const client = await Client.open(simulator.url + socket);
    simulator.fault({ venue, fault: 'refuse', status, seconds: 30 });
    expect(await client.end()).toMatchObject({ code: 1006 });
    expect(await refusal(simulator.url + socket)).toMatchObject({ status, retryAfter });
    const response = await fetch(simulator.httpUrl + path);
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter ?? null]);
    simulator.clearFaults();
    const again = await Client.open(simulator.url + socket);
    again.close();
  });

  it.each([
    [{}, 'bybit', 403, 'bybit-country.txt'],
    [{ status: 403 }, 'bybit', 403, 'bybit-too-frequent.txt'],
    [{}, 'binance', 451, 'binance-region.txt'],
    [{ status: 403 }, 'binance', 403, 'binance-firewall.html'],
    [{}, 'binance_us', 403, 'binance-us-country.html'],
    [{ status: 403 }, 'binance_us', 403, 'binance-firewall.html'],
    [{}, 'binance_testnet', 451, 'binance-region.txt'],
  ] as const)('refuse %j at %s answers %i with the recorded body in %s', async (given, venue, status, file) => {
    simulator.fault({ venue, fault: 'refuse', ...given });
    const [socket, time] = venue === 'bybit' ? ['v5/public/spot', 'v5/market/time'] : ['stream', 'api/v3/time'];
    const body = withoutRequestId(refusalFixture(file));
    const refused = await refusal(`${simulator.url}/${venue}/${socket}`);
    expect([refused.status, withoutRequestId(refused.body)]).toEqual([status, body]);
    const response = await fetch(`${simulator.httpUrl}/${venue}/${time}`);
    expect([response.status, withoutRequestId(await response.text())]).toEqual([status, body]);
  });

  it('refuse_rest rejects REST requests and does not affect the sockets', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'refuse_rest', status: 418, seconds: 7 });
    const response = await fetch(`${simulator.httpUrl}/binance/api/v3/time`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([418, '7']);
    await receives(client);
  });

  it('reject_symbol rejects the subscription with the error of each venue', async () => {
    simulator.fault({ venue: 'all', fault: 'reject_symbol', symbol: 'ADAUSDT' });
    const one = await bybit('publicTrade.BTCUSDT');
    one.send({ op: 'subscribe', args: ['publicTrade.ADAUSDT'] });
    await one.message(({ ret_msg }) => ret_msg === 'Invalid symbol :[publicTrade.ADAUSDT]');
    const other = await binance('btcusdt@trade');
    other.send({ method: 'SUBSCRIBE', params: ['adausdt@trade'], id: 1 });
    expect(await other.message(({ id }) => id === 1)).toMatchObject({ error: { code: 2 } });
  });

  it('reject_trades rejects only the trade subscriptions of a symbol', async () => {
    simulator.fault({ venue: 'all', fault: 'reject_trades', symbol: 'ADAUSDT' });
    const one = await bybit('publicTrade.BTCUSDT');
    one.send({ op: 'subscribe', args: ['tickers.ADAUSDT'], req_id: 'a' });
    await one.message(({ req_id, success }) => req_id === 'a' && success === true);
    one.send({ op: 'subscribe', args: ['publicTrade.ADAUSDT'] });
    await one.message(({ ret_msg }) => ret_msg === 'Invalid symbol :[publicTrade.ADAUSDT]');
    const other = await binance('btcusdt@trade');
    for (const [id, name] of ['ticker', 'trade', 'aggTrade'].entries())
      other.send({ method: 'SUBSCRIBE', params: [`adausdt@${name}`], id });
    expect(await other.message(({ id }) => id === 0)).toMatchObject({ result: null });
    for (const refused of [1, 2])
      expect(await other.message(({ id }) => id === refused)).toMatchObject({ error: { code: 2 } });
  });
});

describe('simulated data faults', () => {
  it('skip_trades skips trades on one line that the other line and REST have', async () => {
    const [first, second] = [await binance('btcusdt@trade'), await binance('btcusdt@trade')];
    await receives(first);
    simulator.fault({ venue: 'binance', fault: 'skip_trades', line: 1, symbol: 'BTCUSDT', count: 7 });
    await sentSoFar(first);
    await receives(first, 50);
    const have = ids(first);
    const [oldest, newest] = [have[0] as number, have.at(-1) as number];
    await until(() => ids(second).includes(newest));
    const missing = ids(second).filter((id) => id > oldest && id < newest && !have.includes(id));
    expect(missing).toHaveLength(7);
    const rows = (await (
      await fetch(`${simulator.httpUrl}/binance/api/v3/historicalTrades?symbol=BTCUSDT&fromId=${missing[0]}&limit=7`)
    ).json()) as { id: number }[];
    expect(rows.map(({ id }) => id)).toEqual(missing);
  });

  it('skip_trades skips exactly the requested number of Bybit trades on one line', async () => {
    const [first, second] = [await bybit('publicTrade.BTCUSDT'), await bybit('publicTrade.BTCUSDT')];
    await receives(first);
    simulator.fault({ venue: 'bybit', fault: 'skip_trades', line: 1, symbol: 'BTCUSDT', count: 5 });
    await sentSoFar(first);
    await receives(first, 60);
    const trades = (client: Client) =>
      client.messages.flatMap(({ data }) => (Array.isArray(data) ? (data as { i: string }[]).map(({ i }) => i) : []));
    const have = trades(first);
    const newest = have.at(-1) as string;
    await until(() => trades(second).includes(newest));
    const all = trades(second);
    const from = all.indexOf(have.find((id) => all.includes(id)) as string);
    const missing = all.slice(from).filter((id) => BigInt(id) < BigInt(newest) && !have.includes(id));
    expect(missing).toHaveLength(5);
  });

  it('repeat_trades sends the requested number of trades twice', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'repeat_trades', symbol: 'BTCUSDT', count: 3 });
    await sentSoFar(client);
    await receives(client, 30);
    const all = ids(client);
    expect(all.length - new Set(all).size).toBe(3);
  });

  it('reorder_trades reverses the order of some trades without losing one', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'reorder_trades', symbol: 'BTCUSDT', count: 4 });
    await sentSoFar(client);
    await receives(client, 30);
    const all = ids(client);
    const sorted = [...all].sort((a, b) => a - b);
    expect(all).not.toEqual(sorted);
    expect(sorted).toEqual(sorted.map((_, i) => (sorted[0] as number) + i));
    const at = all.findIndex((id, i) => id !== sorted[i]);
    expect(all.slice(at, at + 4)).toEqual(sorted.slice(at, at + 4).reverse());
  });

  it.each(['binance', 'bybit'] as const)('malformed mixes broken frames into the valid frames of %s', async (venue) => {
    const client = venue === 'binance' ? await binance('btcusdt@trade') : await bybit('publicTrade.BTCUSDT');
    simulator.fault({ venue, fault: 'malformed', count: 31, symbol: 'BTCUSDT' });
    const broken = (text: string) =>
      text === '' || /9999999999|1789299660724|^(\{\}|\[\]|null|12345)$|^<html|^\[\[\[|1723161255343/.test(text);
    await until(() => client.binaries.length >= 2 && client.texts.filter(broken).length >= 26);
    await receives(client, 5);
    const places = client.texts.flatMap((text, i) => (broken(text) ? [i] : []));
    const between = client.texts.slice(places[0], places.at(-1)).filter((text) => !broken(text)).length;
    expect(between).toBeGreaterThan(3);
    expect(client.closed).toBeUndefined();
  });

  it('unknown_frame and big_frame send extra frames, and the data continues', async () => {
    const client = await binance('btcusdt@trade');
    simulator.fault({ venue: 'binance', fault: 'unknown_frame', count: 3 });
    simulator.fault({ venue: 'binance', fault: 'big_frame', count: 2 });
    await client.message(({ stream }) => stream === '!notice');
    await client.message(({ stream }) => stream === '!filling');
    expect(Math.max(...client.texts.map(({ length }) => length))).toBeGreaterThan(2 * 1_048_576);
    await receives(client);
  });

  it('invalid_utf8 sends a text frame that is not valid UTF-8', async () => {
    const client = await bybit('publicTrade.BTCUSDT');
    const errors: string[] = [];
    client.ws.on('error', ({ message }) => errors.push(message));
    simulator.fault({ venue: 'bybit', fault: 'invalid_utf8' });
    await client.end();
    expect(errors.join()).toMatch(/UTF-8/);
  });
});

describe('simulated venue faults', () => {
  it('server_shutdown announces the shutdown and closes the connections', async () => {
    const combined = await binance('btcusdt@trade');
    const raw = await Client.open(`${simulator.url}/binance/ws/btcusdt@trade`);
    simulator.fault({ venue: 'binance', fault: 'server_shutdown', seconds: 0.2 });
    expect(await combined.message(({ stream }) => stream === '!serverShutdown')).toMatchObject({
      data: { e: 'serverShutdown', E: expect.any(Number) },
    });
    await raw.message(({ e }) => e === 'serverShutdown');
    expect(await combined.end()).toMatchObject({ code: 1001 });
    await raw.end();
  });

  it('bad_rows sets the price to null in every n-th REST row of a symbol', async () => {
    const rows = async (path: string): Promise<readonly { id?: number; price?: unknown }[]> =>
      (await fetch(`${simulator.httpUrl}${path}`)).json() as Promise<readonly object[]>;
    await until(async () => (await rows('/binance/api/v3/trades?symbol=BTCUSDT&limit=30')).length === 30);
    simulator.fault({ venue: 'binance', fault: 'bad_rows', symbol: 'BTCUSDT', count: 10 });
    const trades = await rows('/binance/api/v3/trades?symbol=BTCUSDT&limit=30');
    expect(trades.map(({ price }) => price === null)).toEqual(trades.map(({ id = 1 }) => id % 10 === 0));
    const candles = await rows('/binance/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=20');
    expect(candles.filter((row) => Array.isArray(row) && row[1] === null).length).toBe(2);
    const { result } = (await (
      await fetch(`${simulator.httpUrl}/bybit/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&limit=20`)
    ).json()) as { result: { list: unknown[][] } };
    expect(result.list.some((row) => row[1] === null)).toBe(false);
    simulator.clearFaults();
  });

  it('testnet_reset starts the trade ids of the testnet again', async () => {
    const client = await Client.open(`${simulator.url}/binance_testnet/ws/btcusdt@trade`);
    await client.count(3);
    simulator.fault({ venue: 'binance_testnet', fault: 'testnet_reset' });
    await client.end();
    const again = await Client.open(`${simulator.url}/binance_testnet/ws/btcusdt@trade`);
    await again.count(3);
    expect(again.messages[0]?.t).toBeLessThan(10_000);
    again.close();
  });

  it('id_jump skips the requested number of trade ids', async () => {
    const client = await binance('btcusdt@trade');
    await receives(client);
    simulator.fault({ venue: 'binance', fault: 'id_jump', symbol: 'BTCUSDT', count: 25 });
    await sentSoFar(client);
    await receives(client, 30);
    const all = ids(client);
    expect(Math.max(...all.slice(1).map((id, i) => id - (all[i] as number)))).toBe(26);
  });

  it('quiet stops trades and best prices of the venue or of one symbol, but not pongs', async () => {
    const client = await binance('btcusdt@trade', 'btcusdt@bookTicker', 'ethusdt@trade');
    const request: FaultRequest = { venue: 'binance', fault: 'quiet' };
    simulator.fault(request);
    await silentWhile(client, await bybit('publicTrade.BTCUSDT'));
    client.ws.ping();
    await until(() => client.pongs === 1);
    simulator.clearFaults();
    simulator.fault({ ...request, symbol: 'BTCUSDT' });
    await sentSoFar(client);
    const from = client.texts.length;
    await receives(client, 30);
    expect(new Set(client.messages.slice(from).map(({ stream }) => stream))).toEqual(new Set(['ethusdt@trade']));
  });
});
