import { NEVER, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { Activity } from '../../src/pipeline/activity.ts';
import { Feed } from '../../src/pipeline/feed.ts';
import { loadConfig } from '../../src/pipeline/load-config.ts';
import { VenueFeed } from '../../src/pipeline/venue-feed.ts';
import type { VenueSignal } from '../../src/pipeline/venue-signal.ts';
import { venues } from '../../src/venues/registry.ts';
import { tradeEvent } from '../support/events.ts';

const config = loadConfig({ values: { coins: ['BTC'], feed: { venues: ['bybit', 'binance'], channels: ['trade'] } } });

describe('Feed', () => {
  it('a symbol that the next venue serves already keeps its epoch when all others follow', () => {
    const scheduler = new TestScheduler(() => undefined);
    const signals = { bybit: new Subject<VenueSignal>(), binance: new Subject<VenueSignal>() };
    const feed = new Feed({
      config: { feed: config.feed, environment: 'production', connectTimeoutMs: 1000 },
      venues: (['bybit', 'binance'] as const).map((id) => {
        const venue = new VenueFeed({
          venue: venues[id],
          settings: config.venues[id],
          environment: 'production',
          feedEnvironment: 'production',
          instruments: [{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' }],
          all: null,
          channels: ['trade'],
          staleAfterMs: 5000,
          coinStaleAfterMs: 30_000,
          failBackAfterMs: 30_000,
          activity: new Activity({ quietMs: 2500, coinQuietMs: 30_000 }),
          scheduler,
          connect: () => NEVER,
          listed$: NEVER,
          fetchMissing: undefined,
          fetchRecent: undefined,
        });
        return Object.assign(venue, { signals$: signals[id] });
      }),
      former: [],
      instance: 'test',
      scheduler,
      wallClockMs: () => 0,
      environmentOf: () => 'production',
    });
    const told: string[] = [];
    feed.output$.subscribe(({ records }) => {
      for (const record of records) {
        if (record.kind === 'position') told.push(`epoch ${record.epoch} at ${record.venue}`);
        if (record.kind === 'trade') told.push(`${record.tradeId} in epoch ${record.epoch}`);
      }
    });
    feed.start();
    const trade = (venue: 'bybit' | 'binance', id: number): void => {
      const events = [tradeEvent(id, { venue })];
      signals[venue].next({ kind: 'events', symbol: 'BTCUSDT', receivedAt: id, events });
    };
    for (const venue of ['bybit', 'binance'] as const) signals[venue].next({ kind: 'connected' });
    trade('bybit', 1);
    trade('binance', 2);
    signals.bybit.next({ kind: 'serves', symbol: 'BTCUSDT', serves: false });
    trade('binance', 3);
    signals.bybit.next({ kind: 'disconnected', blocked: true });
    trade('binance', 4);
    feed.stop('done');
    expect(told).toEqual([
      'epoch 1 at bybit',
      '1 in epoch 1',
      'epoch 2 at binance',
      '2 in epoch 2',
      '3 in epoch 2',
      '4 in epoch 2',
      'epoch 2 at binance',
    ]);
  });
});
