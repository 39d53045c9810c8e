import { expect, it, onTestFinished } from 'vitest';
import type { Channel, VenueId } from '../../src/domain/instrument.ts';
import { type FeedRecord, type FeedStatus, loadConfig, MarketFeed } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { simulatedValues } from '../../testing/feeds/simulated-feed.ts';
import { until } from '../../testing/tools/until.ts';

interface Wanted {
  readonly venues: readonly VenueId[];
  readonly channels: readonly Channel[];
  readonly mode?: 'failover' | 'all';
  /** The path of Binance's streams. */
  readonly path?: string;
}

/** A feed of BTC against a simulator of its own, and its records. */
async function started({ venues, channels, mode = 'failover', path = '/stream' }: Wanted) {
  const simulator: Simulator = await startSimulator({
    rate: { bybit: 50, binance: 50, binance_us: 0, binance_testnet: 0 },
    symbols: 2,
  });
  const config = loadConfig({
    values: simulatedValues(simulator, { coins: ['BTC'], feed: { venues, channels, mode } }),
    environment: { MARKET_FEED__VENUES__BINANCE__WEBSOCKET_URLS: `${simulator.url}/binance${path}` },
  });
  const feed = new MarketFeed(['BTC'], { config });
  const records: FeedRecord[] = [];
  feed.records$.subscribe((record) => records.push(record));
  onTestFinished(async () => {
    await feed.close();
    await simulator.close();
  });
  void feed.connect().catch(() => {});
  const venuesOf = (...kinds: FeedRecord['kind'][]) =>
    new Set(records.filter(({ kind }) => kinds.includes(kind)).map(({ venue }) => venue));
  const count = (kind: FeedRecord['kind']) => records.filter((record) => record.kind === kind).length;
  const rejected = () =>
    records.filter(
      (record): record is FeedStatus => record.kind === 'status' && record.state === 'subscription_rejected',
    );
  return { simulator, feed, records, venuesOf, count, rejected };
}

const MARKET = ['trade', 'agg_trade', 'price'] as const;

it('a feed reports a channel that its venue lacks, with the venues that have it, and publishes the others', async () => {
  const run = await started({ venues: ['bybit', 'binance'], channels: ['trade', 'agg_trade', 'kline_8h', 'kline_1m'] });
  await until(() => run.count('trade') > 50 && run.count('kline') > 0);
  expect(run.rejected()).toMatchObject([
    {
      venue: 'bybit',
      channel: 'agg_trade',
      symbol: null,
      reason: expect.stringMatching(/bybit has no .*agg_trade.*while binance is active/),
    },
    {
      venue: 'bybit',
      channel: 'kline_8h',
      symbol: null,
      reason: expect.stringMatching(/bybit has no .*kline_8h.*while binance is active/),
    },
  ]);
  expect(run.venuesOf('trade', 'agg_trade', 'price', 'kline')).toEqual(new Set(['bybit']));
});

it('a feed of aggregated trades serves all channels from the first venue that has them', async () => {
  const run = await started({ venues: ['bybit', 'binance'], channels: ['agg_trade', 'ticker'] });
  await until(() => run.count('agg_trade') > 50 && run.count('price') > 0);
  expect(run.venuesOf(...MARKET)).toEqual(new Set(['binance']));
  expect(run.rejected()).toMatchObject([
    {
      venue: 'bybit',
      channel: 'agg_trade',
      reason: expect.stringMatching(/not used.*must have agg_trade \(binance\)/),
    },
  ]);
  expect(run.simulator.counts().bybit?.opened).toBe(0);
  expect(run.records.filter((record) => record.kind === 'status' && record.state === 'failed_over')).toEqual([]);
});

it('a feed of aggregated trades keeps the other channels if no venue in use has aggregated trades', async () => {
  const run = await started({ venues: ['bybit'], channels: ['agg_trade', 'ticker'] });
  await until(() => run.count('price') > 2);
  expect(run.rejected()).toMatchObject([
    {
      venue: 'bybit',
      channel: 'agg_trade',
      reason: expect.stringContaining('add binance or binance_us or binance_testnet'),
    },
  ]);
});

it('in mode all, a venue without aggregated trades publishes its other channels', async () => {
  const run = await started({ venues: ['bybit', 'binance'], channels: ['agg_trade', 'ticker'], mode: 'all' });
  await until(() => run.venuesOf('price').size === 2 && run.count('agg_trade') > 10);
  expect(run.venuesOf('agg_trade')).toEqual(new Set(['binance']));
  expect(run.rejected()).toMatchObject([{ venue: 'bybit', channel: 'agg_trade' }]);
});

it.each(['depth5', 'depth10', 'depth20'] as const)(
  'Binance delivers %s at an address that ends in /ws',
  async (channel) => {
    const run = await started({ venues: ['binance'], channels: ['trade', channel], path: '/ws' });
    const levels = Number(channel.slice('depth'.length));
    await until(() => run.count('order_book') > 1 && run.count('trade') > 10, { timeoutMs: 10_000 });
    const books = run.records.filter((record) => record.kind === 'order_book');
    expect(books.every(({ stale, bids, asks }) => !stale && bids.length === levels && asks.length === levels)).toBe(
      true,
    );
  },
);

it('Binance delivers its other channels at an address that ends in /ws', async () => {
  const run = await started({
    venues: ['binance'],
    channels: ['trade', 'book_ticker', 'kline_1m', 'depth'],
    path: '/ws',
  });
  await until(() => (['trade', 'book_ticker', 'kline', 'book_delta'] as const).every((kind) => run.count(kind) > 0));
});
