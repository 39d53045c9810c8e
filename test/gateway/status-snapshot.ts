import type { StatusSnapshot, SymbolQuality, VenueSnapshot } from '../../src/domain/status-snapshot.ts';
import { NOW } from '../../testing/records/gateway-records.ts';

const venueSnapshot = (name: string): VenueSnapshot => ({
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

const qualityOf = (name: string, symbol: string, text: string, ageMs: number): SymbolQuality => ({
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

/** A pipeline whose venue bybit serves; binance is a basis point above it in BTC. */
export const SNAPSHOT: StatusSnapshot = {
  at: NOW,
  startedAt: NOW,
  environment: 'simulated',
  mode: 'failover',
  activeVenue: 'bybit',
  serving: { venue: 'bybit', since: null, insteadOf: null, why: '' },
  halted: [],
  trading: { state: 'allowed', reason: '' },
  venues: ['bybit', 'binance', 'binance_us'].map(venueSnapshot),
  coins: [],
  quality: [
    qualityOf('bybit', 'BTCUSDT', '64000', 100),
    qualityOf('binance', 'BTCUSDT', '64006.4', 250),
    qualityOf('binance_us', 'ETHUSDT', '3000', 0),
  ],
  klines: [],
  healing: [],
  shards: [],
  sinks: [],
  counts: {},
};
