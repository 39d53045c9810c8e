import { bybitSpot as bybit } from '../../../src/venues/bybit/venue.ts';
import { venueContract } from '../../contracts/venue-contract.ts';
import { frameFixtures, instrumentsFixture, timeFixture, tradesFixture } from '../../fixtures/read-fixtures.ts';

venueContract({
  venue: bybit,
  fixtures: frameFixtures('bybit'),
  instruments: instrumentsFixture('bybit', 'instruments-info'),
  time: timeFixture('bybit'),
  recent: tradesFixture('bybit', 'recent-trade'),
  missingChannels: ['agg_trade', 'kline_1s', 'kline_8h', 'kline_3d'],
  heartbeatMs: 20_000,
  request: { topics: 10, characters: 4_096 },
  connectionCharacters: 21_000,
  books: {
    topics: [
      ['depth', undefined, 'orderbook.50.BTCUSDT'],
      ['depth', { levels: 1, intervalMs: 1000 }, 'orderbook.50.BTCUSDT'],
      ['depth', { levels: 50, intervalMs: 20 }, 'orderbook.50.BTCUSDT'],
      ['depth', { levels: 51, intervalMs: 1000 }, 'orderbook.200.BTCUSDT'],
      ['depth', { levels: 200, intervalMs: 20 }, 'orderbook.200.BTCUSDT'],
      ['depth', { levels: 201, intervalMs: 1000 }, 'orderbook.1000.BTCUSDT'],
      ['depth', { levels: 5000, intervalMs: 1000 }, 'orderbook.1000.BTCUSDT'],
      ['depth5', undefined, 'orderbook.50.BTCUSDT'],
      ['depth10', { levels: 1000, intervalMs: 100 }, 'orderbook.50.BTCUSDT'],
      ['depth20', { levels: 20, intervalMs: 5000 }, 'orderbook.50.BTCUSDT'],
    ],
    requests: [],
  },
});
