import { bybit } from '../../../src/venues/bybit/venue.ts';
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
});
