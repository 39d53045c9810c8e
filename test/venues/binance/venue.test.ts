import { binance, binanceTestnet, binanceUs } from '../../../src/venues/binance/venue.ts';
import { venueContract } from '../../contracts/venue-contract.ts';
import { frameFixtures, instrumentsFixture, timeFixture } from '../../fixtures/read-fixtures.ts';

const shared = {
  instruments: instrumentsFixture('binance', 'exchange-info'),
  time: timeFixture('binance'),
  heartbeatMs: undefined,
  request: { topics: 200, characters: 4_096 },
};
const frames = frameFixtures('binance');

venueContract({ ...shared, venue: binance, fixtures: frames, missingChannels: [] });
venueContract({
  ...shared,
  venue: binanceUs,
  fixtures: [...frames, ...frameFixtures('binance_us')],
  missingChannels: ['kline_1s'],
});
venueContract({
  ...shared,
  venue: binanceTestnet,
  fixtures: [...frames, ...frameFixtures('binance_testnet')],
  missingChannels: [],
});
