import { describe, expect, it, vi } from 'vitest';
import { codecOf } from '../../src/codec/avro.ts';
import { toJson } from '../../src/codec/json-view.ts';
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

describe.concurrent.each<VenueId>(['binance', 'binance_us', 'bybit'])('a side that is withdrawn at %s', (venue) => {
  it('arrives as null in the published record, and returns', async () => {
    await using simulated = await SimulatedFeed.start({
      rates: { [venue]: RATE },
      coins: ['BTC', 'ETH'],
      feed: { venues: [venue], channels: ['trade', 'book_ticker', 'depth'] },
    });
    const { simulator } = simulated;
    const shown = () => `${quoteOf(simulated)} and a book of ${levelsOf(simulated)}`;
    const shows = (wanted: string) => until(() => shown() === wanted, { message: () => `${wanted}, not ${shown()}` });

    await shows('bid and ask and a book of 50 and 50');
    for (const [fault, withdrawn] of [
      ['no_bids', 'null and ask and a book of 0 and 50'],
      ['no_asks', 'bid and null and a book of 50 and 0'],
    ] as const) {
      simulator.fault({ venue, fault, symbol: ETH });
      await shows(withdrawn);
      simulator.clearFaults();
      await shows('bid and ask and a book of 50 and 50');
    }
    await simulated.end();
    expect(simulated.of('dead_letter')).toEqual([]);
    expect(simulated.feed.venues[0]?.counts.ignored).toEqual(new Map());
    expect(simulated.story().filter((line) => line.includes('stale'))).toEqual([]);
  });
});

/** Describes the sides in ETH's last book ticker, as a reader of the topic decodes it. */
function quoteOf(simulated: SimulatedFeed): string {
  const last = simulated.of('book_ticker').findLast(({ symbol }) => symbol === ETH);
  if (last === undefined) return 'nothing';
  const { read, encode } = codecOf('book_ticker');
  const quote = toJson(read(encode(last), 0).record);
  const side = (name: string) => {
    const [price, quantity] = [quote[`${name}_price`], quote[`${name}_quantity`]];
    if (price === null && quantity === null) return 'null';
    return Number(price) > 0 && Number(quantity) > 0 ? name : `a ${name} of ${price} and ${quantity}`;
  };
  return `${side('bid')} and ${side('ask')}`;
}

/** Returns the number of bids and asks in the last sample of ETH's book. */
function levelsOf(simulated: SimulatedFeed): string {
  const last = simulated.of('order_book').findLast(({ symbol }) => symbol === ETH);
  return `${last?.bids.length} and ${last?.asks.length}`;
}
