import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_GUARD, type GuardOptions } from '../../../src/client/guard/trading-decision.ts';
import { type GuardEvent, TradingGuard, type TradingPast } from '../../../src/client/guard/trading-guard.ts';
import { symbolNamed } from '../../../src/client/topic-name.ts';
import { ethPrice, gap, heartbeat, price, START, status } from './trading-guard-records.ts';

describe('TradingGuard', () => {
  let ms: number;
  let steppedBy: number;
  let guard: TradingGuard;

  const now = () => ({ wall: START + ms + steppedBy, monotonic: ms });
  const begin = (options: Partial<GuardOptions> = {}, quote = 'USDT'): void => {
    ms = 0;
    steppedBy = 0;
    const symbolOf = (name: string) => symbolNamed(name, quote);
    guard = new TradingGuard({ ...DEFAULT_GUARD, ...options }, now(), symbolOf);
  };
  const take = (...events: GuardEvent[]): void => {
    for (const event of events) guard.apply(event, now());
  };
  const causes = (name: string | null = 'BTC') => guard.decide(name, now()).causes;
  /** Delivers a heartbeat and prices every 500 ms until a time, as from a healthy feed. */
  const run = (until: number, more: { readonly prices?: boolean } = {}): void => {
    while (ms < until) {
      ms = Math.min(ms + 500, until);
      take(heartbeat(ms));
      if (more.prices !== false) take(price(ms), ethPrice(ms));
    }
  };
  /** A guard that has allowed trading for a long time. */
  const allowed = (options: Partial<GuardOptions> = {}): void => {
    begin(options);
    run(10_000);
    expect(causes()).toEqual([]);
  };
  beforeEach(() => begin());

  describe('at the start', () => {
    it('halts until resumeAfterMs after the first heartbeat and the first price of the coin', () => {
      expect(guard.decide('BTC', now())).toEqual({
        state: 'halted',
        reason: 'nothing is known of BTC yet',
        causes: ['starting'],
        coin: 'BTC',
        price: null,
        at: START,
      });
      take(heartbeat(0));
      expect(causes('BTCUSDT')).toEqual(['starting']);
      take(price(0));
      expect(causes()).toEqual(['recovering']);
      ms = 999;
      expect(causes()).toEqual(['recovering']);
      ms = 1000;
      expect(guard.decide('BTC', now())).toEqual({
        state: 'allowed',
        reason: 'everything is healthy',
        causes: [],
        coin: 'BTC',
        price: price(0),
        at: START + 1000,
      });
    });

    it('halts while it has a price but no heartbeat', () => {
      take(price(0));
      expect(causes()).toEqual(['starting']);
    });

    it('accepts a symbol in place of a coin', () => {
      allowed();
      expect(causes('BTCUSDT')).toEqual([]);
      expect(causes('DOGE')).toEqual(['starting']);
    });

    it('resolves a coin in any letter case to the configured quote, unaffected by old prices in others', () => {
      begin({}, 'USDC');
      take(price(-86_400_000));
      for (; ms <= 2000; ms += 500)
        take(heartbeat(ms, { heartbeat: { symbols: ['BTCUSDC'] } }), price(ms, { symbol: 'BTCUSDC' }));
      expect(causes('BTC')).toEqual([]);
      expect(causes('btc')).toEqual([]);
      expect(guard.decide('btc', now()).coin).toBe('btc');
      expect(causes('BTCUSDT')).toEqual(['not_served', 'price_age']);
      expect(causes('ETH')).toEqual(['starting']);
    });
  });

  describe('records from before the start', () => {
    const recall = (past: Partial<TradingPast>): void =>
      guard.recall({ status: [], prices: [], gaps: [], ...past }, now());

    it('a past heartbeat, however recent, does not end the halt until the first live heartbeat', () => {
      recall({ status: [heartbeat(0)], prices: [price(0)] });
      take(price(0));
      expect(causes()).toEqual(['status_silent']);
      ms = 1000;
      expect(causes()).toEqual(['status_silent']);
      take(heartbeat(ms));
      expect(causes()).toEqual(['recovering']);
      ms = 2000;
      expect(causes()).toEqual([]);
    });

    it('a past price, however recent, is too old until the first live price, also in an idle market', () => {
      recall({
        status: [heartbeat(0), status('feed_stale', 0, { venue: 'bybit', cause: 'quiet_market' })],
        prices: [price(0)],
      });
      take(heartbeat(ms));
      expect(causes()).toEqual(['price_age']);
      take(price(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('a past price does not halt without a limit of its age', () => {
      begin({ maxPriceAgeMs: Number.POSITIVE_INFINITY });
      recall({ prices: [price(-86_400_000)] });
      take(heartbeat(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('a past trading_halted still halts', () => {
      recall({ status: [heartbeat(-10), status('trading_halted', 0, { reason: 'x' })], prices: [price(0)] });
      expect(causes()).toEqual(['status_silent', 'feed_halted', 'price_age']);
    });

    it('a past gap halts for gapHaltMs from the time of its report, however old the gap is', () => {
      recall({ gaps: [{ gap: gap(-70_000), reportedAt: START - 10_000 }] });
      run(49_999);
      expect(causes()).toEqual(['gap']);
      run(51_000);
      expect(causes()).toEqual([]);
      begin();
      recall({ gaps: [{ gap: gap(-70_000), reportedAt: START - 60_000 }] });
      run(10_000);
      expect(causes()).toEqual([]);
    });

    it('a past gap with a report time in the future halts no longer than gapHaltMs', () => {
      recall({ gaps: [{ gap: gap(0), reportedAt: START + 10_000 }] });
      run(61_000);
      expect(causes()).toEqual([]);
    });
  });

  describe('the price of a decision', () => {
    it('is the price that was judged; null before the first price and for all coins together', () => {
      expect(guard.decide('BTC', now()).price).toBeNull();
      allowed();
      const last = price(ms, { epoch: 3, venue: 'binance' });
      take(last, price(ms, { epoch: 2, price: '55' }));
      expect(guard.decide('BTC', now())).toMatchObject({ state: 'allowed', price: last });
      expect(guard.decide(null, now()).price).toBeNull();
    });
  });

  describe('the age of the price', () => {
    it('halts the coin in the millisecond when the price reaches maxPriceAgeMs', () => {
      allowed();
      run(14_999, { prices: false });
      expect(causes()).toEqual([]);
      run(15_000, { prices: false });
      expect(guard.decide('BTC', now())).toMatchObject({
        causes: ['price_age'],
        reason: 'the last price of BTCUSDT is older than 5000 ms',
      });
    });

    it('counts from received_at, not from the arrival at the client', () => {
      allowed();
      ms = 12_000;
      take(heartbeat(ms), price(7000));
      expect(causes()).toEqual(['price_age']);
    });

    it('ends its halt resumeAfterMs after a new price; another old price restarts the wait', () => {
      allowed();
      run(15_000, { prices: false });
      take(price(ms));
      expect(causes()).toEqual(['recovering']);
      ms += 500;
      take(price(ms - 5000));
      take(price(ms));
      ms += 999;
      expect(causes()).toEqual(['recovering']);
      ms += 1;
      expect(causes()).toEqual([]);
    });

    it('requires the wait of resumeAfterMs even after a halt that no caller asked about', () => {
      allowed();
      ms = 17_000;
      take(price(ms), heartbeat(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('halts neither another coin nor the decision for all coins', () => {
      allowed();
      for (let at = 10_500; at <= 15_000; at += 500) {
        ms = at;
        take(heartbeat(ms), ethPrice(ms));
      }
      expect(causes('BTC')).toEqual(['price_age']);
      expect(causes('ETH')).toEqual([]);
      expect(causes(null)).toEqual([]);
    });

    it('halts the decision for all coins when every coin is halted', () => {
      allowed();
      run(15_000, { prices: false });
      expect(guard.decide(null, now())).toMatchObject({
        state: 'halted',
        causes: ['price_age'],
        reason: 'the last price of BTCUSDT is older than 5000 ms (and 1 more)',
        coin: null,
      });
    });

    it('is not reset by a price of an earlier epoch', () => {
      allowed();
      take(price(ms, { epoch: 3, venue: 'binance' }));
      run(14_999, { prices: false });
      take(price(ms, { epoch: 2 }));
      ms = 15_000;
      take(heartbeat(ms));
      expect(causes()).toEqual(['price_age']);
    });
  });

  describe('a step of the wall clock', () => {
    it('halts at once if the clock is set back, and lets heartbeats and prices age from their arrival', () => {
      allowed();
      steppedBy = -3_600_000;
      ms = 12_999;
      expect(causes()).toEqual(['clock']);
      ms = 13_000;
      expect(causes()).toEqual(['status_silent', 'clock']);
      ms = 15_000;
      expect(causes()).toEqual(['status_silent', 'clock', 'price_age']);
    });

    it('halts while the clock is behind: old records that are stamped ahead of it are not fresh', () => {
      allowed();
      // The consumer is 50 s behind, and its clock is a minute behind.
      steppedBy = -60_000;
      for (const at of [61_000, 61_500, 62_000]) {
        ms = at;
        take(heartbeat(ms - 50_000), price(ms - 50_000));
        expect(causes()).toEqual(['clock']);
      }
      expect(guard.decide('BTC', now()).reason).toBe(
        "a heartbeat of the feed is stamped 10000 ms ahead of this machine's clock (and 1 more)",
      );
      steppedBy = 0;
      take(heartbeat(ms), price(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('halts for a heartbeat or a price that is stamped more than a second ahead', () => {
      for (const early of [() => heartbeat(ms + 1001), () => price(ms + 1001)]) {
        allowed();
        take(heartbeat(ms + 1000), price(ms + 1000));
        expect(causes()).toEqual([]);
        take(early());
        expect(causes()).toEqual(['clock']);
        ms += 1500;
        expect(causes()).toEqual(['clock']);
        take(heartbeat(ms), price(ms));
        expect(causes()).toEqual(['recovering']);
      }
    });

    it('makes heartbeats and prices too old after a step forward, until the clocks agree again', () => {
      allowed();
      steppedBy = 3_600_000;
      expect(causes()).toEqual(['status_silent', 'price_age']);
      run(12_000);
      expect(causes()).toEqual(['status_silent', 'price_age']);
      steppedBy = 0;
      run(13_000);
      expect(causes()).toEqual([]);
    });

    it("causes no halt if the feed's clock is set back: its next prices count", () => {
      allowed();
      for (let at = 10_500; at <= 20_000; at += 500) {
        ms = at;
        take(heartbeat(ms), price(ms - 2000));
        expect(causes()).toEqual([]);
      }
    });
  });

  describe('an idle market (quiet_market)', () => {
    const quiet = (fields = {}) => status('feed_stale', ms, { venue: 'bybit', cause: 'quiet_market', ...fields });

    it('excuses an old price at the idle venue until feed_recovered', () => {
      allowed();
      run(14_900, { prices: false });
      take(quiet());
      run(60_000, { prices: false });
      expect(causes()).toEqual([]);
      take(status('feed_recovered', ms, { venue: 'bybit' }));
      expect(causes()).toEqual(['price_age']);
    });

    it('excuses a price for at most maxIdleMs', () => {
      allowed({ maxIdleMs: 60_000 });
      run(14_900, { prices: false });
      take(quiet());
      run(69_999, { prices: false });
      expect(causes()).toEqual([]);
      run(70_000, { prices: false });
      expect(guard.decide('BTC', now())).toMatchObject({
        causes: ['price_age'],
        reason: 'the last price of BTCUSDT is older than 60000 ms',
      });
    });

    it('never shortens maxPriceAgeMs', () => {
      allowed({ maxIdleMs: 1000, maxPriceAgeMs: Number.POSITIVE_INFINITY });
      take(quiet());
      run(70_000, { prices: false });
      expect(causes()).toEqual([]);
    });

    it('does not excuse an old price of another coin if only one coin is idle', () => {
      allowed();
      take(quiet({ coin: 'BTC', symbol: 'BTCUSDT', cause: 'quiet_market' }));
      run(30_000, { prices: false });
      expect(causes('BTC')).toEqual([]);
      expect(causes('ETH')).toEqual(['price_age']);
    });

    it('does not count if reported for one line, for another venue, or by an instance without symbols', () => {
      allowed();
      take(quiet({ cause: 'quiet_market', line: 1 }));
      take(quiet({ venue: 'binance' }));
      take(quiet({ instance: 'elsewhere', sequence: 1 }));
      run(15_000, { prices: false });
      expect(causes()).toEqual(['price_age']);
    });

    it('ends with subscription_mute or any price of the venue, and does not excuse missing heartbeats', () => {
      for (const end of [
        () => take(status('feed_stale', ms, { venue: 'bybit', cause: 'subscription_mute' })),
        () => take(ethPrice(ms)),
      ]) {
        allowed();
        take(quiet());
        run(30_000, { prices: false });
        expect(causes()).toEqual([]);
        end();
        expect(causes()).toEqual(['price_age']);
      }
      allowed();
      take(quiet());
      ms = 13_000;
      expect(causes()).toEqual(['status_silent']);
    });
  });

  describe('status records of the feed', () => {
    it('trading_halted halts at once, and trading_resumed allows trading after resumeAfterMs', () => {
      allowed();
      take(status('trading_halted', ms, { reason: 'venue: bybit is not connected' }));
      expect(guard.decide('BTC', now())).toMatchObject({
        causes: ['feed_halted'],
        reason: 'the feed halted trading: venue: bybit is not connected',
      });
      ms += 100;
      take(status('trading_resumed', ms));
      expect(causes()).toEqual(['recovering']);
      ms += 1000;
      expect(causes()).toEqual([]);
    });

    it('a heartbeat halts if its trading field is "halted" or an unknown value', () => {
      allowed();
      take(heartbeat(ms, { heartbeat: { trading: 'halted' } }));
      expect(causes()).toEqual(['feed_halted']);
      allowed();
      take(heartbeat(ms, { heartbeat: { trading: 'perhaps' } }));
      expect(causes()).toEqual(['feed_halted']);
    });

    it('the age of a price counts from its event: the event lag of its venue shortens the limit', () => {
      allowed({ maxPriceAgeMs: 2500 });
      const lag = (eventLagMs: number) => ({ venue: 'bybit', ageMs: 10, clockOffsetMs: 0, eventLagMs });
      take(heartbeat(ms, { heartbeat: { venueAges: [lag(2400)] } }));
      expect(causes()).toEqual([]);
      take(heartbeat(ms, { heartbeat: { venueAges: [lag(2500)] } }));
      expect(causes()).toEqual(['price_age']);
    });

    it('a heartbeat halts the symbols that it lists as halted, and no others', () => {
      allowed();
      take(heartbeat(ms, { heartbeat: { halted: ['ETHUSDT', 'SOLUSDT'] } }));
      expect(causes('BTC')).toEqual([]);
      expect(causes('ETH')).toEqual(['coin_halted']);
      take(heartbeat(ms));
      expect(causes('ETH')).toEqual(['recovering']);
    });

    it('a heartbeat names the symbols whose instrument does not trade', () => {
      allowed();
      take(heartbeat(ms, { heartbeat: { halted: ['ETHUSDT'], haltedInstruments: ['ETHUSDT'] } }));
      expect([causes('BTC'), causes('ETH')]).toEqual([[], ['instrument_halted']]);
      take(heartbeat(ms));
      expect(causes('ETH')).toEqual(['recovering']);
    });

    it('instrument_halted halts a symbol until feed_recovered, but only at the venue of its price', () => {
      allowed();
      const coin = { coin: 'BTC', symbol: 'BTCUSDT' };
      take(status('instrument_halted', ms, { venue: 'binance', ...coin, cause: 'halted' }));
      expect(causes()).toEqual([]);
      take(status('instrument_halted', ms, { venue: 'bybit', ...coin, cause: 'closed' }));
      expect(causes()).toEqual(['instrument_halted']);
      take(status('feed_recovered', ms, { venue: 'bybit', ...coin }));
      expect(causes()).toEqual(['recovering']);
    });

    it('price_disputed halts a symbol until a heartbeat no longer names it, whatever else recovers', () => {
      allowed();
      const coin = { venue: 'bybit', coin: 'BTC', symbol: 'BTCUSDT' };
      const disputed = { halted: ['BTCUSDT'], disputedPrices: ['BTCUSDT'] };
      take(status('price_disputed', ms, coin));
      expect([causes('BTC'), causes('ETH')]).toEqual([['price_disputed'], []]);
      take(status('feed_recovered', ms, coin));
      expect(causes()).toEqual(['price_disputed']);
      take(heartbeat(ms, { heartbeat: disputed }));
      take(status('feed_recovered', ms, { ...coin, cause: 'price_disputed' }));
      expect(causes()).toEqual(['price_disputed']);
      take(heartbeat(ms, { heartbeat: { ...disputed, haltedInstruments: ['BTCUSDT'] } }));
      expect(causes()).toEqual(['instrument_halted']);
      take(heartbeat(ms, { heartbeat: { halted: ['BTCUSDT'] } }));
      expect(causes()).toEqual(['coin_halted']);
      take(heartbeat(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('a stale order book halts its symbol if requireBooks is set, and not otherwise', () => {
      allowed({ requireBooks: true });
      take(heartbeat(ms, { heartbeat: { staleBooks: ['ETHUSDT'] } }));
      expect(causes('BTC')).toEqual([]);
      expect(causes('ETH')).toEqual(['book_stale']);
      take(heartbeat(ms));
      expect(causes('ETH')).toEqual(['recovering']);
      allowed();
      take(heartbeat(ms, { heartbeat: { staleBooks: ['ETHUSDT'] } }));
      expect(causes('ETH')).toEqual([]);
    });

    it('feed_stale of a symbol halts it until feed_recovered, but only at the venue of its price', () => {
      allowed();
      const coin = { coin: 'BTC', symbol: 'BTCUSDT', cause: 'subscription_mute' };
      take(status('feed_stale', ms, { venue: 'binance', ...coin }));
      take(status('feed_stale', ms, { venue: 'bybit', line: 1, ...coin }));
      expect(causes()).toEqual([]);
      take(status('feed_stale', ms, { venue: 'bybit', ...coin }));
      take(status('feed_recovered', ms, { venue: 'bybit', line: 1, ...coin }));
      expect(causes()).toEqual(['coin_halted']);
      take(status('feed_recovered', ms, { venue: 'bybit', ...coin }));
      expect(causes()).toEqual(['recovering']);
    });

    it('stopped halts, until a heartbeat of another instance names the symbol', () => {
      allowed();
      take(status('stopped', ms));
      expect(causes()).toEqual(['feed_stopped']);
      take(heartbeat(ms, { instance: 'two', sequence: 1, heartbeat: { symbols: ['BTCUSDT'] } }));
      expect(causes('BTC')).toEqual(['recovering']);
      expect(causes('ETH')).toEqual(['feed_stopped']);
    });
  });

  describe('missing heartbeats', () => {
    it('halt when the last heartbeat is statusSilenceMs old by its own timestamp', () => {
      allowed();
      ms = 12_000;
      take(heartbeat(10_500), price(ms));
      ms = 13_499;
      expect(causes()).toEqual([]);
      ms = 13_500;
      expect(causes()).toEqual(['status_silent']);
    });

    it('halt despite other status records of the feed', () => {
      allowed();
      ms = 13_000;
      take(status('connected', ms, { venue: 'bybit' }));
      expect(causes()).toEqual(['status_silent']);
    });

    it('halt despite an old heartbeat that arrives late or twice', () => {
      allowed();
      const early = heartbeat(10_000);
      ms = 13_000;
      take(heartbeat(10_000), price(ms));
      expect(causes()).toEqual(['status_silent']);
      take(heartbeat(ms));
      ms = 15_900;
      take(early, price(ms));
      ms = 16_000;
      expect(causes()).toEqual(['status_silent']);
    });

    it('halt only the symbols of the missing instance when several instances share the symbols', () => {
      begin();
      for (; ms <= 10_000; ms += 500) {
        take(heartbeat(ms, { instance: 'a', sequence: ms + 1, heartbeat: { symbols: ['BTCUSDT'] } }), price(ms));
        take(heartbeat(ms, { instance: 'b', sequence: ms + 1, heartbeat: { symbols: ['ETHUSDT'] } }), ethPrice(ms));
      }
      for (; ms <= 13_000; ms += 500) {
        take(
          heartbeat(ms, { instance: 'b', sequence: ms + 1, heartbeat: { symbols: ['ETHUSDT'] } }),
          ethPrice(ms),
          price(ms),
        );
      }
      ms = 13_000;
      expect(causes('BTC')).toEqual(['status_silent']);
      expect(causes('ETH')).toEqual([]);
      expect(causes(null)).toEqual([]);
      take(heartbeat(ms, { instance: 'b', sequence: ms + 2, heartbeat: { symbols: ['ETHUSDT', 'BTCUSDT'] } }));
      expect(causes('BTC')).toEqual(['recovering']);
    });

    it('halt a symbol as not_served when its instance stops naming it', () => {
      allowed();
      take(heartbeat(ms, { heartbeat: { symbols: ['ETHUSDT'] } }));
      expect(causes('BTC')).toEqual(['not_served']);
      expect(causes('ETH')).toEqual([]);
    });

    it('halt a symbol as not_served when it has prices but no heartbeat names it', () => {
      allowed();
      take(price(ms, { coin: 'XRP', symbol: 'XRPUSDT' }));
      expect(causes('XRP')).toEqual(['not_served']);
    });
  });

  describe('test data', () => {
    it('halts for a test price, a test feed or an active testnet venue, unless allowTestData is set', () => {
      for (const event of [
        () => price(ms, { environment: 'replay' }),
        () => heartbeat(ms, { environment: 'simulated' }),
        () => heartbeat(ms, { activeVenue: 'binance_testnet' }),
      ]) {
        allowed();
        take(event());
        expect(causes()).toEqual(['test_data']);
        allowed({ allowTestData: true });
        take(event());
        expect(causes()).toEqual([]);
      }
    });

    it('halts with the environment in the reason', () => {
      allowed();
      take(price(ms, { environment: 'testnet' }));
      expect(guard.decide('BTC', now()).reason).toBe('the data is testnet');
    });
  });

  describe('a switch to another venue or feed instance', () => {
    const switched = (fields = {}) =>
      status('failed_over', ms, { venue: 'binance', activeVenue: 'binance', ...fields });

    it('halts until the first price of the new venue, and ignores prices of the previous venue', () => {
      allowed();
      ms = 10_200;
      take(switched());
      expect(guard.decide('BTC', now())).toMatchObject({
        causes: ['venue_changed'],
        reason: 'no price of BTCUSDT at binance yet',
      });
      take(price(10_100));
      expect(causes()).toEqual(['venue_changed']);
      take(price(10_100, { venue: 'binance', epoch: 2 }));
      expect(causes()).toEqual(['recovering']);
    });

    it('does not halt if the price of the new venue arrives before the record of the switch', () => {
      allowed();
      ms = 10_200;
      take(price(ms, { venue: 'binance', epoch: 2 }), ethPrice(ms, { venue: 'binance', epoch: 2 }), switched());
      expect(causes()).toEqual([]);
    });

    it('halts for a heartbeat with another active venue, if the record of the switch comes too late', () => {
      allowed();
      ms = 10_200;
      const late = switched({ timestamp: START + 10_100 });
      take(heartbeat(ms, { activeVenue: 'binance' }), late);
      expect(causes()).toEqual(['venue_changed']);
      take(price(10_100, { venue: 'binance', epoch: 2 }));
      expect(causes()).toEqual(['recovering']);
      // The next heartbeats report no further change.
      take(heartbeat(ms, { activeVenue: 'binance' }));
      ms = 11_200;
      expect(causes()).toEqual([]);
    });

    it('does not halt when an instance that had no active venue gets one', () => {
      allowed();
      take(heartbeat(ms, { activeVenue: null }));
      ms = 10_200;
      take(heartbeat(ms, { activeVenue: 'binance' }));
      expect(causes()).toEqual([]);
    });

    it('lets a symbol that stays at its venue recover with its next price', () => {
      allowed();
      ms = 10_200;
      take(switched());
      ms = 10_300;
      take(price(ms));
      expect(causes()).toEqual(['recovering']);
    });

    it('halts if a restarted feed is at another venue, with or without a failed_over record', () => {
      for (const isReported of [true, false]) {
        allowed();
        const two = { instance: 'two', activeVenue: 'binance' };
        if (isReported) take(switched({ ...two, sequence: 1 }));
        ms = 10_200;
        take(heartbeat(ms, { ...two, sequence: 2 }));
        expect(guard.decide('BTC', now())).toMatchObject({
          causes: ['venue_changed'],
          reason: 'no price of BTCUSDT at binance yet',
        });
        take(price(10_100, { venue: 'binance', epoch: 2 }));
        expect(causes()).toEqual(['recovering']);
      }
    });

    it('does not halt if a restarted feed is at the same venue or has no active venue', () => {
      for (const activeVenue of ['bybit', null]) {
        allowed();
        take(heartbeat(ms, { instance: 'two', sequence: 1, activeVenue }));
        expect(causes()).toEqual([]);
      }
    });

    it('accepts lower epochs of a restarted feed, but no late prices of the previous instance', () => {
      allowed();
      take(price(ms, { epoch: 7 }));
      const beat = (at: number): void => {
        ms = at;
        take(heartbeat(ms, { instance: 'two', sequence: ms }));
      };
      beat(10_200);
      // Late records of the previous instance.
      take(price(10_150, { epoch: 3 }), price(10_150, { epoch: 7 }));
      take(price(10_200, { epoch: 2 }));
      for (const at of [12_000, 14_000, 15_199]) beat(at);
      expect(causes()).toEqual([]);
      // From here on, a lower epoch is ignored again.
      take(price(ms, { epoch: 1 }));
      beat(15_200);
      expect(causes()).toEqual(['price_age']);
    });

    it('halts only the symbol that switched', () => {
      allowed();
      take(switched({ coin: 'BTC', symbol: 'BTCUSDT', timestamp: START + ms + 1 }));
      expect(causes('BTC')).toEqual(['venue_changed']);
      expect(causes('ETH')).toEqual([]);
    });
  });

  describe('a gap', () => {
    it('halts the symbol for gapHaltMs from its report, unless it is repaired', () => {
      allowed();
      take(gap(9000, { outcome: 'repaired' }));
      expect(causes()).toEqual([]);
      for (const outcome of ['unrepaired', 'unknown'] as const) {
        allowed();
        take(gap(2000, { outcome }));
        run(69_999);
        expect(causes('BTC')).toEqual(['gap']);
        expect(causes('ETH')).toEqual([]);
        ms = 70_000;
        expect(causes('BTC')).toEqual(['recovering']);
        ms = 71_000;
        take(heartbeat(ms), price(ms));
        expect(causes('BTC')).toEqual([]);
      }
    });

    it('halts for gapHaltMs from its report even if it ended before the consumer started', () => {
      allowed();
      take(gap(-86_400_000));
      run(69_999);
      expect(causes()).toEqual(['gap']);
      run(71_000);
      expect(causes()).toEqual([]);
    });

    it('extends the halt of an earlier gap, and never shortens it', () => {
      allowed();
      take(gap(10_000));
      run(30_000);
      take(gap(30_000), gap(-50_000));
      run(89_999);
      expect(causes()).toEqual(['gap']);
      run(91_000);
      expect(causes()).toEqual([]);
    });
  });

  describe('lag', () => {
    it('halts all coins while it is above maxLagMs', () => {
      allowed();
      take({ kind: 'lag', lagMs: 2000 });
      expect(causes()).toEqual([]);
      take({ kind: 'lag', lagMs: 2000.4 });
      expect(guard.decide(null, now())).toMatchObject({ causes: ['lag'], reason: 'this consumer is 2000 ms behind' });
      take({ kind: 'lag', lagMs: 0 });
      expect(causes()).toEqual(['recovering']);
    });

    it('grows by itself from 1 s after its last report, unless its measurement has ended', () => {
      allowed();
      take({ kind: 'lag', lagMs: 500 });
      run(12_500);
      expect(causes()).toEqual([]);
      ms += 1;
      expect(guard.decide('BTC', now()).reason).toBe('this consumer is 2001 ms behind');
      allowed();
      take({ kind: 'lag', lagMs: 500 }, { kind: 'lag_over' });
      run(60_000);
      expect(causes()).toEqual([]);
    });
  });

  it('reports all causes in a fixed order', () => {
    allowed();
    ms = 20_000;
    take({ kind: 'lag', lagMs: 9000 }, gap(20_000), status('trading_halted', ms, { reason: 'x' }));
    expect(guard.decide('BTC', now())).toMatchObject({
      causes: ['status_silent', 'feed_halted', 'price_age', 'gap', 'lag'],
      reason:
        'no heartbeat of the feed for 3000 ms; the feed halted trading: x; ' +
        'the last price of BTCUSDT is older than 5000 ms; trades of BTCUSDT are missing; this consumer is 9000 ms behind',
    });
  });

  it('stays halted after the end of its input', () => {
    allowed();
    take({ kind: 'ended' });
    run(20_000);
    expect(causes()).toEqual(['ended']);
    expect(causes('DOGE')).toEqual(['ended']);
  });
});
