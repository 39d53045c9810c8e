import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { until } from '../../testing/tools/until.ts';
import { refusalFixture, withoutRequestId } from '../fixtures/read-fixtures.ts';
import { Client, getJson, refusal } from './client.ts';

let simulator: Simulator;
const clients: Client[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ rate: 5_000 });
});
afterAll(() => simulator.close());
afterEach(() => {
  simulator.clearFaults();
  for (const client of clients.splice(0)) client.close();
});

async function open(path = '/v5/public/spot'): Promise<Client> {
  const client = await Client.open(`${simulator.url}/bybit${path}`);
  clients.push(client);
  return client;
}

const rest = (path: string) => `${simulator.httpUrl}/bybit/v5/market/${path}`;
const CONN = expect.stringMatching(/^[a-z0-9]{20}-[a-z0-9]{4}$/);

interface TradeItem {
  readonly i: string;
  readonly T: number;
  readonly p: string;
  readonly v: string;
  readonly S: string;
  readonly seq: number;
}

function trades(client: Client, topic: string): TradeItem[][] {
  return client.messages.filter((message) => message.topic === topic).map(({ data }) => data as TradeItem[]);
}

describe('simulated Bybit: operations', () => {
  it('acknowledges a subscription with its req_id, or without one if none was sent', async () => {
    const client = await open();
    client.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
    await client.count(1);
    expect(client.messages[0]).toEqual({ success: true, ret_msg: 'subscribe', conn_id: CONN, op: 'subscribe' });
    client.send({ req_id: 'a1', op: 'subscribe', args: ['publicTrade.ETHUSDT'] });
    expect(await client.message(({ req_id }) => req_id === 'a1')).toEqual({
      success: true,
      ret_msg: 'subscribe',
      conn_id: CONN,
      req_id: 'a1',
      op: 'subscribe',
    });
  });

  it('answers a ping with op ping', async () => {
    const client = await open();
    client.send({ req_id: '100001', op: 'ping' });
    await client.count(1);
    expect(client.messages[0]).toEqual({ success: true, ret_msg: 'pong', conn_id: CONN, req_id: '100001', op: 'ping' });
  });

  it('refuses more than ten topics at once with an escaped ">", and stays open', async () => {
    const client = await open();
    const args = simulatorCoins.slice(0, 11).map((coin) => `publicTrade.${coin}USDT`);
    client.send({ req_id: '1', op: 'subscribe', args });
    await client.count(1);
    expect(client.texts[0]).toMatch(
      /^\{"success":false,"ret_msg":"args size \\u003e10","conn_id":"[^"]+","op":"subscribe"\}$/,
    );
    client.send({ op: 'ping' });
    await client.count(2);
    expect(client.texts).toHaveLength(2);
  });

  it.each([
    [['publicTrade.BTCUSDT', 'orderbook.50.NOSUCHSYM'], 'Invalid symbol :[orderbook.50.NOSUCHSYM]'],
    [['publicTrade.BTCUSDT', 'orderbook.500.BTCUSDT'], 'error:handler not found,topic:orderbook.500.BTCUSDT'],
    [['rubbish'], 'error:handler not found,topic:rubbish'],
    [[], 'error:args is empty'],
    [[5], 'error:args must be strings'],
  ])('refuses %j and subscribes to none of its topics', async (args, message) => {
    const client = await open();
    client.send({ req_id: '9', op: 'subscribe', args });
    await client.count(1);
    expect(client.messages[0]).toEqual({ success: false, ret_msg: message, conn_id: CONN, op: 'subscribe' });
    client.send({ op: 'ping' });
    await client.message(({ ret_msg }) => ret_msg === 'pong');
    expect(client.texts).toHaveLength(2);
  });

  it('refuses a second subscription to a topic until the client unsubscribes', async () => {
    const client = await open();
    const args = ['tickers.BTCUSDT'];
    client.send({ req_id: '1', op: 'subscribe', args });
    client.send({ req_id: '2', op: 'subscribe', args });
    await client.message(({ ret_msg }) => ret_msg === 'error:already subscribed,topic:tickers.BTCUSDT');
    client.send({ req_id: '3', op: 'unsubscribe', args });
    expect(await client.message(({ req_id }) => req_id === '3')).toMatchObject({ success: true, op: 'unsubscribe' });
    client.send({ req_id: '4', op: 'subscribe', args });
    expect(await client.message(({ req_id }) => req_id === '4')).toMatchObject({ success: true });
  });

  it('serves the system status, and refuses the path of linear markets', async () => {
    expect(await refusal(`${simulator.url}/bybit/v5/public/linear`)).toMatchObject({ status: 404 });
    const status = await open('/v5/public/misc/status');
    status.send({ op: 'subscribe', args: ['system.status'] });
    await status.message(({ success }) => success === true);
    simulator.fault({ venue: 'bybit', fault: 'maintenance', seconds: 0.2 });
    const state = (wanted: string) => (message: Record<string, unknown>) =>
      (message.data as { state?: string }[] | undefined)?.[0]?.state === wanted;
    await status.message(state('ongoing'));
    await status.message(state('completed'));
  });
});

describe('simulated Bybit: topics', () => {
  it('sends every channel with the fields of the venue', async () => {
    const client = await open();
    const topics = [
      'publicTrade.BTCUSDT',
      'tickers.BTCUSDT',
      'orderbook.1.BTCUSDT',
      'orderbook.50.BTCUSDT',
      'kline.1.BTCUSDT',
    ];
    client.send({ op: 'subscribe', args: topics });
    for (const topic of topics) await client.message((message) => message.topic === topic, topic);
    const shape = (topic: string) => {
      const message = client.messages.find((one) => one.topic === topic) ?? {};
      const data = Array.isArray(message.data) ? message.data[0] : message.data;
      return [Object.keys(message).join(), Object.keys(data as object).join()];
    };
    expect(Object.fromEntries(topics.map((topic) => [topic.split('.').slice(0, -1).join('.'), shape(topic)]))).toEqual({
      publicTrade: ['topic,ts,type,data', 'i,T,p,v,S,seq,s,BT,RPI'],
      tickers: [
        'topic,ts,type,cs,data',
        'symbol,lastPrice,highPrice24h,lowPrice24h,prevPrice24h,volume24h,turnover24h,price24hPcnt,usdIndexPrice',
      ],
      'orderbook.1': ['topic,ts,type,data,cts', 's,b,a,u,seq'],
      'orderbook.50': ['topic,ts,type,data,cts', 's,b,a,u,seq'],
      'kline.1': ['type,topic,data,ts', 'start,end,interval,open,close,high,low,volume,turnover,confirm,timestamp'],
    });
  });

  it('sends trades with rising 19-digit ids, and one sequence per message', async () => {
    const client = await open();
    client.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
    await until(() => trades(client, 'publicTrade.BTCUSDT').length > 200);
    let last = 0n;
    let jumps = 0;
    let several = 0;
    for (const items of trades(client, 'publicTrade.BTCUSDT')) {
      if (items.length > 1) several++;
      expect(new Set(items.map(({ seq }) => seq)).size).toBe(1);
      items.forEach(({ i, p }, at) => {
        expect(i).toMatch(/^229\d{16}$/);
        expect(p).not.toMatch(/\.\d*0$|\.$/);
        if (last > 0n && BigInt(i) > last + 1n) jumps++;
        expect(BigInt(i) > last).toBe(true);
        if (at > 0) expect(BigInt(i)).toBe(last + 1n);
        last = BigInt(i);
      });
    }
    expect(jumps).toBeGreaterThan(10);
    expect(several).toBeGreaterThan(10);
  });

  it('repeats the best prices with the same update id after three seconds without a change', async () => {
    const client = await open();
    simulator.fault({ venue: 'bybit', fault: 'quiet' });
    client.send({ op: 'subscribe', args: ['orderbook.1.DOGEUSDT'] });
    await until(() => client.messages.filter(({ topic }) => topic === 'orderbook.1.DOGEUSDT').length >= 2);
    const [first, second] = client.messages.filter(({ topic }) => topic === 'orderbook.1.DOGEUSDT') as {
      ts: number;
      data: { u: number };
    }[];
    expect(second?.data.u).toBe(first?.data.u);
    expect((second?.ts ?? 0) - (first?.ts ?? 0)).toBeGreaterThanOrEqual(3_000);
  });

  it('keeps an order book of exactly 50 levels, with contiguous delta ids', async () => {
    const client = await open();
    client.send({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    await until(() => client.messages.filter(({ topic }) => topic === 'orderbook.50.BTCUSDT').length > 20);
    const messages = client.messages.filter(({ topic }) => topic === 'orderbook.50.BTCUSDT') as {
      type: string;
      data: { b: [string, string][]; a: [string, string][]; u: number };
    }[];
    const sides = { b: new Map<string, string>(), a: new Map<string, string>() };
    messages.forEach(({ type, data }, i) => {
      expect(type).toBe(i === 0 ? 'snapshot' : 'delta');
      if (i > 0) expect(data.u).toBe((messages[i - 1]?.data.u ?? 0) + 1);
      for (const side of ['b', 'a'] as const)
        for (const [price, size] of data[side]) {
          if (size === '0') sides[side].delete(price);
          else sides[side].set(price, size);
        }
      expect([sides.b.size, sides.a.size]).toEqual([50, 50]);
    });
  });
});

describe('simulated Bybit: REST', () => {
  it('answers in the envelope of retCode and result', async () => {
    const body = await getJson<{
      retCode: number;
      result: { list: { symbol: string; baseCoin: string; status: string }[] };
    }>(rest('instruments-info?category=spot'));
    expect(body.retCode).toBe(0);
    expect(body.result.list).toHaveLength(20);
    expect(body.result.list[0]).toMatchObject({ symbol: 'BTCUSDT', baseCoin: 'BTC', status: 'Trading' });
    expect(await getJson(rest('instruments-info?category=spot&symbol=NOPE'))).toMatchObject({
      retCode: 10001,
      result: {},
    });
    expect(await getJson(rest('instruments-info'))).toMatchObject({ retCode: 10001 });
    expect(await getJson(rest('time'))).toMatchObject({
      retCode: 0,
      result: { timeSecond: expect.stringMatching(/^\d{10}$/), timeNano: expect.stringMatching(/^\d{19}$/) },
    });
  });

  it('returns at most 60 recent trades, newest first, equal to the streamed trades', async () => {
    const client = await open();
    client.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
    await until(() => trades(client, 'publicTrade.BTCUSDT').flat().length > 200);
    const body = await getJson<{
      result: { list: { execId: string; price: string; size: string; side: string; time: string; seq: string }[] };
    }>(rest('recent-trade?category=spot&symbol=BTCUSDT&limit=1000'));
    const { list } = body.result;
    expect(list).toHaveLength(60);
    await until(() =>
      trades(client, 'publicTrade.BTCUSDT')
        .flat()
        .some(({ i }) => i === list[0]?.execId),
    );
    const streamed = new Map(
      trades(client, 'publicTrade.BTCUSDT')
        .flat()
        .map((item) => [item.i, item]),
    );
    expect(
      list.map(({ execId, price, size, side, time, seq }) => ({
        i: execId,
        p: price,
        v: size,
        S: side,
        T: Number(time),
        seq: Number(seq),
      })),
    ).toEqual(
      list.map(({ execId }) => {
        const { i, p, v, S, T, seq } = streamed.get(execId) as TradeItem;
        return { i, p, v, S, T, seq };
      }),
    );
    const ids = list.map(({ execId }) => BigInt(execId));
    expect(ids).toEqual([...ids].sort((a, b) => (a < b ? 1 : -1)));
  });

  it('returns candles newest first, tickers with best prices, and an order book', async () => {
    const { result } = await getJson<{ result: { list: string[][] } }>(
      rest('kline?category=spot&symbol=BTCUSDT&interval=5&limit=3'),
    );
    expect(result.list.map((row) => row.length)).toEqual([7, 7, 7]);
    expect(Number(result.list[0]?.[0]) - Number(result.list[1]?.[0])).toBe(300_000);
    expect(await getJson(rest('tickers?category=spot&symbol=BTCUSDT'))).toMatchObject({
      result: { list: [{ symbol: 'BTCUSDT', bid1Price: expect.any(String) }] },
    });
    expect(await getJson<{ result: { b: unknown[] } }>(rest('orderbook?category=spot&symbol=BTCUSDT'))).toMatchObject({
      result: { b: [expect.any(Array)] },
    });
  });

  it('answers 403 above the request limit until the ban is lifted', async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 26 && !statuses.has(403); i++)
      for (const { status } of await Promise.all(Array.from({ length: 50 }, () => fetch(rest('time')))))
        statuses.add(status);
    expect(statuses).toEqual(new Set([200, 403]));
    expect(await (await fetch(rest('time'))).text()).toBe('403, access too frequent');
    simulator.clearFaults('bybit');
    expect((await fetch(rest('time'))).status).toBe(200);
  });

  it('answers a GET with a body with 403 and the recorded page', async () => {
    const asked = request(rest('time'), { headers: { 'content-length': 2 } }).end('{}');
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect([response.statusCode, withoutRequestId(await text(response))]).toEqual([
      403,
      withoutRequestId(refusalFixture('bybit-get-with-body.html')),
    ]);
  });
});

const simulatorCoins = 'BTC ETH SOL BNB XRP ADA DOGE AVAX DOT LINK LTC'.split(' ');
