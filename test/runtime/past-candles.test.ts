import { asyncScheduler, type Observable, Subject, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import type { Instrument } from '../../src/domain/instrument.ts';
import type { Kline } from '../../src/domain/record.ts';
import { FeedView } from '../../src/feed/status/feed-view.ts';
import type { FeedWatch } from '../../src/feed/status/feed-watch.ts';
import { PastCandles } from '../../src/runtime/past-candles.ts';
import { kline } from '../../testing/judges/events.ts';

interface Asked {
  readonly venue: string;
  readonly instrument: Instrument;
  readonly answer$: Subject<readonly Kline[]>;
}

/** Two venues whose answers the test controls. */
function scripted({ broken, isModeAll = false }: { broken?: string; isModeAll?: boolean } = {}) {
  const view = new FeedView();
  view.add('BTCUSDT', 'BTC');
  view.add('ETHUSDT', 'ETH');
  const asked: Asked[] = [];
  const venues = ['bybit', 'binance'].map((id) => ({
    instruments: [{ coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: `${id}-BTC` }],
    options: {
      venue: { id },
      channels: ['kline_1m'],
      fetchCandles: (instrument: Instrument): Observable<readonly Kline[]> => {
        const answer$ = new Subject<readonly Kline[]>();
        asked.push({ venue: id, instrument, answer$ });
        return id === broken ? throwError(() => new Error('no')) : answer$;
      },
    },
  }));
  const feed = { view, venues: venues as unknown as FeedWatch['venues'] };
  // In mode `all`, each venue has a feed of its own.
  const feeds = isModeAll ? feed.venues.map((venue) => ({ view, venues: [venue] })) : [feed];
  const past = new PastCandles(() => feeds);
  const shown: (readonly Kline[])[] = [];
  past.candles$.subscribe((candles) => shown.push(candles));
  const serves = (symbol: string, venue: string, epoch: number) =>
    Object.assign(view.symbols.get(symbol) as object, { tick: { venue, epoch } });
  return { past, asked, shown, serves };
}

it('PastCandles asks the active venue of each symbol once, one symbol after the other', () => {
  const { past, asked, shown, serves } = scripted();
  past.requestNew();
  expect(asked).toEqual([]);
  serves('BTCUSDT', 'bybit', 3);
  serves('ETHUSDT', 'bybit', 1);
  past.requestNew();
  past.requestNew();
  expect(asked.map(({ venue, instrument }) => [venue, instrument.venueSymbol])).toEqual([['bybit', 'bybit-BTC']]);
  asked[0]?.answer$.next([kline(0, 0, { epoch: 0 })]);
  asked[0]?.answer$.complete();
  expect(shown).toEqual([[kline(0, 0, { epoch: 3 })]]);
  expect(asked.map(({ instrument }) => instrument.venueSymbol)).toEqual(['bybit-BTC', 'ETHUSDT']);
});

it('PastCandles asks the next venue after a failover, and continues after a failed request', () => {
  const { past, asked, serves } = scripted({ broken: 'bybit' });
  serves('BTCUSDT', 'bybit', 1);
  serves('ETHUSDT', 'binance', 1);
  past.requestNew();
  expect(asked.map(({ venue }) => venue)).toEqual(['bybit', 'binance']);
  asked[1]?.answer$.complete();
  serves('BTCUSDT', 'binance', 2);
  past.requestNew();
  expect(asked.map(({ venue, instrument }) => [venue, instrument.venueSymbol])).toEqual([
    ['bybit', 'bybit-BTC'],
    ['binance', 'ETHUSDT'],
    ['binance', 'binance-BTC'],
  ]);
});

it('PastCandles fetches the candles of a chart from the wanted venue, also in mode all', async () => {
  const { past, asked } = scripted({ isModeAll: true });
  const wanted = { venue: 'binance', symbol: 'BTCUSDT', coin: 'BTC', interval: '1h', from: 0, to: 3_600_000 } as const;
  const klines = past.fetch(wanted, asyncScheduler);
  asked[0]?.answer$.next([kline(0, 0)]);
  expect(await klines).toEqual([kline(0, 0)]);
  expect(asked.map(({ venue }) => venue)).toEqual(['binance']);
});
