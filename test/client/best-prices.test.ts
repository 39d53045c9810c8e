import { Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { bestPrices } from '../../src/client/best-prices.ts';
import type { BookTicker, FeedStatus } from '../../src/domain/record.ts';
import type { BestPrice } from '../../src/market/book/best-prices.ts';
import { bookTicker } from '../../testing/judges/events.ts';
import { type HeartbeatFields, heartbeat, START, status, VirtualClock } from './guard/trading-guard-records.ts';

const shown = (side: BestPrice | null): string => (side === null ? 'none' : `${side.venue} ${side.price}`);

describe('bestPrices', () => {
  let clock: VirtualClock;
  let status$: Subject<FeedStatus>;
  let bookTickers$: Subject<BookTicker>;
  let emitted: string[];

  /** Follows a feed with these past status records. */
  const follow = (...past: readonly FeedStatus[]): void => {
    bestPrices({ past, status$, bookTickers$ }, clock).subscribe({
      next: ({ symbol, bid, ask }) => emitted.push(`${clock.scheduler.now()} ${symbol} ${shown(bid)} | ${shown(ask)}`),
      complete: () => emitted.push('complete'),
      error: (error) => emitted.push(`error ${error}`),
    });
  };
  const beat = (fields: HeartbeatFields = {}): void => status$.next(heartbeat(clock.scheduler.now(), fields));
  /** Publishes a heartbeat each second until a time. */
  const run = (until: number, fields: HeartbeatFields = {}): void => {
    for (let ms = clock.scheduler.now() + 1000; ms <= until; ms += 1000) {
      clock.advanceTo(ms);
      beat(fields);
    }
    clock.advanceTo(until);
  };
  const quote = (venue: string, bidPrice: string, askPrice: string, fields: Partial<BookTicker> = {}): void =>
    bookTickers$.next(
      bookTicker(1, { venue, bidPrice, askPrice, receivedAt: (START + clock.scheduler.now()) * 1000, ...fields }),
    );

  beforeEach(() => {
    clock = new VirtualClock();
    status$ = new Subject();
    bookTickers$ = new Subject();
    emitted = [];
  });

  /** A feed with `mode: all`: every venue serves. */
  const ALL = { activeVenue: null };

  it('emits each change of a side over all venues, and nothing for a venue that is worse', () => {
    follow();
    beat(ALL);
    quote('bybit', '99', '101');
    run(1000, ALL);
    quote('binance', '98', '102');
    quote('binance', '99.5', '102');
    quote('binance', '98', '100');
    expect(emitted).toEqual([
      '0 BTCUSDT bybit 99 | bybit 101',
      '1000 BTCUSDT binance 99.5 | bybit 101',
      '1000 BTCUSDT bybit 99 | binance 100',
    ]);
  });

  it('has no venue whose last book ticker is five seconds old, its event lag included', () => {
    const lags = {
      ...ALL,
      heartbeat: { venueAges: [{ venue: 'binance', ageMs: 1, clockOffsetMs: 0, eventLagMs: 1500 }] },
    };
    follow();
    beat(lags);
    quote('bybit', '99', '101');
    quote('binance', '99.5', '100');
    run(9000, lags);
    expect(emitted).toEqual([
      '0 BTCUSDT bybit 99 | bybit 101',
      '0 BTCUSDT binance 99.5 | binance 100',
      '3500 BTCUSDT bybit 99 | bybit 101',
      '5000 BTCUSDT none | none',
    ]);
  });

  it.each([
    ['is stale', { state: 'feed_stale', cause: 'socket_dead', venue: 'binance' }],
    ['has another environment', undefined],
  ] as const)('has no venue that %s', (_, happened) => {
    follow();
    beat(ALL);
    quote('bybit', '99', '101');
    quote('binance', '99.5', '100', happened === undefined ? { environment: 'testnet' } : {});
    if (happened !== undefined) {
      status$.next(status(happened.state, 0, { ...happened, activeVenue: null }));
      beat(ALL);
    }
    expect(emitted.at(-1)).toBe('0 BTCUSDT bybit 99 | bybit 101');
  });

  it('never has the testnet', () => {
    follow();
    beat({ ...ALL, environment: 'replay' });
    quote('binance_testnet', '99', '101', { environment: 'replay' });
    expect(emitted).toEqual([]);
  });

  it.each(['halted', 'disputedPrices'] as const)('has no price of a symbol that a heartbeat names in %s', (field) => {
    follow();
    beat();
    quote('bybit', '99', '101');
    if (field === 'halted') beat({ heartbeat: { halted: ['BTCUSDT'] } });
    else status$.next(status('price_disputed', 0, { venue: 'bybit', symbol: 'BTCUSDT', coin: 'BTC' }));
    expect(emitted).toEqual(['0 BTCUSDT bybit 99 | bybit 101', '0 BTCUSDT none | none']);
  });

  it('has no prices of a feed without heartbeats, and needs one after the start', () => {
    follow(heartbeat(0, ALL));
    quote('bybit', '99', '101');
    expect(emitted).toEqual([]);
    run(1000, ALL);
    expect(emitted).toEqual(['1000 BTCUSDT bybit 99 | bybit 101']);
    quote('bybit', '99', '102');
    clock.advanceTo(4000);
    expect(emitted.at(-1)).toBe('4000 BTCUSDT none | none');
  });

  it('forgets the previous venue when another one serves the symbol', () => {
    follow();
    beat({ activeVenue: 'bybit' });
    quote('bybit', '99', '101');
    beat({ activeVenue: 'binance' });
    quote('binance', '98', '102');
    expect(emitted).toEqual(['0 BTCUSDT bybit 99 | bybit 101', '0 BTCUSDT binance 98 | binance 102']);
  });

  it('completes with the book tickers, and errors with the status records', () => {
    follow();
    status$.complete();
    expect(emitted).toEqual([]);
    bookTickers$.complete();
    expect(emitted).toEqual(['complete']);
    status$ = new Subject();
    bookTickers$ = new Subject();
    follow();
    status$.error('lost');
    expect(emitted).toEqual(['complete', 'error lost']);
  });
});
