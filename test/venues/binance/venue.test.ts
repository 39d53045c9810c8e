import { binance, binanceTestnet, binanceUs } from '../../../src/venues/binance/venue.ts';
import { venueContract } from '../../contracts/venue-contract.ts';
import {
  frameFixtures,
  instrumentsFixture,
  type RestFixture,
  timeFixture,
  tradesFixture,
} from '../../fixtures/read-fixtures.ts';

const shared = {
  instruments: instrumentsFixture('binance', 'exchange-info'),
  time: timeFixture('binance'),
  heartbeatMs: undefined,
  request: { topics: 200, characters: 4_096 },
};
const frames = frameFixtures('binance');
const recent = tradesFixture('binance', 'trades');
const aggregated = tradesFixture('binance', 'agg-trades');
/** The same rows as aggregated trades: these name their first id twice. */
const aggTrades: RestFixture<readonly object[]> = {
  ...aggregated,
  parsed: aggregated.parsed.map((trade) => ({ ...trade, firstTradeId: trade.tradeId })),
};
const byId = [recent, tradesFixture('binance', 'historical-trades')];
const byTime = [recent, tradesFixture('binance', 'agg-trades')];

venueContract({
  ...shared,
  venue: binance,
  fixtures: frames,
  missingChannels: [],
  backfill: byId,
  backfillAggTrades: aggTrades,
});
venueContract({
  ...shared,
  venue: binanceUs,
  fixtures: [...frames, ...frameFixtures('binance_us')],
  missingChannels: ['kline_1s'],
  backfill: byTime,
  backfillAggTrades: aggTrades,
});
venueContract({
  ...shared,
  venue: binanceTestnet,
  fixtures: [...frames, ...frameFixtures('binance_testnet')],
  missingChannels: [],
  backfill: byId,
  backfillAggTrades: aggTrades,
});
