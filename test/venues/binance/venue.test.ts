import {
  binanceSpot as binance,
  binanceTestnetSpot as binanceTestnet,
  binanceUsSpot as binanceUs,
} from '../../../src/venues/binance/venue.ts';
import { venueContract } from '../../contracts/venue-contract.ts';
import {
  bookFixture,
  frameFixtures,
  instrumentsFixture,
  type RestFixture,
  timeFixture,
  tradesFixture,
} from '../../fixtures/read-fixtures.ts';

/** The documented sizes, with the cost of each. */
function bookRequests(weights: readonly [number, number, number, number]) {
  const [to100, to500, to1000, to5000] = weights;
  const path = (limit: number) => `/api/v3/depth?symbol=BTCUSDT&limit=${limit}`;
  return [
    { levels: 1, path: path(100), weight: to100 },
    { levels: 100, path: path(100), weight: to100 },
    { levels: 101, path: path(500), weight: to500 },
    { levels: 500, path: path(500), weight: to500 },
    { levels: 1000, path: path(1000), weight: to1000 },
    { levels: 1001, path: path(5000), weight: to5000 },
    { levels: 10_000, path: path(5000), weight: to5000 },
  ];
}

const books = {
  topics: [
    ['depth', undefined, 'btcusdt@depth@100ms'],
    ['depth', { levels: 1000, intervalMs: 5000 }, 'btcusdt@depth@100ms'],
    ['depth5', undefined, 'btcusdt@depth5'],
    ['depth5', { levels: 5, intervalMs: 100 }, 'btcusdt@depth5@100ms'],
    ['depth10', { levels: 50, intervalMs: 999 }, 'btcusdt@depth10@100ms'],
    ['depth20', { levels: 5, intervalMs: 1000 }, 'btcusdt@depth20'],
  ],
  requests: bookRequests([5, 25, 50, 250]),
  snapshot: bookFixture('binance'),
} as const;

const shared = {
  instruments: instrumentsFixture('binance', 'exchange-info'),
  time: timeFixture('binance'),
  heartbeatMs: undefined,
  request: { topics: 200, characters: 4_096 },
  books,
};
const frames = frameFixtures('binance');
const recent = tradesFixture('binance', 'trades');
const aggregated = tradesFixture('binance', 'agg-trades');
/** The same rows as aggregated trades, whose `firstTradeId` is equal to their `tradeId`. */
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
  books: { ...books, requests: bookRequests([1, 5, 10, 50]) },
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
