import { map, NEVER, of, Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CoinOrAll, DEFAULT_GUARD, type TradingDecision } from '../../../src/client/guard/trading-decision.ts';
import { type TradingWatch, watchTrading } from '../../../src/client/guard/watch-trading.ts';
import type { FeedStatus, Gap, PriceTick } from '../../../src/domain/record.ts';
import { marbles } from '../../../testing/marbles/marbles.ts';
import { ethPrice, gap, heartbeat, price, START, status, VirtualClock } from './trading-guard-records.ts';

const shown = ({ state, causes }: TradingDecision): string => (state === 'allowed' ? 'ok' : causes.join());

describe('watchTrading', () => {
  let clock: VirtualClock;
  let input: {
    status$: Subject<FeedStatus>;
    prices$: Subject<PriceTick>;
    gaps$: Subject<Gap>;
    lagMs$: Subject<number>;
  };
  let watch: TradingWatch;

  beforeEach(() => {
    clock = new VirtualClock();
    input = { status$: new Subject(), prices$: new Subject(), gaps$: new Subject(), lagMs$: new Subject() };
    watch = watchTrading(input, DEFAULT_GUARD, clock);
  });

  /** Logs the decisions with their milliseconds. */
  const log = (...coin: CoinOrAll): string[] => {
    const emitted: string[] = [];
    watch(...coin).subscribe({
      next: (decision) => emitted.push(`${clock.scheduler.now()} ${shown(decision)}`),
      complete: () => emitted.push('complete'),
      error: (error) => emitted.push(`error ${error}`),
    });
    return emitted;
  };
  /** Delivers heartbeats and prices every 500 ms until a time, as from a healthy feed. */
  const run = (until: number, { prices = true, heartbeats = true } = {}): void => {
    for (let ms = clock.scheduler.now() + 500; ms <= until; ms += 500) {
      clock.advanceTo(ms);
      if (heartbeats) input.status$.next(heartbeat(ms));
      if (prices) for (const each of [price(ms), ethPrice(ms)]) input.prices$.next(each);
    }
    clock.advanceTo(until);
  };

  it('emits the current decision at once, then each change in the millisecond when it occurs', () => {
    const all = log();
    const btc = log('BTC');
    run(10_000);
    run(17_000, { prices: false });
    run(20_000);
    run(25_000, { heartbeats: false });
    expect(btc).toEqual([
      '0 starting',
      '500 recovering',
      '1500 ok',
      '15000 price_age',
      '17500 recovering',
      '18500 ok',
      '23000 status_silent',
    ]);
    expect(all).toEqual(btc);
    expect(log('BTC')).toEqual(['25000 status_silent']);
  });

  it('halts on time after a price that is older than the previous one', () => {
    run(10_000);
    const emitted = log('BTC');
    input.prices$.next(price(5100));
    run(10_400, { prices: false });
    expect(emitted).toEqual(['10000 ok', '10100 price_age']);
  });

  it('halts on time if the price that ends an idle market is itself almost too old', () => {
    run(10_000);
    input.status$.next(
      status('feed_stale', 10_000, {
        venue: 'bybit',
        coin: 'BTC',
        cause: 'quiet_market',
        symbol: 'BTCUSDT',
      }),
    );
    run(15_000, { prices: false });
    const emitted = log('BTC');
    input.prices$.next(price(10_050));
    run(15_400, { prices: false });
    expect(emitted).toEqual(['15000 ok', '15050 price_age']);
  });

  it('halts while heartbeats are missing or the price is too old, then recovers (marble diagram)', () => {
    marbles(({ hot, expectObservable, scheduler }) => {
      const beats = '   h-h-h-h-h-------h-h-h-h-h-h-h-h-h-h|';
      const prices = '  -p--p--p--p--p--p--p---------p--p--p-';
      const expected = 'sr----a-----x---r----a----y--r----a(e|)';
      const options = { ...DEFAULT_GUARD, maxPriceAgeMs: 7, statusSilenceMs: 4, resumeAfterMs: 5 };
      const status$ = hot(beats, { h: 0 }).pipe(map(() => heartbeat(scheduler.now())));
      const prices$ = hot(prices, { p: 0 }).pipe(map(() => price(scheduler.now())));
      const wallClockMs = () => START + scheduler.now();
      const marbled = watchTrading({ status$, prices$, gaps$: NEVER, lagMs$: NEVER }, options, {
        scheduler,
        wallClockMs,
        symbolOf: (coin) => `${coin}USDT`,
      });
      const values = { s: 'starting', r: 'recovering', a: 'ok', x: 'status_silent', y: 'price_age', e: 'ended' };
      expectObservable(marbled('BTC').pipe(map(shown))).toBe(expected, values);
    });
  });

  it('decides by the present wall clock when asked, and emits a change before its timer is due', () => {
    run(10_000);
    const emitted = log('BTC');
    clock.setBy(5000);
    expect(watch.isAllowed('BTC')).toBe(false);
    expect(shown(watch.decision('BTC'))).toBe('status_silent,price_age');
    expect(emitted).toEqual(['10000 ok', '10000 status_silent,price_age']);
    clock.advanceTo(10_200);
    expect(emitted).toHaveLength(2);
  });

  it('emits no older decision after a newer one if a subscriber asks for a decision in its callback', () => {
    watch('BTC').subscribe(({ state }) => {
      if (state === 'allowed') clock.setBy(10_000);
      watch.decision('BTC');
    });
    const emitted = log('BTC');
    run(1800);
    expect(emitted).toEqual(['0 starting', '500 recovering', '1500 status_silent,price_age']);
  });

  it('emits a halt to all subscribers and completes if a subscriber closes it in its callback', () => {
    watch('BTC').subscribe(({ state }) => {
      if (state === 'allowed') watch.close();
    });
    const emitted = log('BTC');
    run(2000);
    expect(emitted).toEqual(['0 starting', '500 recovering', '1500 ended', 'complete']);
    expect(log('BTC')).toEqual(['2000 ended', 'complete']);
  });

  it('tracks halts even without subscribers: a new price after a halt only starts the recovery', () => {
    run(10_000);
    run(15_000, { prices: false });
    input.prices$.next(price(15_000));
    expect(shown(watch.decision('BTC'))).toBe('recovering');
    expect(watch.decision()).toMatchObject({ coin: null, state: 'halted' });
  });

  it('halts at once for a gap or a lag, and ends the halt in the exact millisecond', () => {
    run(10_000);
    const btc = log('BTC');
    const eth = log('ETH');
    clock.advanceTo(10_100);
    input.gaps$.next(gap(10_000));
    input.lagMs$.next(5000);
    clock.advanceTo(10_300);
    input.lagMs$.next(0);
    input.lagMs$.complete();
    run(80_000);
    expect(btc).toEqual(['10000 ok', '10100 gap', '10100 gap,lag', '10300 gap', '70100 recovering', '71100 ok']);
    expect(eth).toEqual(['10000 ok', '10100 lag', '10300 recovering', '11300 ok']);
  });

  it('halts in the exact millisecond if lag reports stop, but not if the lag source completes', () => {
    run(10_000);
    const emitted = log('BTC');
    input.lagMs$.next(200);
    run(14_000);
    input.lagMs$.complete();
    run(20_000);
    expect(emitted).toEqual(['10000 ok', '12801 lag', '14000 recovering', '15000 ok']);
  });

  it('applies records from before the start, and keeps the name that the caller uses for a coin', () => {
    const past = {
      status: [heartbeat(0)],
      prices: [price(0)],
      gaps: [{ gap: gap(-70_000), reportedAt: START - 55_000 }],
    };
    const symbolOf = (name: string) => `${name.toUpperCase()}USDT`;
    watch = watchTrading({ ...input, past }, DEFAULT_GUARD, {
      scheduler: clock.scheduler,
      wallClockMs: clock.wallClockMs,
      symbolOf,
    });
    const emitted = log('btc');
    run(10_000);
    expect(emitted).toEqual([
      ...['0 status_silent,price_age,gap', '500 price_age,gap', '500 gap'],
      ...['5000 recovering', '6000 ok'],
    ]);
    expect(watch.decision('btc').coin).toBe('btc');
  });

  it('halts for good on close, completes its subscribers and unsubscribes from every source', () => {
    run(10_000);
    const emitted = log('BTC');
    watch.close();
    expect(emitted).toEqual(['10000 ok', '10000 ended', 'complete']);
    expect(log()).toEqual(['10000 ended', 'complete']);
    expect(watch.isAllowed('BTC')).toBe(false);
    for (const source of Object.values(input)) expect(source.observed).toBe(false);
    watch.close();
    clock.advanceTo(10_000_000);
    expect(clock.scheduler.actions).toEqual([]);
  });

  it('halts for good if a source ends or fails, except if the lag source completes', () => {
    run(10_000);
    const emitted = log('BTC');
    input.lagMs$.complete();
    expect(emitted).toEqual(['10000 ok']);
    input.gaps$.error('broken');
    expect(emitted).toEqual(['10000 ok', '10000 ended', 'error broken']);
    expect(log('ETH')).toEqual(['10000 ended', 'error broken']);
    for (const name of ['status$', 'prices$', 'gaps$'] as const) {
      const ended = watchTrading({ ...input, gaps$: NEVER, lagMs$: NEVER, [name]: of() }, DEFAULT_GUARD, clock);
      expect(shown(ended.decision())).toBe('ended');
    }
  });

  it('refuses undefined as a coin, because all coins together may be allowed while one coin is halted', () => {
    run(10_000);
    const error = 'coin: found undefined, allowed: a coin or symbol such as BTC, or no argument for all coins together';
    for (const ask of [watch, watch.decision, watch.isAllowed]) {
      expect(() => ask(undefined as never)).toThrow(error);
      expect(() => ask(7 as never)).toThrow('coin: found 7, allowed: a coin');
    }
    expect([watch.isAllowed(), watch.isAllowed(null), watch.isAllowed('BTC')]).toEqual([true, true, true]);
  });

  it('serves a new subscriber after another one has unsubscribed', () => {
    const once = watch('BTC').subscribe();
    once.unsubscribe();
    const emitted = log('BTC');
    run(2000);
    expect(emitted).toEqual(['0 starting', '500 recovering', '1500 ok']);
  });

  it('emits no other decision in 6 h of a healthy feed, with at most two timers at a time', () => {
    const emitted = log();
    let most = 0;
    for (let ms = 500; ms <= 21_600_000; ms += 500) {
      clock.advanceTo(ms);
      input.status$.next(heartbeat(ms));
      input.prices$.next(price(ms));
      most = Math.max(most, clock.scheduler.actions.length);
    }
    input.status$.next(status('stopped', 21_600_000));
    expect(emitted).toEqual(['0 starting', '500 recovering', '1500 ok', '21600000 feed_stopped']);
    expect(most).toBeLessThan(3);
  });
});
