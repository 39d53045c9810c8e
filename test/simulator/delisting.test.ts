import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { until } from '../../testing/tools/until.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({ symbols: 3, rate: 300 });
});

afterEach(() => simulator.close());

async function answerOf<T>(path: string): Promise<T> {
  const answer = await fetch(`${simulator.httpUrl}${path}`);
  return (await answer.json()) as T;
}

async function listedAt(venue: 'bybit' | 'binance'): Promise<readonly string[]> {
  if (venue === 'binance') {
    const { symbols } = await answerOf<{ symbols: { symbol: string }[] }>('/binance/api/v3/exchangeInfo');
    return symbols.map(({ symbol }) => symbol);
  }
  const { result } = await answerOf<{ result: { list: { symbol: string }[] } }>(
    '/bybit/v5/market/instruments-info?category=spot',
  );
  return result.list.map(({ symbol }) => symbol);
}

const delist = (seconds?: number) =>
  simulator.fault({ venue: 'all', fault: 'delist_symbol', symbol: 'ETHUSDT', seconds });

describe('delist_symbol', () => {
  it('removes a symbol from the instrument list and the 24-hour tickers until list_symbol', async () => {
    delist();
    expect([await listedAt('bybit'), await listedAt('binance')]).toEqual([
      ['BTCUSDT', 'SOLUSDT'],
      ['BTCUSDT', 'SOLUSDT'],
    ]);
    expect(await answerOf('/binance/api/v3/ticker/24hr')).toHaveLength(2);
    simulator.fault({ venue: 'binance', fault: 'list_symbol', symbol: 'ETHUSDT' });
    expect([await listedAt('bybit'), await listedAt('binance')]).toEqual([
      ['BTCUSDT', 'SOLUSDT'],
      ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
    ]);
  });

  it('lists the symbol again when its seconds are over', async () => {
    delist(0.1);
    await until(async () => (await listedAt('bybit')).includes('ETHUSDT'));
  });

  it('refuses the trades of the symbol by REST, and trades it again after list_symbol', async () => {
    const traded = async () => {
      const path = '/binance/api/v3/trades?symbol=ETHUSDT&limit=1';
      return (await answerOf<{ id: number }[]>(path))[0]?.id;
    };
    await until(async () => (await traded()) !== undefined);
    delist();
    expect(await answerOf('/binance/api/v3/trades?symbol=ETHUSDT')).toMatchObject({ code: -1121 });
    const made = simulator.counts().binance?.tradesMade ?? 0;
    await until(() => (simulator.counts().binance?.tradesMade ?? 0) > made + 100);
    simulator.fault({ venue: 'binance', fault: 'list_symbol', symbol: 'ETHUSDT' });
    const before = await traded();
    await until(async () => (await traded()) !== before);
  });

  it('is listed by GET /faults, and requires a symbol', async () => {
    const { faults } = await answerOf<{ faults: { name: string }[] }>('/faults');
    expect(faults.map(({ name }) => name)).toEqual(expect.arrayContaining(['delist_symbol', 'list_symbol']));
    expect(() => simulator.fault({ venue: 'all', fault: 'delist_symbol' })).toThrow('delist_symbol needs one');
    expect(() => simulator.fault({ venue: 'all', fault: 'list_symbol' })).toThrow('list_symbol needs one');
  });
});

describe('halt_symbol', () => {
  it('is the status HALT at Binance, and a missing row at Bybit, until it is cleared', async () => {
    const statuses = async (query = '') => {
      const path = `/binance/api/v3/exchangeInfo${query}`;
      const { symbols } = await answerOf<{ symbols: { symbol: string; status: string }[] }>(path);
      return symbols.map(({ symbol, status }) => `${symbol} ${status}`);
    };
    simulator.fault({ venue: 'all', fault: 'halt_symbol', symbol: 'ETHUSDT' });
    expect(await statuses()).toEqual(['BTCUSDT TRADING', 'ETHUSDT HALT', 'SOLUSDT TRADING']);
    expect(await statuses('?symbolStatus=TRADING')).toEqual(['BTCUSDT TRADING', 'SOLUSDT TRADING']);
    expect(await listedAt('bybit')).toEqual(['BTCUSDT', 'SOLUSDT']);
    simulator.clearFaults();
    expect(await statuses('?symbolStatus=HALT')).toEqual([]);
    expect(await listedAt('bybit')).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT']);
  });
});
