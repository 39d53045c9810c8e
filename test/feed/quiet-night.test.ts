import { filter, interval, map, merge, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Instrument, VenueId } from '../../src/domain/instrument.ts';
import type { FeedStatus } from '../../src/domain/record.ts';
import type { VenueEvent } from '../../src/domain/venue-event.ts';
import { feed as feedOf } from '../../src/feed/feed.ts';
import { Activity } from '../../src/feed/liveness/activity.ts';
import { VenueFeed } from '../../src/feed/venue-feed.ts';
import { RunningFeed } from '../../src/runtime/running-feed.ts';
import { venues } from '../../src/venues/registry.ts';
import { tradeEvent } from '../../testing/judges/events.ts';
import { listedRow } from '../venues/listed-row.ts';
import { SteppedScheduler } from '../venues/stepped-scheduler.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const config = loadConfig({ values: { coins: ['BTC', 'DOGE'] } });
const instruments: readonly Instrument[] = ['BTC', 'DOGE'].map((coin) => ({
  coin,
  symbol: `${coin}USDT`,
  venueSymbol: `${coin}USDT`,
}));

/**
 * Runs two venues in virtual time. Each coin trades once a second at both while `trades` is true. Returns the status
 * records.
 */
async function nightOf(
  hours: number,
  trades: (coin: string, now: number, venue: VenueId) => boolean,
): Promise<FeedStatus[]> {
  const scheduler = new SteppedScheduler();
  const { staleAfterMs, coinStaleAfterMs, maxEventLagMs, failBackAfterMs } = config.feed;
  const activity = new Activity({ idleAfterMs: staleAfterMs / 2, coinIdleAfterMs: coinStaleAfterMs });
  const connection = (venue: VenueId): Observable<VenueEvent> => {
    const traded$ = instruments.map(({ coin, symbol }) =>
      interval(1000, scheduler).pipe(
        filter(() => trades(coin, scheduler.now(), venue)),
        map((): VenueEvent => {
          const event = tradeEvent(Math.round(scheduler.now() / 1000), {
            venue,
            coin,
            symbol,
            timestamp: scheduler.now(),
          });
          return { kind: 'value', key: event.symbol, at: scheduler.now() * 1000, value: [event] };
        }),
      ),
    );
    const pongs$ = interval(2000, scheduler).pipe(map((): VenueEvent => ({ kind: 'answered', what: 'pong' })));
    return merge(of<VenueEvent>({ kind: 'connected', url: 'ws://x' }), pongs$, ...traded$);
  };
  const options = {
    config: { feed: config.feed, environment: 'production', connectTimeoutMs: 10_000 },
    stats: { ...config.stats, idleAfterMs: staleAfterMs },
    previous: [],
    scheduler,
    wallClockMs: () => scheduler.now(),
  } as const;
  const feed = new RunningFeed({
    venues: [
      (['bybit', 'binance'] as const).map((id) => {
        activity.register(id, 'production');
        return new VenueFeed({
          venue: venues[id],
          settings: config.venues[id],
          environment: 'production',
          feedEnvironment: 'production',
          instruments,
          all: null,
          channels: ['trade'],
          staleAfterMs,
          coinStaleAfterMs,
          maxEventLagMs,
          failBackAfterMs,
          activity,
          scheduler,
          wallClockMs: options.wallClockMs,
          connect: () => connection(id),
          listed$: of(instruments.map(({ coin }) => listedRow(coin))),
          fetchMissing: undefined,
          fetchRecent: undefined,
        });
      }),
    ],
    feed: (own, host) => feedOf(own, { ...options, ...host }),
    instance: 'test',
    environment: 'production',
    scheduler,
    wallClockMs: options.wallClockMs,
    klineCheck: undefined,
  });
  const reported: FeedStatus[] = [];
  feed.output$.subscribe(({ records }) => {
    for (const record of records) if (record.kind === 'status' && record.state !== 'heartbeat') reported.push(record);
  });
  feed.start();
  for (let hour = 0; hour < hours; hour++) scheduler.advance(HOUR);
  await Promise.resolve();
  return reported;
}

const states = (reported: readonly FeedStatus[]) => reported.map(({ state }) => state);

describe('the feed in an idle market', () => {
  it('reports only `quiet_market` during a night without trades, and does not fail over', async () => {
    const asleep = (now: number) => now > 20 * MINUTE && now < 9 * HOUR;
    const reported = await nightOf(10, (_, now) => !asleep(now) && now < 9.2 * HOUR);
    const night = reported.filter(({ timestamp }) => timestamp > 10 * MINUTE && timestamp < 9.2 * HOUR);
    expect(new Set(night.flatMap(({ cause }) => cause ?? []))).toEqual(new Set(['quiet_market']));
    expect(new Set(states(night))).toEqual(new Set(['feed_stale', 'feed_recovered']));
  });

  it('reports only the idle coin as stale, with `quiet_market`, while another coin trades', async () => {
    const reported = await nightOf(4, (coin, now) => coin === 'BTC' || now < 20 * MINUTE || now > 3.8 * HOUR);
    const night = reported.filter(({ timestamp }) => timestamp > 10 * MINUTE && timestamp < 4 * HOUR);
    expect(new Set(states(night))).toEqual(new Set(['feed_stale', 'feed_recovered']));
    expect(new Set(night.map(({ coin }) => coin))).toEqual(new Set(['DOGE']));
    expect(night.filter(({ state }) => state === 'feed_stale').every(({ cause }) => cause === 'quiet_market')).toBe(
      true,
    );
  });

  it('fails over if the active venue is stale while the standby venue trades', async () => {
    const reported = await nightOf(1, (_coin, now, venue) => venue === 'binance' || now < 10 * MINUTE);
    expect(reported.find(({ state }) => state === 'failed_over')).toMatchObject({
      venue: 'binance',
      cause: 'stale',
      switch: { from: 'bybit' },
    });
  });
});
