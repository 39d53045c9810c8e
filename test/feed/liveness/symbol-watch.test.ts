import { beforeEach, describe, expect, it } from 'vitest';
import { SymbolWatch, type SymbolWatchOptions } from '../../../src/feed/liveness/symbol-watch.ts';

const btc = { coin: 'BTC', symbol: 'BTCUSDT', venueSymbol: 'BTCUSDT' };
const eth = { coin: 'ETH', symbol: 'ETHUSDT', venueSymbol: 'ETHUSDT' };

let reported: string[];
let idle: boolean;

function watch(): SymbolWatch {
  const options: SymbolWatchOptions = {
    venue: 'bybit',
    tradesWanted: true,
    coinStaleAfterMs: 30_000,
    staleAfterMs: 5000,
    failBackAfterMs: 10_000,
    isIdle: () => idle,
    resubscribeEveryMs: 60_000,
    resubscribe: (symbol, what) => reported.push(`resubscribe ${what === 'all' ? '' : `${what} of `}${symbol}`),
    onHaltedTrade: () => reported.push('trade of a halted coin'),
    report: (event) =>
      reported.push(
        event.kind === 'serves'
          ? `${event.symbol} ${event.serves ? 'served' : 'not served'}`
          : `${event.note.state} ${event.note.coin} ${event.note.cause ?? ''}`.trim(),
      ),
  };
  const coins = new SymbolWatch(options);
  coins.add(btc, 0);
  coins.add(eth, 0);
  return coins;
}

/** Sweeps once a second, as the feed does. ETH has data all the time. */
function pass(coins: SymbolWatch, fromSecond: number, toSecond: number): void {
  for (let second = fromSecond; second <= toSecond; second++) {
    coins.seen(coins.of('ETHUSDT'), second * 1000, false);
    coins.sweep(second * 1000);
  }
}

describe('SymbolWatch', () => {
  beforeEach(() => {
    reported = [];
    idle = false;
  });

  it('reports nothing about coins that have events', () => {
    const coins = watch();
    for (let second = 0; second < 100; second++) {
      coins.seen(coins.of('BTCUSDT'), second * 1000, false);
      pass(coins, second, second);
    }
    expect(reported).toEqual([]);
  });

  it('expects nothing of a halted coin, and serves it again once it has delivered for a while after the halt', () => {
    const coins = watch();
    coins.halt('BTCUSDT');
    pass(coins, 1, 300);
    expect(reported).toEqual(['BTCUSDT not served']);
    coins.seen(coins.of('BTCUSDT'), 300_500, false);
    coins.seen(coins.of('BTCUSDT'), 300_600, true);
    coins.resume('BTCUSDT', 301_000);
    pass(coins, 301, 330);
    expect(reported.slice(1)).toEqual(['trade of a halted coin']);
    coins.seen(coins.of('BTCUSDT'), 330_500, true);
    pass(coins, 331, 341);
    coins.seen(coins.of('BTCUSDT'), 341_500, true);
    expect(reported.slice(2)).toEqual(['BTCUSDT served']);
    pass(coins, 342, 372);
    expect(reported.slice(3)).toEqual(['feed_stale BTC subscription_mute', 'resubscribe BTCUSDT']);
  });

  it('reports a stale coin, subscribes it again once, and stops serving it if that does not help', () => {
    const coins = watch();
    pass(coins, 1, 34);
    expect(reported).toEqual(['feed_stale BTC subscription_mute', 'resubscribe BTCUSDT']);
    pass(coins, 35, 89);
    expect(reported.slice(2)).toEqual(['BTCUSDT not served']);
  });

  it('does not take a snapshot for data: a venue may answer a subscription with one although nothing else comes', () => {
    const coins = watch();
    pass(coins, 1, 30);
    expect(reported).toEqual(['feed_stale BTC subscription_mute', 'resubscribe BTCUSDT']);
    coins.seen(coins.of('BTCUSDT'), 30_100, false);
    pass(coins, 31, 35);
    expect(reported.slice(2)).toEqual(['BTCUSDT not served']);
    coins.seen(coins.of('BTCUSDT'), 35_100, false);
    expect(reported.slice(3)).toEqual(['feed_recovered BTC']);
  });

  it('does not take a snapshot for data if the acknowledgement comes late', () => {
    const coins = watch();
    pass(coins, 1, 32);
    coins.acknowledged('BTCUSDT', 32_500);
    coins.seen(coins.of('BTCUSDT'), 32_600, false);
    pass(coins, 33, 35);
    expect(reported.slice(2)).toEqual(['BTCUSDT not served']);
  });

  it('takes a trade for data as soon as it comes', () => {
    const coins = watch();
    pass(coins, 1, 30);
    coins.seen(coins.of('BTCUSDT'), 30_100, true);
    expect(reported.slice(2)).toEqual(['feed_recovered BTC']);
  });

  it('subscribes a stale coin again every minute', () => {
    const coins = watch();
    pass(coins, 1, 300);
    expect(reported.filter((what) => what === 'resubscribe BTCUSDT')).toHaveLength(5);
    expect(reported.filter((what) => what === 'BTCUSDT not served')).toHaveLength(1);
  });

  describe('a coin that the venue refuses', () => {
    const alive = (coins: SymbolWatch, from: number, to: number, isTrade: boolean): void => {
      for (let second = from; second <= to; second++) {
        coins.seen(coins.of('BTCUSDT'), second * 1000, isTrade);
        pass(coins, second, second);
      }
    };

    it('is not served, becomes stale and is not subscribed again, even if its other data come', () => {
      const coins = watch();
      coins.refuse('BTCUSDT', 1000);
      coins.refuse('BTCUSDT', 1000);
      alive(coins, 1, 200, false);
      expect(reported).toEqual(['BTCUSDT not served', 'feed_stale BTC subscription_mute']);
    });

    it('is served again after it has delivered for the failback time since its acknowledgement', () => {
      const coins = watch();
      coins.refuse('BTCUSDT', 1000);
      alive(coins, 1, 40, false);
      coins.acknowledged('BTCUSDT', 40_000);
      reported = [];
      alive(coins, 41, 49, true);
      expect(reported).toEqual(['feed_recovered BTC']);
      alive(coins, 50, 51, true);
      expect(reported.slice(1)).toEqual(['BTCUSDT served']);
    });

    it('is not served again if its trades stop before the failback time is over', () => {
      const coins = watch();
      coins.refuse('BTCUSDT', 1000);
      coins.acknowledged('BTCUSDT', 2000);
      alive(coins, 3, 4, true);
      coins.priced(coins.of('BTCUSDT'), '1', 5000);
      coins.priced(coins.of('BTCUSDT'), '2', 10_000);
      coins.priced(coins.of('BTCUSDT'), '3', 11_000);
      alive(coins, 11, 60, false);
      expect(reported.filter((what) => what.endsWith('served'))).not.toContain('BTCUSDT served');
    });

    it('is not served again if it stays without data after its acknowledgement', () => {
      const coins = watch();
      coins.refuse('BTCUSDT', 1000);
      coins.acknowledged('BTCUSDT', 2000);
      pass(coins, 3, 100);
      expect(reported.filter((what) => what.endsWith('served'))).not.toContain('BTCUSDT served');
    });
  });

  it('serves a stale coin again after it has delivered for the failback time', () => {
    const coins = watch();
    pass(coins, 1, 40);
    reported = [];
    for (let second = 41; second <= 52; second++) {
      coins.seen(coins.of('BTCUSDT'), second * 1000, true);
      pass(coins, second, second);
    }
    expect(reported).toEqual(['feed_recovered BTC', 'BTCUSDT served']);
  });

  it('serves a coin again only with a trade, not while its trades are silent', () => {
    const coins = watch();
    pass(coins, 1, 40);
    coins.seen(coins.of('BTCUSDT'), 41_000, true);
    reported = [];
    pass(coins, 42, 65);
    coins.seen(coins.of('BTCUSDT'), 65_500, false);
    expect(reported).toEqual([]);
    coins.seen(coins.of('BTCUSDT'), 66_000, true);
    expect(reported).toEqual(['BTCUSDT served']);
  });

  it('reports the recovery if a new subscription helps, and starts over when the coin is stale again', () => {
    const coins = watch();
    pass(coins, 1, 31);
    coins.seen(coins.of('BTCUSDT'), 32_000, false);
    pass(coins, 33, 61);
    expect(reported).toEqual(['feed_stale BTC subscription_mute', 'resubscribe BTCUSDT', 'feed_recovered BTC']);
    pass(coins, 62, 62);
    expect(reported.slice(3)).toEqual(['feed_stale BTC subscription_mute', 'resubscribe BTCUSDT']);
  });

  describe('a coin whose price moves without a trade', () => {
    /** One event of BTC each second, from the characters: `t` a trade, `-` none, otherwise a ticker with this price. */
    const play = (coins: SymbolWatch, fromSecond: number, events: string): void => {
      [...events].forEach((event, index) => {
        const now = (fromSecond + index) * 1000;
        if (event !== 't' && event !== '-') coins.priced(coins.of('BTCUSDT'), event, now);
        coins.seen(coins.of('BTCUSDT'), now, event === 't');
        pass(coins, fromSecond + index, fromSecond + index);
      });
    };
    const steady = (seconds: number): string => '-'.repeat(seconds);

    it('becomes stale after the second new price until it trades, even if other events come', () => {
      const coins = watch();
      play(coins, 1, `1t2t3${steady(5)}45${steady(29)}`);
      expect(reported).toEqual([]);
      play(coins, 42, `6${steady(10)}`);
      expect(reported).toEqual(['feed_stale BTC channel_mute', 'resubscribe trades of BTCUSDT', 'BTCUSDT not served']);
      play(coins, 53, `7${steady(20)}t${steady(11)}t`);
      expect(reported.slice(3)).toEqual(['feed_recovered BTC', 'BTCUSDT served']);
    });

    it('is not stale after one new price before and one new price after a new subscription', () => {
      const coins = watch();
      play(coins, 1, `1t${steady(8)}2`);
      coins.acknowledged('BTCUSDT', 12_000);
      play(coins, 13, `${steady(8)}3${steady(60)}`);
      expect(reported).toEqual([]);
    });

    it('is not stale after one new price, nor after new prices just after the last trade', () => {
      const coins = watch();
      play(coins, 1, `1t2345${steady(50)}6${steady(50)}66${steady(50)}`);
      expect(reported).toEqual([]);
    });
  });

  it('does not subscribe an idle coin again until it trades at another venue', () => {
    idle = true;
    const coins = watch();
    pass(coins, 1, 50);
    expect(reported).toEqual(['feed_stale BTC quiet_market']);
    idle = false;
    pass(coins, 51, 60);
    expect(reported.slice(1)).toEqual([
      'feed_stale BTC subscription_mute',
      'resubscribe BTCUSDT',
      'BTCUSDT not served',
    ]);
  });
});
