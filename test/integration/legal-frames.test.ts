import { describe, expect, it, vi } from 'vitest';
import type { VenueId } from '../../src/domain/instrument.ts';
import { SimulatedFeed } from '../../testing/feeds/simulated-feed.ts';
import { until } from '../../testing/tools/until.ts';

vi.setConfig({ maxConcurrency: 4 });

const RATE = 300;
const ETH = 'ETHUSDT';

const warningsOf = ({ feed }: SimulatedFeed) => feed.venues[0]?.counts.warnings ?? new Map<string, number>();

describe.concurrent.each<VenueId>(['binance', 'binance_us', 'bybit'])('a market of %s without trades', (venue) => {
  it('gives no price, kline or dead letter before its first trade', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: { [venue]: RATE },
      coins: ['BTC', 'ETH'],
      feed: { venues: [venue], channels: ['trade', 'ticker', 'mini_ticker', 'kline_1m'] },
      before: (simulator) => simulator.fault({ venue, fault: 'untraded', symbol: ETH }),
    });
    const ofEth = () => [...simulated.of('price'), ...simulated.of('kline')].filter(({ symbol }) => symbol === ETH);
    const ignored = () => warningsOf(simulated).get('no_price_yet') ?? 0;
    await until(() => ignored() >= 8, { message: () => `8 frames without a price, not ${ignored()}` });
    await simulated.moreTrades(RATE);
    expect(ofEth()).toEqual([]);
    expect(simulated.of('dead_letter')).toEqual([]);

    simulated.simulator.clearFaults();
    await until(() => new Set(ofEth().map(({ kind }) => kind)).size === 2);
    await simulated.end();
    expect(simulated.of('dead_letter')).toEqual([]);
    expect(simulated.story().filter((line) => line.includes('stale'))).toEqual([]);
  });
});

describe.concurrent.each<VenueId>(['binance', 'bybit'])('an empty book of %s', (venue) => {
  it('is published empty and in step, until the venue has orders', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: { [venue]: RATE },
      coins: ['BTC', 'ETH'],
      feed: { venues: [venue], channels: ['trade', 'book_ticker', 'depth'] },
      before: (simulator) => simulator.fault({ venue, fault: 'empty_book', symbol: ETH }),
    });
    const samples = () => simulated.of('order_book').filter(({ symbol }) => symbol === ETH);
    await until(() => samples().length >= 3, { message: () => `samples of the empty book; ${simulated.story()}` });
    expect(new Set(samples().map(({ updateId, bids, asks }) => `${updateId} ${bids.length} ${asks.length}`))).toEqual(
      new Set(['0 0 0']),
    );
    simulated.simulator.clearFaults();
    await until(() => samples().at(-1)?.bids.length === 50, { message: () => JSON.stringify(samples().at(-1)) });
    await simulated.end();
    expect(simulated.of('dead_letter')).toEqual([]);
    expect(warningsOf(simulated).get('book_not_had')).toBeUndefined();
  });
});
