import { type Observable, take, toArray } from 'rxjs';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { detectStale, failover } from '../../src/operators/index.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { adapterOf } from '../../src/venues/adapter.ts';
import {
  type AdapterOptions,
  binance,
  books,
  bookTickers,
  bybit,
  Fault,
  klines,
  type PriceTick,
  prices,
  type TradeEvent,
  trades,
  type VenueEvent,
} from '../../src/venues/index.ts';
import { until } from '../../testing/tools/until.ts';
import { type LocalServer, localServer } from '../net/local-server.ts';
import { fakeVenue } from './fake-venue.ts';

async function simulated() {
  const simulator = await startSimulator({ rate: 200 });
  onTestFinished(() => simulator.close());
  return { simulator, websocketUrls: [`${simulator.url}/bybit/v5/public/spot`] };
}

function collected<T>(source$: Observable<T>) {
  const values: T[] = [];
  const errors: unknown[] = [];
  const subscription = source$.subscribe({ next: (value) => values.push(value), error: (error) => errors.push(error) });
  onTestFinished(() => subscription.unsubscribe());
  return { values, errors, subscription };
}

describe('an adapter', () => {
  it('opens one connection per subscription, and closes it when unsubscribed', async () => {
    const { simulator, websocketUrls } = await simulated();
    const events$ = bybit({ symbols: ['BTCUSDT', 'ETHUSDT'], websocketUrls });
    const open = () => simulator.counts().bybit?.connections;
    expect(open()).toBe(0);
    const [one, two] = [collected(events$), collected(events$)];
    const kinds = () => one.values.map(({ kind }) => kind);
    await until(() => kinds().includes('value') && two.values.some(({ kind }) => kind === 'value'));
    expect([kinds()[0], open()]).toEqual(['connected', 2]);
    one.subscription.unsubscribe();
    await until(() => open() === 1);
    two.subscription.unsubscribe();
    await until(() => open() === 0);
  });

  it('emits typed trades, prices, book tickers, klines and books', async () => {
    const { websocketUrls } = await simulated();
    const channels = ['trade', 'ticker', 'book_ticker', 'kline_1m', 'depth'] as const;
    const events$ = bybit({ symbols: ['BTCUSDT'], channels, websocketUrls, environment: 'simulated' });
    const first = async <T>(values$: Observable<T>) => {
      const { values } = collected(values$.pipe(take(3), toArray()));
      await until(() => values.length > 0);
      return values[0];
    };
    expectTypeOf(events$.pipe(trades())).toEqualTypeOf<Observable<TradeEvent>>();
    expectTypeOf(events$.pipe(prices())).toEqualTypeOf<Observable<PriceTick>>();
    expect(await first(events$.pipe(trades()))).toMatchObject(
      Array(3).fill({ kind: 'trade', symbol: 'BTCUSDT', environment: 'simulated', source: 'live' }),
    );
    expect(await first(events$.pipe(prices()))).toMatchObject(Array(3).fill({ kind: 'price', coin: 'BTC' }));
    expect(await first(events$.pipe(bookTickers()))).toMatchObject(Array(3).fill({ kind: 'book_ticker' }));
    expect(await first(events$.pipe(klines()))).toMatchObject(Array(3).fill({ kind: 'kline', interval: '1m' }));
    expect(await first(events$.pipe(books()))).toMatchObject(Array(3).fill({ kind: 'book_update' }));
  });

  it('fails with a Fault after it emits disconnected', async () => {
    const { simulator, websocketUrls } = await simulated();
    const { values, errors } = collected(bybit({ symbols: ['BTCUSDT'], websocketUrls }));
    await until(() => values.some(({ kind }) => kind === 'value'));
    await simulator.close();
    await until(() => errors.length > 0);
    expect(errors[0]).toBeInstanceOf(Fault);
    expect(values.at(-1)).toMatchObject({ kind: 'disconnected', blocked: false });
  });

  it('works as an input of failover, which sets the epoch of the trades', async () => {
    const { websocketUrls } = await simulated();
    const isData = ({ kind }: { readonly kind: string }) => kind === 'value';
    const events$ = bybit({ symbols: ['BTCUSDT'], websocketUrls }).pipe(detectStale({ staleAfterMs: 5000, isData }));
    const timing = { graceMs: 500, failBackAfterMs: 1000, connectTimeoutMs: 1000, ringSpan: 1e7 };
    const { values } = collected(failover([{ id: 'bybit', events$ }], timing).pipe(trades(), take(2)));
    await until(() => values.length === 2);
    expect(values).toMatchObject(Array(2).fill({ kind: 'trade', epoch: 1 }));
  });

  it.each([
    [{ symbols: [] }, /bybit: symbols is \[\], allowed: at least one symbol/],
    [{ symbols: ['btcusdt'] }, /symbols has "btcusdt", allowed: coin and quote in capitals, such as BTCUSDT/],
    [{ symbol: ['BTCUSDT'] }, /bybit: no option symbol \(did you mean symbols\?\); there are symbols, quote/],
    [{}, /symbols are missing/],
    [{ symbols: ['BTCUSDT'], channels: ['trades'] }, /channels is \["trades"\], allowed: any of trade, agg_trade/],
    [{ symbols: ['BTCUSDT'], channels: ['agg_trade'] }, /channels has agg_trade, which bybit does not have/],
    [{ symbols: ['BTCUSDT'], websocketUrls: ['http://x'] }, /websocketUrls is .* begins with wss/],
    [{ symbols: ['BTCUSDT'], connectTimeoutMs: '5' }, /connectTimeoutMs is "5", allowed: milliseconds above 0/],
  ])('throws an error that names the wrong option: %j', (options, message) => {
    expect(() => bybit(options as unknown as AdapterOptions)).toThrow(message);
  });

  it('accepts channels on Binance that Bybit does not have', () => {
    expect(() => binance({ symbols: ['BTCUSDT'], channels: ['agg_trade', 'kline_1s'] })).not.toThrow();
  });
});

describe('an adapter with several connections', () => {
  async function two() {
    const server: LocalServer = await localServer({});
    onTestFinished(() => server.close());
    const limits = { ...fakeVenue().limits, topicsPerConnection: 1 };
    const adapter = adapterOf(fakeVenue({ limits }));
    const line = collected<VenueEvent>(
      adapter({ symbols: ['BTCUSDT', 'ETHUSDT'], channels: ['trade'], websocketUrls: [server.url] }),
    );
    await until(() => server.connections.length === 2);
    return { server, line };
  }

  it('reports a failed connection with its symbols, and fails only when the last connection closes', async () => {
    const { server, line } = await two();
    const kinds = () => line.values.map(({ kind }) => kind);
    await until(() => kinds().includes('connected'));
    server.connections[0]?.close();
    await until(() => kinds().includes('serves'));
    expect(kinds()).toEqual(['connected', 'failed', 'serves']);
    const failed = line.values[1];
    expect(line.values[2]).toMatchObject({ kind: 'serves', serves: false });
    expect(failed).toMatchObject({ symbols: [expect.stringMatching(/^(BTC|ETH)USDT$/)], fault: { name: 'Fault' } });
    expect(line.errors).toEqual([]);
    server.connections[1]?.close();
    await until(() => line.errors.length === 1);
    expect(kinds().slice(3)).toEqual(['disconnected']);
  });

  it('closes all connections when it is unsubscribed', async () => {
    const { server, line } = await two();
    line.subscription.unsubscribe();
    await until(() => server.connections.every(({ readyState }) => readyState === 3));
  });
});
