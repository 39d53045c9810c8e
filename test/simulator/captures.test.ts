import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { dataFrame, tradesOf } from '../../src/simulator/captures/capture-frame.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import type { CaptureOptions } from '../../src/simulator/simulator-options.ts';
import { recordings } from '../../testing/feeds/recordings.ts';
import { until } from '../../testing/tools/until.ts';
import { Client, getJson, refusal } from './client.ts';

const folder = mkdtempSync(join(tmpdir(), 'capture-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

async function serving(capture: CaptureOptions, use: (simulator: Simulator) => Promise<void>): Promise<void> {
  const simulator = await startSimulator({ capture: { settleMs: 50, ...capture } });
  try {
    await use(simulator);
  } finally {
    await simulator.close();
  }
}

const binanceTrade = (t: number, symbol = 'BTCUSDT') =>
  `{"stream":"${symbol.toLowerCase()}@trade","data":{"e":"trade","E":${1_723_161_255_000 + t},"s":"${symbol}","t":${t},"p":"61837.63000000","q":"0.02000000","T":${1_723_161_255_000 + t},"m":true,"M":true}}`;
const bybitTrade = (i: number) =>
  `{"topic":"publicTrade.BTCUSDT","ts":1789299660724,"type":"snapshot","data":[{"i":"21000000001886915${i}","T":1789299660688,"p":"77140.5","v":"0.00389","S":"Sell","seq":${i},"s":"BTCUSDT","BT":false,"RPI":false}]}`;

describe('a capture that the simulator serves', () => {
  it('is sent to every connection from the beginning of its first file, only the subscribed streams', async () => {
    const first = file(
      'one.gz',
      [1, 2, 3].flatMap((t) => [
        `17231612540000${t}0000000 ${binanceTrade(t)}`,
        `17231612540000${t}1000000 ${binanceTrade(t + 500, 'ETHUSDT')}`,
      ]),
    );
    const second = file('two.gz', [
      '1723161260000000000 {"lastUpdateId":5,"bids":[],"asks":[]}',
      `1723161260000000001 ${binanceTrade(4)}`,
    ]);
    await serving({ files: [first, second] }, async (simulator) => {
      const url = `${simulator.url}/binance/stream`;
      for (const _ of [1, 2]) {
        const client = await Client.open(url);
        client.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 1 });
        await client.count(5);
        expect(client.texts).toEqual(['{"result":null,"id":1}', ...[1, 2, 3, 4].map((t) => binanceTrade(t))]);
        client.ws.ping();
        await until(() => client.pongs === 1);
        client.close();
      }
      const raw = await Client.open(`${simulator.url}/binance/ws/ethusdt@trade`);
      await raw.count(3);
      expect(raw.messages.map(({ t }) => t)).toEqual([501, 502, 503]);
      raw.close();
    });
  });

  it('lists its symbols, shows its played trades by REST, and serves no other venue', async () => {
    const path = file('rest.ndjson', [...Array.from({ length: 50 }, (_, t) => binanceTrade(t + 1))]);
    await serving({ files: [path] }, async (simulator) => {
      const info = await getJson<{ symbols: { symbol: string; baseAsset: string }[] }>(
        `${simulator.httpUrl}/binance/api/v3/exchangeInfo`,
      );
      expect(info.symbols).toMatchObject([{ symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' }]);
      const trades = `${simulator.httpUrl}/binance/api/v3/historicalTrades?symbol=BTCUSDT&fromId=10&limit=3`;
      expect(await getJson(trades)).toEqual([]);
      const client = await Client.open(`${simulator.url}/binance/stream?streams=btcusdt@trade`);
      await client.count(50);
      expect((await getJson<{ id: number }[]>(trades)).map(({ id }) => id)).toEqual([10, 11, 12]);
      client.close();
      expect((await fetch(`${simulator.httpUrl}/bybit/v5/market/time`)).status).toBe(503);
      expect(await refusal(`${simulator.url}/bybit/v5/public/spot`)).toMatchObject({ status: 503 });
    });
  });

  it.each([
    ['BTCFDUSD', 'FDUSD'],
    ['BTCBUSD', 'BUSD'],
    ['BTCTUSD', 'TUSD'],
  ])('lists %s with the quote asset %s', async (symbol, quoteAsset) => {
    const path = file('quote.ndjson', [
      binanceTrade(1).replaceAll('BTCUSDT', symbol).replaceAll('btcusdt', symbol.toLowerCase()),
    ]);
    await serving({ files: [path] }, async (simulator) => {
      const info = await getJson<{ symbols: object[] }>(`${simulator.httpUrl}/binance/api/v3/exchangeInfo`);
      expect(info.symbols).toMatchObject([{ symbol, baseAsset: 'BTC', quoteAsset }]);
    });
  });

  it('is sent without the answers of Bybit to the recording client', async () => {
    const path = file('bybit.ndjson', [
      '{"success":true,"ret_msg":"subscribe","conn_id":"d967ikkn0ine3iqmjc30-koqj","req_id":"sub1","op":"subscribe"}',
      bybitTrade(1),
      '{"success":true,"ret_msg":"pong","conn_id":"d967ikkn0ine3iqmjc30-koqj","req_id":"p1","op":"ping"}',
      bybitTrade(2),
      '{"success":false,"ret_msg":"Invalid symbol :[orderbook.50.NOSUCHSYM]","conn_id":"d967ikkn0ine3iqmjc30-koqj","op":"subscribe"}',
    ]);
    await serving({ files: [path] }, async (simulator) => {
      const client = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
      client.send({ req_id: 'mine', op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
      await client.count(3);
      expect(client.messages[0]).toMatchObject({ success: true, req_id: 'mine' });
      expect(client.texts.slice(1)).toEqual([bybitTrade(1), bybitTrade(2)]);
      const { result } = await getJson<{ result: { list: { execId: string }[] } }>(
        `${simulator.httpUrl}/bybit/v5/market/recent-trade?category=spot&symbol=BTCUSDT`,
      );
      expect(result.list.map(({ execId }) => execId)).toEqual(['210000000018869152', '210000000018869151']);
      client.close();
    });
  });

  it('in market-feed-capture format is split by venue, skips marks, and plays one of two lines', async () => {
    const at = 1_723_161_254_000_000_000n;
    const lines = [
      '{"format":"market-feed-capture","version":1}',
      `${at} binance:1 ! connected wss://example`,
      ...[1, 2, 3].flatMap((t) => [
        `${at + BigInt(t)} binance:1 ${binanceTrade(t)}`,
        ...(t < 3 ? [`${at + BigInt(t)} binance:2 ${binanceTrade(t)}`] : []),
      ]),
      `${at + 5n} bybit:1 ${bybitTrade(7)}`,
    ];
    await serving({ files: [file('own.gz', lines)] }, async (simulator) => {
      const client = await Client.open(`${simulator.url}/binance/stream?streams=btcusdt@trade`);
      await client.count(3);
      const bybit = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
      bybit.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
      await bybit.count(2);
      expect(client.texts).toEqual([1, 2, 3].map((t) => binanceTrade(t)));
      expect(bybit.texts[1]).toBe(bybitTrade(7));
      client.close();
      bybit.close();
    });
  });

  it('plays frames with invalid trade fields unchanged, and leaves those trades out of REST', async () => {
    const none = { toString: 0, valueOf: 0 };
    const row = JSON.parse(bybitTrade(2)) as { data: readonly object[] };
    const odd = JSON.stringify({
      ...row,
      data: [null, 7, none, { ...row.data[0], i: none }, { ...row.data[0], p: [] }],
    });
    const path = file('odd.ndjson', [bybitTrade(1), odd, bybitTrade(3)]);
    await serving({ files: [path] }, async (simulator) => {
      const client = await Client.open(`${simulator.url}/bybit/v5/public/spot`);
      client.send({ op: 'subscribe', args: ['publicTrade.BTCUSDT'] });
      await client.count(4);
      expect(client.texts.slice(1)).toEqual([bybitTrade(1), odd, bybitTrade(3)]);
      const { result } = await getJson<{ result: { list: { execId: string }[] } }>(
        `${simulator.httpUrl}/bybit/v5/market/recent-trade?category=spot&symbol=BTCUSDT`,
      );
      expect(result.list.map(({ execId }) => execId)).toEqual(['210000000018869153', '210000000018869151']);
      client.close();
    });
    const frame = (event: object) => dataFrame('binance', JSON.stringify({ s: 'BTCUSDT', ...event }));
    expect([frame({ e: none }), frame({ e: 'kline', k: { i: none } }), frame({ e: 'kline', k: null })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      tradesOf('binance', { topic: 'btcusdt@trade', symbol: 'BTCUSDT', data: JSON.stringify({ t: none }) }),
    ).toEqual([]);
  });

  it('is played at its recorded pace if the speed is 1', async () => {
    const start = 1_723_161_254_000;
    const path = file(
      'paced.gz',
      [0, 1000, 2000].map((ms, i) => `${start + ms}000000 ${binanceTrade(i + 1)}`),
    );
    await serving({ files: [path], speed: '1' }, async (simulator) => {
      const began = performance.now();
      const client = await Client.open(`${simulator.url}/binance/stream?streams=btcusdt@trade`);
      await client.count(3);
      expect(performance.now() - began).toBeGreaterThanOrEqual(2000);
      client.close();
    });
  });

  it('fails the start with the name of a file that is missing or not a capture', async () => {
    const path = file('rubbish.txt', ['hello']);
    await expect(startSimulator({ capture: { files: [path] } })).rejects.toThrow(/rubbish\.txt: not a capture/);
    await expect(startSimulator({ capture: { files: [join(folder, 'missing')] } })).rejects.toThrow(/missing/);
  });
});

describe('recordings of real venues in the simulator', () => {
  it('sends the Binance recording unchanged, with trades 3735683259 to 3735684723', async () => {
    const files = ['', '-next'].map((part) => join(recordings, `hftbacktest-binance-spot-btcusdt-20240808${part}.gz`));
    const recorded = files.flatMap((path) =>
      gunzipSync(readFileSync(path))
        .toString()
        .split('\n')
        .map((line) => line.slice(line.indexOf(' ') + 1))
        .filter((frame) => frame.startsWith('{"stream"')),
    );
    await serving({ files }, async (simulator) => {
      const client = await Client.open(
        `${simulator.url}/binance/stream?streams=btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms`,
      );
      await client.count(recorded.length);
      expect(client.texts.length).toBe(recorded.length);
      expect(client.texts.findIndex((text, i) => text !== recorded[i])).toBe(-1);
      const ids = client.texts
        .filter((text) => text.startsWith('{"stream":"btcusdt@trade"'))
        .map((text) => Number(/"t":(\d+)/.exec(text)?.[1]));
      expect([ids[0], ids.at(-1), ids.length]).toEqual([3735683259, 3735684723, 1465]);
      client.close();
    });
  });

  it('lists the ten symbols of the Binance US recording of cryptofeed, and serves a stream', async () => {
    const path = join(recordings, 'cryptofeed-binanceus-20210405.gz');
    await serving({ files: [path], venue: 'binance_us' }, async (simulator) => {
      const info = await getJson<{ symbols: unknown[] }>(`${simulator.httpUrl}/binance_us/api/v3/exchangeInfo`);
      expect(info.symbols).toHaveLength(10);
      const client = await Client.open(`${simulator.url}/binance_us/stream?streams=btcusd@aggTrade`);
      await client.count(26);
      client.close();
    });
  });
});
