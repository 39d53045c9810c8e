import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { until } from '../../testing/tools/until.ts';
import { Client, getJson, refusal } from './client.ts';

let simulator: Simulator;
const clients: Client[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ rate: 2_000 });
});
afterAll(() => simulator.close());
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function open(path: string, options: { autoPong?: boolean } = {}): Promise<Client> {
  const client = await Client.open(simulator.url + path, options);
  clients.push(client);
  return client;
}

const rest = (path: string) => `${simulator.httpUrl}${path}`;

interface Wrapped {
  readonly stream: string;
  readonly data: Record<string, unknown>;
}

function events(client: Client, stream: string): Record<string, unknown>[] {
  return client.messages
    .filter((message) => message.stream === stream)
    .map((message) => (message as unknown as Wrapped).data);
}

describe('simulated Binance: control messages', () => {
  it('acknowledges, lists and removes subscriptions', async () => {
    const client = await open('/binance/stream');
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@aggTrade'], id: 1 });
    expect(await client.message(({ id }) => id === 1)).toEqual({ result: null, id: 1 });
    client.send({ method: 'UNSUBSCRIBE', params: ['ethusdt@aggTrade'], id: 'two' });
    expect(await client.message(({ id }) => id === 'two')).toEqual({ result: null, id: 'two' });
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 3 });
    expect(await client.message(({ id }) => id === 3)).toEqual({ result: ['btcusdt@trade'], id: 3 });
    await client.message(({ stream }) => stream === 'btcusdt@trade');
  });

  it.each([
    ['broken JSON', '{"method":', { code: 3 }],
    ['an unknown method', { method: 'LISTEN', params: [], id: 1 }, { code: 2, id: 1 }],
    ['no params', { method: 'SUBSCRIBE', id: 1 }, { code: 2, id: 1 }],
    ['an id that is no id', { method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: { a: 1 } }, { code: 2 }],
    [
      'a malformed stream',
      { method: 'SUBSCRIBE', params: ['btcusdt@trade', 'btcusdt@rubbish'], id: 7 },
      { error: { code: 2, msg: 'Invalid request: invalid stream' }, id: 7 },
    ],
  ])('refuses %s', async (_, message, answer) => {
    const client = await open('/binance/ws');
    client.send(message);
    await client.count(1);
    expect(client.messages[0]).toMatchObject(answer);
    client.send({ method: 'LIST_SUBSCRIPTIONS', id: 99 });
    expect(await client.message(({ id }) => id === 99)).toEqual({ result: [], id: 99 });
  });

  it('refuses a text id at Binance US', async () => {
    const client = await open('/binance_us/ws');
    client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 'text' });
    expect(await client.message(({ code }) => code === 2)).toMatchObject({ code: 2 });
  });

  it('accepts an unknown symbol and delivers nothing for it', async () => {
    const client = await open('/binance/stream');
    client.send({ method: 'SUBSCRIBE', params: ['nosuchusdt@trade', 'BTCUSDT@trade', 'solusdt@trade'], id: 1 });
    expect(await client.message(({ id }) => id === 1)).toEqual({ result: null, id: 1 });
    await until(() => events(client, 'solusdt@trade').length > 20);
    expect(new Set(client.messages.map(({ stream }) => stream))).toEqual(new Set([undefined, 'solusdt@trade']));
  });

  it('wraps events on /stream until SET_PROPERTY turns it off, and never on /ws', async () => {
    const raw = await open('/binance/ws/btcusdt@trade/ethusdt@trade');
    const combined = await open('/binance/stream?streams=btcusdt@trade');
    await raw.count(10);
    await combined.count(10);
    expect(raw.messages.every(({ e, stream }) => e === 'trade' && stream === undefined)).toBe(true);
    expect(combined.messages.every(({ stream }) => stream === 'btcusdt@trade')).toBe(true);
    combined.send({ method: 'SET_PROPERTY', params: ['combined', false], id: 5 });
    await combined.message(({ id }) => id === 5);
    await combined.message(({ e }) => e === 'trade');
  });

  it('sends times in microseconds if timeUnit asks for them', async () => {
    const client = await open('/binance/stream?streams=btcusdt@trade&timeUnit=MICROSECOND');
    await client.count(1);
    expect(String(events(client, 'btcusdt@trade')[0]?.T)).toMatch(/^\d{16}$/);
  });

  it('closes a connection that sends more than five messages a second', async () => {
    const client = await open('/binance/ws');
    for (let id = 1; id <= 6; id++) client.send({ method: 'LIST_SUBSCRIPTIONS', id });
    expect(await client.end()).toMatchObject({ code: 1008 });
  });

  it('allows at most 1024 streams on a connection', async () => {
    const client = await open('/binance/ws');
    const names = Array.from({ length: 1_025 }, (_, i) => `x${i}usdt@trade`);
    client.send({ method: 'SUBSCRIBE', params: names.slice(0, 1_024), id: 1 });
    await client.message(({ id }) => id === 1);
    client.send({ method: 'SUBSCRIBE', params: names.slice(1_024), id: 2 });
    expect(await client.message(({ id }) => id === 2)).toEqual({
      error: { code: 4, msg: 'Too many subscriptions' },
      id: 2,
    });
  });

  it('refuses unknown WebSocket paths and streams', async () => {
    expect(await refusal(`${simulator.url}/binance/elsewhere`)).toMatchObject({ status: 404 });
    expect(await refusal(`${simulator.url}/binance/ws/rubbish`)).toMatchObject({ status: 400 });
    expect(await refusal(`${simulator.url}/nowhere/stream`)).toMatchObject({ status: 404 });
  });
});

describe('simulated Binance: heartbeats', () => {
  it('keeps connections that echo the ping payload and closes the others', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const short = await startSimulator({ rate: 10, ping: { everyMs: 210, answerWithinMs: 300 } });
    try {
      const good = await Client.open(`${short.url}/binance/ws`);
      const bad = await Client.open(`${short.url}/binance/ws`, { autoPong: false });
      bad.ws.on('ping', () => bad.ws.pong('something else'));
      const pinged = (count: number) => until(() => good.pings.length === count && bad.pings.length >= count);
      vi.advanceTimersByTime(220);
      await pinged(1);
      for (const client of [good, bad]) {
        client.send({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
        await client.message(({ id }) => id === 1, 'an answer, which comes after the pong has been read');
      }
      vi.advanceTimersByTime(220);
      await pinged(2);
      vi.advanceTimersByTime(220);
      expect(await bad.end()).toMatchObject({ code: 1006 });
      await until(() => good.pings.length === 3);
      expect(good.closed).toBeUndefined();
      good.close();
    } finally {
      vi.useRealTimers();
      await short.close();
    }
  });

  it('closes a connection when its lifetime ends', async () => {
    const short = await startSimulator({ rate: 10, lifetimeMs: 100 });
    try {
      const client = await Client.open(`${short.url}/binance/ws`);
      expect(await client.end()).toMatchObject({ code: 1001 });
    } finally {
      await short.close();
    }
  });
});

describe('simulated Binance: compression', () => {
  it('is off by default, and carries trades if the simulator offers it', async () => {
    const plain = new WebSocket(`${simulator.url}/binance/ws/btcusdt@trade`);
    await once(plain, 'open');
    expect(plain.extensions).toBe('');
    plain.terminate();
    const offering = await startSimulator({ rate: 1_000, compression: true });
    try {
      const ws = new WebSocket(`${offering.url}/binance/ws/btcusdt@trade`);
      const [data] = (await once(ws, 'message')) as [Buffer];
      expect(ws.extensions).toMatch(/permessage-deflate/);
      expect(JSON.parse(data.toString())).toMatchObject({ e: 'trade', s: 'BTCUSDT' });
      ws.terminate();
    } finally {
      await offering.close();
    }
  });
});

describe('simulated Binance: streams', () => {
  it('sends every channel with the fields of the venue', async () => {
    const client = await open('/binance/stream');
    const streams = [
      'trade',
      'aggTrade',
      'ticker',
      'miniTicker',
      'bookTicker',
      'kline_1m',
      'kline_1s',
      'depth@100ms',
      'depth5@100ms',
    ].map((name) => `btcusdt@${name}`);
    client.send({ method: 'SUBSCRIBE', params: streams, id: 1 });
    for (const stream of streams) await client.message((message) => message.stream === stream, stream);
    const keys = Object.fromEntries(
      streams.map((stream) => [stream.slice(8), Object.keys(events(client, stream)[0] ?? {}).join()]),
    );
    expect(keys).toEqual({
      trade: 'e,E,s,t,p,q,T,m,M',
      aggTrade: 'e,E,s,a,p,q,f,l,T,m,M',
      ticker: 'e,E,s,p,P,w,x,c,Q,b,B,a,A,o,h,l,v,q,O,C,F,L,n',
      miniTicker: 'e,E,s,c,o,h,l,v,q',
      bookTicker: 'u,s,b,B,a,A',
      kline_1m: 'e,E,s,k',
      kline_1s: 'e,E,s,k',
      'depth@100ms': 'e,E,s,U,u,b,a',
      'depth5@100ms': 'lastUpdateId,bids,asks',
    });
    expect(events(client, 'btcusdt@trade')[0]?.p).toMatch(/^\d+\.\d{8}$/);
  });

  it('adds the order ids to trades at Binance US', async () => {
    const client = await open('/binance_us/ws/btcusdt@trade');
    await client.count(1);
    expect(Object.keys(client.messages[0] ?? {}).join()).toBe('e,E,s,t,p,q,b,a,T,m,M');
  });

  it('sends contiguous trade ids, and aggregated trades with contiguous ids and ranges', async () => {
    const client = await open('/binance/stream?streams=btcusdt@trade/btcusdt@aggTrade');
    await until(() => events(client, 'btcusdt@aggTrade').length > 100);
    const trades = events(client, 'btcusdt@trade').map(({ t }) => t as number);
    expect(trades).toEqual(trades.map((_, i) => (trades[0] as number) + i));
    const aggregated = events(client, 'btcusdt@aggTrade') as { a: number; f: number; l: number }[];
    aggregated.forEach(({ a, f }, i) => {
      const before = aggregated[i - 1];
      if (before !== undefined) expect([a, f]).toEqual([before.a + 1, before.l + 1]);
    });
  });

  it('sends depth updates that keep a REST snapshot in step with the best prices', async () => {
    const client = await open('/binance/stream?streams=btcusdt@depth@100ms/btcusdt@depth/btcusdt@bookTicker');
    await until(() => events(client, 'btcusdt@depth@100ms').length > 2);
    const snapshot = await getJson<{ lastUpdateId: number; bids: string[][]; asks: string[][] }>(
      rest('/binance/api/v3/depth?symbol=BTCUSDT&limit=5000'),
    );
    await until(() => events(client, 'btcusdt@depth@100ms').length > 12);
    const sides = { b: new Map(snapshot.bids as [string, string][]), a: new Map(snapshot.asks as [string, string][]) };
    const best = new Map(events(client, 'btcusdt@bookTicker').map((event) => [event.u as number, event]));
    let id = snapshot.lastUpdateId;
    let compared = 0;
    for (const event of events(client, 'btcusdt@depth@100ms') as {
      U: number;
      u: number;
      b: [string, string][];
      a: [string, string][];
    }[]) {
      if (event.u <= id) continue;
      expect(event.U).toBeLessThanOrEqual(id + 1);
      for (const side of ['b', 'a'] as const)
        for (const [price, quantity] of event[side]) {
          if (Number(quantity) === 0) sides[side].delete(price);
          else sides[side].set(price, quantity);
        }
      id = event.u;
      const bid = Math.max(...[...sides.b.keys()].map(Number));
      const ask = Math.min(...[...sides.a.keys()].map(Number));
      expect(bid).toBeLessThan(ask);
      const ticker = best.get(id);
      if (ticker === undefined) continue;
      compared++;
      expect([bid, ask]).toEqual([Number(ticker.b), Number(ticker.a)]);
      expect(sides.b.get(ticker.b as string)).toBe(ticker.B);
    }
    expect(compared).toBeGreaterThan(3);
    await until(() => events(client, 'btcusdt@depth').length > 1);
    for (const stream of ['btcusdt@depth@100ms', 'btcusdt@depth']) {
      const updates = events(client, stream) as { U: number; u: number }[];
      expect(updates.slice(1).map(({ U }) => U)).toEqual(updates.slice(0, -1).map(({ u }) => u + 1));
    }
  });
});

describe('simulated Binance: REST', () => {
  it('lists the instruments, and refuses an unknown one', async () => {
    const all = await getJson<{
      symbols: { symbol: string; baseAsset: string; status: string }[];
      rateLimits: { limit: number }[];
    }>(rest('/binance/api/v3/exchangeInfo'));
    expect(all.symbols).toHaveLength(20);
    expect(all.symbols[0]).toMatchObject({ symbol: 'BTCUSDT', baseAsset: 'BTC', status: 'TRADING' });
    expect(all.rateLimits[0]?.limit).toBe(6_000);
    const response = await fetch(rest('/binance/api/v3/exchangeInfo?symbols=["BTCUSDT","NOPEUSDT"]'));
    expect([response.status, await response.json()]).toEqual([400, { code: -1121, msg: 'Invalid symbol.' }]);
  });

  it('pages trades and aggregated trades by id, with the trades as they were streamed', async () => {
    const client = await open('/binance/ws/btcusdt@trade');
    await client.count(50);
    const streamed = client.messages.slice(0, 50) as { t: number; p: string; q: string; T: number; m: boolean }[];
    const from = streamed[0]?.t;
    const rows = await getJson<Record<string, unknown>[]>(
      rest(`/binance/api/v3/historicalTrades?symbol=BTCUSDT&fromId=${from}&limit=50`),
    );
    expect(rows.map(({ id, price, qty, time, isBuyerMaker }) => [id, price, qty, time, isBuyerMaker])).toEqual(
      streamed.map(({ t, p, q, T, m }) => [t, p, q, T, m]),
    );
    const latest = await getJson<{ a: number; f: number; l: number }[]>(
      rest('/binance/api/v3/aggTrades?symbol=BTCUSDT&limit=20'),
    );
    expect(latest).toHaveLength(20);
    const again = await getJson<{ a: number }[]>(
      rest(`/binance/api/v3/aggTrades?symbol=BTCUSDT&fromId=${latest[5]?.a}&limit=10`),
    );
    expect(again).toEqual(latest.slice(5, 15));
  });

  it('returns the aggregated trades of a time range', async () => {
    const rows = await getJson<{ T: number }[]>(rest('/binance/api/v3/aggTrades?symbol=BTCUSDT&limit=1000'));
    const [start, end] = [rows[1]?.T as number, rows[rows.length - 2]?.T as number];
    const between = await getJson<{ T: number }[]>(
      rest(`/binance/api/v3/aggTrades?symbol=BTCUSDT&startTime=${start}&endTime=${end}&limit=1000`),
    );
    expect(between.length).toBeGreaterThan(0);
    expect(between.every(({ T }) => T >= start && T <= end)).toBe(true);
  });

  it('requires an API key for historicalTrades at Binance US only', async () => {
    expect((await fetch(rest('/binance_us/api/v3/historicalTrades?symbol=BTCUSDT'))).status).toBe(401);
    expect((await fetch(rest('/binance/api/v3/historicalTrades?symbol=BTCUSDT'))).status).toBe(200);
  });

  it('returns consecutive candles of twelve fields', async () => {
    const rows = await getJson<[number, string, string, string, string, string, number][]>(
      rest('/binance/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=40'),
    );
    expect(rows).toHaveLength(40);
    rows.forEach((row, i) => {
      expect(row).toHaveLength(12);
      expect(row[6]).toBe(row[0] + 59_999);
      expect(Number(row[2])).toBeGreaterThanOrEqual(Number(row[3]));
      if (i > 0) expect(row[0]).toBe((rows[i - 1]?.[0] ?? 0) + 60_000);
    });
  });

  it.each([
    ['trades', -1102],
    ['trades?symbol=NOPE', -1121],
    ['klines?symbol=BTCUSDT&interval=7m', -1120],
    ['aggTrades?symbol=BTCUSDT&fromId=abc', -1100],
    ['aggTrades?symbol=BTCUSDT&fromId=1&startTime=2', -1128],
  ])('refuses %s with code %i', async (path, code) => {
    const response = await fetch(rest(`/binance/api/v3/${path}`));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code });
  });

  it('counts the request weight, then answers 429, then 418 with Retry-After', async () => {
    const first = await fetch(rest('/binance_testnet/api/v3/time'));
    expect(first.headers.get('x-mbx-used-weight-1m')).toBe('1');
    const statuses: number[] = [];
    let last = first;
    for (let i = 0; i < 60 && last.status !== 418; i++) {
      last = await fetch(rest('/binance_testnet/api/v3/depth?symbol=BTCUSDT&limit=5000'));
      await last.arrayBuffer();
      statuses.push(last.status);
    }
    expect([...new Set(statuses)]).toEqual([200, 429, 418]);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(23);
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    simulator.clearFaults('binance_testnet');
    expect((await fetch(rest('/binance_testnet/api/v3/time'))).status).toBe(200);
  });
});
