import { expect, it } from 'vitest';
import type { StatusSnapshot, SymbolQuality, VenueSnapshot } from '../../../src/domain/status-snapshot.ts';
import { gatewayUnderTest, heartbeat, NOW, price } from '../gateway-under-test.ts';

const venue = (name: string): VenueSnapshot => ({
  venue: name,
  state: 'connected',
  environment: 'simulated',
  active: name === 'bybit',
  linesUp: 2,
  lines: 2,
  ageMs: 10,
  eventLagMs: null,
  lineLags: [],
  frames: 1,
  reconnects: 0,
  clock: { estimate: null, failures: 0 },
  latencyMs: { venueToSocket: null, socketToEmitted: null },
  reason: '',
});

const quality = (name: string, symbol: string, text: string, ageMs: number): SymbolQuality => ({
  venue: name,
  symbol,
  total: 1,
  valid: 1,
  invalid: 0,
  lastUpdateAt: null,
  price: { price: text, receivedAt: (NOW - ageMs) * 1000 },
  averageSpreadPct: null,
  eventLagMs: null,
  invertedSpreads: 0,
  messagesPerSecond: 0,
  warnings: [],
});

const SNAPSHOT: StatusSnapshot = {
  at: NOW,
  startedAt: NOW,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'bybit',
  trading: { state: 'allowed', reason: '' },
  venues: ['bybit', 'binance', 'binance_us'].map(venue),
  coins: [],
  quality: [
    quality('bybit', 'BTCUSDT', '64000', 100),
    quality('binance', 'BTCUSDT', '64006.4', 250),
    quality('binance_us', 'ETHUSDT', '3000', 0),
  ],
  klines: [],
  sinks: [],
  counts: {},
};

it("gives each venue's price as a difference in basis points from the venue that serves the symbol", async () => {
  const { publish, look, json } = await gatewayUnderTest();
  publish(heartbeat(), price('64000'));
  look(SNAPSHOT);
  expect(await json('/api/assets/crypto/BTC/')).toMatchObject({
    venue_prices: [
      { venue: 'bybit', price: '64000', age_ms: 100, difference_bps: 0 },
      { venue: 'binance', price: '64006.4', age_ms: 250, difference_bps: 1 },
      { venue: 'binance_us', price: null, age_ms: null, difference_bps: null },
    ],
  });
});

it('has no prices of venues if it only reads topics', async () => {
  const { publish, json } = await gatewayUnderTest();
  publish(heartbeat(), price('64000'));
  expect(await json('/api/assets/crypto/BTC/')).toMatchObject({ price: '64000', venue_prices: null });
});
