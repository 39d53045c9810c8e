import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { MarketFeed } from '../../src/runtime/market-feed.ts';
import type { MarketFeedOptions } from '../../src/runtime/market-feed-options.ts';

const made = (coins: unknown, options: unknown = {}) =>
  new MarketFeed(coins as readonly string[], options as MarketFeedOptions);

/** With and without a configuration of the caller's. */
const CONFIGS = [{}, { config: loadConfig({ values: { coins: ['BTC'] } }) }];

describe('MarketFeed', () => {
  it.each(CONFIGS)('names a refused value that is no coin or symbol of its quote: %#', async (options) => {
    const allowed = 'allowed: a coin or its symbol against USDT, such as BTC or BTCUSDT';
    expect(() => made(['BTC', 'BTCUSD'], options)).toThrow(`MarketFeed: found "BTCUSD", ${allowed}`);
    expect(() => made([7], options)).toThrow(`MarketFeed: found 7, ${allowed}`);
    expect(() => made('BTC', options)).toThrow('MarketFeed: found "BTC", allowed: a list of coins');
    expect(() => made([], options)).toThrow(
      new TypeError("MarketFeed: found [], allowed: a list of coins, such as ['BTC']"),
    );
    const feed = made(['BTC'], options);
    expect(() => feed.getPrice(undefined as unknown as string)).toThrow('MarketFeed: found nothing, allowed: a coin');
    await expect(feed.add('BTC/USDT')).rejects.toThrow(`MarketFeed: found "BTC/USDT", ${allowed}`);
    await expect(feed.remove('ETHBTCUSD')).rejects.toThrow(`MarketFeed: found "ETHBTCUSD", ${allowed}`);
    expect(feed.getPrice('BTC/USDT')).toBeUndefined();
    await feed.close();
  });

  it.each(CONFIGS)('refuses options that it does not have, and venues that do not exist: %#', (options) => {
    const venues = 'bybit, binance, binance_us, binance_testnet';
    const refused: readonly (readonly [options: object, message: string])[] = [
      [
        { exchanges: ['bybit'] },
        'no option exchanges (did you mean exchange?); there are venue, exchange, venues, quote, channels, config',
      ],
      [{ exchange: 'kraken' }, `exchange is "kraken", allowed: one of ${venues}`],
      [{ venue: 'kraken' }, `venue is "kraken", allowed: one of ${venues}`],
      [{ venues: ['bybit', 'kraken'] }, `venues is ["bybit","kraken"], allowed: any of ${venues}`],
      [{ channels: ['trades'] }, 'channels is ["trades"], allowed: any of trade, '],
      [{ quote: 7 }, 'quote is 7, allowed: a text'],
    ];
    for (const [given, message] of refused)
      expect(() => made(['BTC'], { ...options, ...given })).toThrow(`MarketFeed: ${message}`);
  });

  it('connect rejects after timeoutMs, on the abort of its signal, and after close', async () => {
    const refusing = { websocket_urls: ['ws://127.0.0.1:1'], rest_urls: ['http://127.0.0.1:1'] };
    const config = loadConfig({ values: { coins: ['BTC'], feed: { venues: ['bybit'] }, venues: { bybit: refusing } } });
    const feed = made(['BTC'], { config });
    const late = feed.connect({ timeoutMs: 200 });
    await expect(late).rejects.toThrow(/^MarketFeed: no data within 200 ms \(bybit: .+\)$/);
    await expect(late).rejects.toMatchObject({ name: 'Fault', kind: 'connect_timeout' });
    const abort = new AbortController();
    const aborted = feed.connect({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(feed.connect({ signal: abort.signal })).rejects.toThrow('enough');
    const wrong: object = { timeout: 5 };
    await expect(feed.connect(wrong)).rejects.toThrow('connect: no option timeout (did you mean timeoutMs?)');
    const open = feed.connect();
    await feed[Symbol.asyncDispose]();
    await expect(open).rejects.toThrow('MarketFeed: the feed was closed before any data came');
    await expect(feed.connect()).rejects.toThrow('MarketFeed: the feed is closed');
  });

  it('refuses a venue together with another exchange', () => {
    expect(() => made(['BTC'], { venue: 'bybit', exchange: 'binance' })).toThrow(
      'MarketFeed: found venue bybit and exchange binance, allowed: one of them',
    );
  });
});
