import { expect, it } from 'vitest';
import type { BestPrice } from '../../../src/market/book/best-prices.ts';
import { heartbeat, price } from '../../../testing/records/gateway-records.ts';
import { gatewayUnderTest } from '../gateway-under-test.ts';

const bid: BestPrice = { venue: 'bybit', price: '99.5', quantity: '2', receivedAt: 7_000_000, timestamp: 6999 };
const ask: BestPrice = { venue: 'binance', price: '99.4', quantity: '0.1', receivedAt: 8_000_000, timestamp: null };
const of = (coin: string) => ({ coin, symbol: `${coin}USDT`, environment: 'production' as const });

it('GET /api/best has the best prices of every symbol, or of one', async () => {
  const fetchBest = async () => [
    { ...of('BTC'), bid, ask },
    { ...of('ETH'), bid: null, ask: null },
  ];
  const { publish, json } = await gatewayUnderTest({}, { fetchBest });
  publish(heartbeat(), price('64000'));
  const btc = {
    ...of('BTC'),
    bid: { venue: 'bybit', price: '99.5', quantity: '2', received_at: 7_000_000, timestamp: 6999 },
    ask: { venue: 'binance', price: '99.4', quantity: '0.1', received_at: 8_000_000, timestamp: null },
  };
  const at = expect.any(Number);
  expect(await json('/api/best')).toEqual({ at, best: [btc, { ...of('ETH'), bid: null, ask: null }] });
  expect(await json('/api/best?symbol=btc')).toEqual({ at, best: [btc] });
  expect(await json('/api/best?symbol=NOPE', 404)).toMatchObject({ error: 'unknown_symbol' });
});
