import { expect, it } from 'vitest';
import type { VenueId } from '../../src/domain/instrument.ts';
import type { FeedRecord } from '../../src/domain/record.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { until } from '../../testing/tools/until.ts';

type RecordOf<K extends FeedRecord['kind']> = Extract<FeedRecord, { kind: K }>;

const CHANNELS = ['trade', 'agg_trade', 'ticker', 'kline_1m', 'depth'];

/** Runs a feed of one venue, and returns the first record of each kind that fits. */
async function firstRecords(venue: VenueId) {
  await using run = await SimulatedFeed.start({
    coins: ['BTC'],
    rates: { [venue]: 200 },
    feed: { venues: [venue], channels: CHANNELS.filter((channel) => venue === 'binance' || channel !== 'agg_trade') },
  });
  const first = async <K extends FeedRecord['kind']>(kind: K, fits: (record: RecordOf<K>) => boolean = () => true) => {
    const isWanted = (record: FeedRecord): record is RecordOf<K> => record.kind === kind && fits(record as RecordOf<K>);
    const found = await until(() => run.records.find(isWanted));
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };
  return {
    trade: await first('trade', ({ source }) => source === 'live'),
    price: await first('price', ({ high24h }) => high24h !== null),
    kline: await first('kline'),
    delta: await first('book_delta', ({ snapshot }) => !snapshot),
  };
}

it('publishes what Binance sends: microseconds, 24 h figures, takers volumes', async () => {
  const { trade, price, kline, delta } = await firstRecords('binance');
  expect(Math.floor((trade.timestampUs ?? 0) / 1000)).toBe(trade.timestamp);
  for (const figure of [price.open24h, price.high24h, price.low24h, price.vwap24h])
    expect(Number(figure)).toBeGreaterThan(0);
  expect(price.tradeCount24h).toBeGreaterThan(0);
  expect(Number(kline.takerBuyVolume)).toBeLessThanOrEqual(Number(kline.volume));
  expect(Number(kline.takerBuyQuoteVolume)).toBeLessThanOrEqual(Number(kline.quoteVolume));
  expect(delta.sequence).toBeNull();
});

it('publishes what Bybit sends: 24 h prices, the sequence of books, and null for what it lacks', async () => {
  const { trade, price, kline, delta } = await firstRecords('bybit');
  expect(trade.timestampUs).toBeNull();
  for (const figure of [price.open24h, price.high24h, price.low24h]) expect(Number(figure)).toBeGreaterThan(0);
  expect(price).toMatchObject({ vwap24h: null, tradeCount24h: null });
  expect(kline).toMatchObject({ takerBuyVolume: null, takerBuyQuoteVolume: null });
  expect(delta.sequence).toMatch(/^\d+$/);
});
